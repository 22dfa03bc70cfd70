import { describeProblem, InputError, shownProblem, type Problem } from '../../src/errors.js'

/** What came of an input: a value, or everything that is wrong with it. */
export type Outcome<T> = { readonly value: T } | { readonly problems: readonly Problem[] }

/**
 * Runs what reads an input.
 * @throws what is neither a value nor a refusal that helps a user
 */
export async function outcomeOf<T>(read: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await read() }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    if (error.problems.length === 0) throw new Error('the refusal names no problem', { cause: error })
    for (const problem of error.problems) requireHelpful(problem)
    return { problems: error.problems }
  } finally {
    requireUnpolluted()
  }
}

/** Longest line about one problem: a value of 200 characters, what is wrong with it, and what is right. */
const longestProblem = 1_500

/** What stands for passwords and tokens in generated inputs. */
const secret = 's3cret'

/** A problem names the input, says something, shows no secret, and is not longer than a terminal shows. */
export function requireHelpful(problem: Problem): void {
  const line = describeProblem(problem)
  const shown = `${line.slice(0, 300)}…`
  const json = JSON.stringify(shownProblem(problem))
  if (`${line}${json}`.includes(secret)) throw new Error(`a secret is shown: ${shown} ${json}`)
  if (problem.input.trim() === '') throw new Error(`no input is named: ${shown}`)
  if (problem.message.trim().length < 10) throw new Error(`nothing is said: ${shown}`)
  if (line.length > longestProblem) throw new Error(`${String(line.length)} characters are too long: ${shown}`)
  if (/\[object \w+\]|^(undefined|null)\b/.test(problem.message)) throw new Error(`not for people: ${shown}`)
}

/** Longest text about a file or an answer that cannot be read. */
export const longestTrouble = 400

/** Errors of the language: somebody used a value without looking at it. */
const faults = [TypeError, RangeError, ReferenceError, EvalError, URIError]

/** Runs a parser that throws an error of its own for what it cannot read. */
export function valueOrError<T>(read: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: read() }
  } catch (error) {
    if (!(error instanceof Error) || faults.some((fault) => error instanceof fault)) throw error
    if (error.message.trim() === '' || error.message.length > longestTrouble) {
      throw new Error(`the error is not for people: ${error.message}`, { cause: error })
    }
    return { error }
  } finally {
    requireUnpolluted()
  }
}

/** A key `__proto__` must never change what all objects have. */
function requireUnpolluted(): void {
  for (const prototype of [Object.prototype, Array.prototype, Map.prototype]) {
    if ('polluted' in prototype) {
      Reflect.deleteProperty(prototype, 'polluted')
      throw new Error('a prototype has got a property')
    }
  }
}
