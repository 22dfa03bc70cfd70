import { InputError, messageOf, shownProblem } from '../errors.js'
import type { Log } from '../ports.js'
import { maskedLog } from '../report/masked-log.js'
import { createJsonLog, printLine } from './json-log.js'
import { createTerminalLog } from './terminal-log.js'

/** Where a command tells how it gets on, what came of it, and what went wrong. */
export interface Output {
  readonly log: Log
  /** @param forPerson prints the same for a person */
  result(value: object, forPerson: () => void): void
  failure(error: unknown, exitCode: number): void
}

/** For a person: results on standard output, all else on standard error. */
export function textOutput(): Output {
  return {
    log: maskedLog(createTerminalLog()),
    result: (_, forPerson) => {
      forPerson()
    },
    failure: (error) => {
      process.stderr.write(`${messageOf(error)}\n`)
    },
  }
}

/** For a program: all on standard output, one JSON object a line. */
export function jsonOutput(): Output {
  return {
    log: maskedLog(createJsonLog()),
    result: (value) => {
      printLine({ type: 'result', ...value })
    },
    failure: (error, exitCode) => {
      const problems = error instanceof InputError ? { problems: error.problems.map(shownProblem) } : {}
      printLine({ type: 'error', message: messageOf(error).replace(/^error: /, ''), exitCode, ...problems })
    },
  }
}
