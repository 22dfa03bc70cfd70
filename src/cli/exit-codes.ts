import { CommanderError } from 'commander'
import { exitCodeOf } from '../adapters/signals.js'
import { CancelledError, InputError } from '../errors.js'

/** What was asked for is wrong, or what was asked for did not work. */
export const exitCodes = { input: 2, failure: 1 } as const

/** The exit code of the command line after an error. */
export function exitCodeFor(error: unknown): number {
  // help and version are errors of that kind
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  if (error instanceof CommanderError || error instanceof InputError) return exitCodes.input
  return error instanceof CancelledError ? exitCodeOf(error.signal) : exitCodes.failure
}
