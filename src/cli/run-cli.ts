import { CommanderError } from 'commander'
import { endOn, onLostReader, onSignal } from '../adapters/signals.js'
import { messageOf } from '../errors.js'
import { exitCodeFor, exitCodes } from './exit-codes.js'
import { jsonOutput, textOutput } from './output.js'
import { createProgram } from './program.js'
import { OutputError, standardOutput } from './standard-output.js'

/** Runs the command line; returns the exit code. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json')
  const output = json ? jsonOutput() : textOutput()
  const stopped = onSignal()
  const unheard = AbortSignal.any([stopped, onLostReader(), standardOutput.unwritable])
  let error: unknown
  try {
    await createProgram({ output, json, stopped, unheard }).parseAsync([...argv], { from: 'user' })
  } catch (thrown) {
    error = thrown
  }
  const exitCode = error === undefined ? 0 : exitCodeFor(error)
  // commander has told a person already, and an OutputError comes last
  const isTold = exitCode === 0 || error instanceof OutputError || (!json && error instanceof CommanderError)
  if (!isTold) output.failure(error, exitCode)
  endOn(stopped)
  const unwritten = await standardOutput.failure()
  if (unwritten === undefined) return exitCode
  const lost = json && !isTold ? [messageOf(error)] : []
  process.stderr.write([...lost, unwritten.message].map((line) => `${line}\n`).join(''))
  return exitCode === 0 ? exitCodes.failure : exitCode
}
