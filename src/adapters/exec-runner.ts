import { execa, ExecaError } from 'execa'
import { CommandError, formatCommand, messageOf, TooMuchOutputError } from '../errors.js'
import type { CommandRunner, RunOptions } from '../ports.js'
import { CommandOutput } from './command-output.js'
import { fileError } from './file-errors.js'
import { endWithProcess, release, signalGroup } from './process-groups.js'

/** Time a command has for ending itself after it was told to. */
const graceMilliseconds = 2000

/**
 * Runs commands in process groups of their own, so that a command is ended together with the children it started
 * (kind starts docker), and a Ctrl-C in the terminal reaches this process alone, which then decides the order. What
 * still runs when this process ends is killed.
 * @param environment what commands see besides the process's own environment; `undefined` takes a variable away
 */
export function createExecRunner(
  environment: Readonly<Record<string, string | undefined>>,
  debug: (line: string) => void,
  signals: readonly AbortSignal[] = [],
): CommandRunner {
  return {
    until: (signal) => createExecRunner(environment, debug, [...signals, signal]),
    run: (command, options = {}) => run(command, options, environment, debug, signals),
  }
}

async function run(
  command: readonly string[],
  options: RunOptions,
  environment: Readonly<Record<string, string | undefined>>,
  debug: (line: string) => void,
  signals: readonly AbortSignal[],
): Promise<string> {
  const { input, inputFile, environment: own, timeoutSeconds = 120, mostBytes = 50e6, onLine } = options
  const [program = '', ...parameters] = command
  const timeout = AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000))
  const stop = AbortSignal.any([...signals, timeout])
  throwIfAborted(signals)
  debug(formatCommand(command))
  const child = execa(program, parameters, {
    detached: true,
    cleanup: false,
    env: { ...environment, ...own },
    all: true,
    ...standardInput(input, inputFile),
    buffer: false,
  })
  const group = child.pid
  if (group !== undefined) endWithProcess(group)
  let ending = false
  const endGroup = () => {
    if (group === undefined) return
    ending = true
    signalGroup(group, 'SIGTERM')
    setTimeout(() => {
      signalGroup(group, 'SIGKILL')
      release(group)
    }, graceMilliseconds).unref()
  }
  stop.addEventListener('abort', endGroup, { once: true })
  const output = new CommandOutput(mostBytes, endGroup).take(child.stdout, child.stderr)
  if (onLine !== undefined) void forEachLine(child.iterable({ from: 'all' }), onLine)
  try {
    await child
    if (output.isTooMuch) throw new TooMuchOutputError(command, mostBytes, output.all())
    return output.stdout()
  } catch (error) {
    throwIfAborted(signals)
    if (output.isTooMuch) throw new TooMuchOutputError(command, mostBytes, output.all())
    if (!(error instanceof ExecaError)) throw error
    const ended = timeout.aborted ? `no end within ${String(timeoutSeconds)} s` : outcome(error, inputFile)
    throw new CommandError(command, ended, output.all())
  } finally {
    stop.removeEventListener('abort', endGroup)
    // a child of what was told to end may not heed it
    if (group !== undefined && !ending) release(group)
  }
}

function standardInput(input: string | undefined, inputFile: string | undefined) {
  if (input !== undefined) return { input }
  return inputFile === undefined ? { stdin: 'ignore' as const } : { stdin: { file: inputFile } }
}

function throwIfAborted(signals: readonly AbortSignal[]): void {
  for (const signal of signals) signal.throwIfAborted()
}

function outcome(error: ExecaError, inputFile: string | undefined): string {
  const { syscall } = (error.cause ?? {}) as NodeJS.ErrnoException
  if (inputFile !== undefined && (syscall === 'open' || syscall === 'read')) {
    return `cannot read its input: ${messageOf(fileError(inputFile, error.cause))}`
  }
  if (error.code === 'ENOENT') return 'no such program on the PATH'
  if (error.exitCode !== undefined) return `exit code ${String(error.exitCode)}`
  return error.signal === undefined ? error.shortMessage : `ended by ${error.signal}`
}

async function forEachLine(lines: AsyncIterable<string | Uint8Array>, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of lines) onLine(String(line))
  } catch {
    // the command's failure is told by the command itself
  }
}
