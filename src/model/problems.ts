import { InputError, messageOf, type Problem } from '../errors.js'

/** Collects what is wrong, so that a user learns all of it at once. */
export class Problems {
  readonly found: Problem[] = []
  readonly #byInput = new Map<string, Problem[]>()
  readonly #files = new Map<string, string>()

  /** The value of an input is the content of a file: problems with the whole of it show the file's name instead. */
  isContentOf(input: string, file: string): void {
    this.#files.set(input, file)
  }

  /** A problem that several clusters have with what they share is told once. */
  add(input: string, given: unknown, message: string): void {
    const value = this.#files.get(input) ?? given
    const known = this.#byInput.get(input) ?? []
    if (known.some((other) => other.message === message && Object.is(other.value, value))) return
    const problem = { input, value, message }
    this.#byInput.set(input, [...known, problem])
    this.found.push(problem)
  }

  /** Runs a parser; what it throws becomes a problem. */
  attempt<T>(input: string, value: unknown, parse: () => T): T | undefined {
    try {
      return parse()
    } catch (error) {
      this.add(input, value, messageOf(error))
      return undefined
    }
  }

  /** @throws {InputError} when anything was found */
  throwIfAny(): void {
    if (this.found.length > 0) throw new InputError(this.found)
  }
}
