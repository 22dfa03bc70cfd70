import type { RunRecord } from './plan/run-record.js'

/** The world as the steps see it. Adapters for each are made at the two entries. */

export interface RunOptions {
  /** Text for standard input; without it, and without a file, the command has none. */
  readonly input?: string
  /** Path of a file for standard input. */
  readonly inputFile?: string
  /** Variables that the command gets besides those of the process. */
  readonly environment?: Readonly<Record<string, string>>
  /** After so many seconds the command and its children are ended; 120 unless told. */
  readonly timeoutSeconds?: number
  /** Called with every line of standard output and standard error as it comes. */
  readonly onLine?: (line: string) => void
}

export interface CommandRunner {
  /**
   * Runs a program with an argument array and returns its standard output.
   * @throws {CommandError} when it fails, cannot be started or takes too long
   * @throws {CancelledError} when the runner's signal is aborted, before or while it runs
   */
  run(command: readonly string[], options?: RunOptions): Promise<string>
  /** The same runner, whose commands also end, with all their children, when that signal is aborted. */
  until(signal: AbortSignal): CommandRunner
}

export interface Files {
  exists(path: string): Promise<boolean>
  /** @throws when there is no such file */
  read(path: string): Promise<string>
  isDirectory(path: string): Promise<boolean>
  /** Writes a whole file that only its owner can read (0600); its directory must be there. */
  writePrivate(path: string, content: string): Promise<void>
  makePrivateDirectory(path: string): Promise<void>
  /** Removes a file; one that is not there is fine. */
  removeFile(path: string): Promise<void>
  /** Removes a directory with all in it; one that is not there is fine. */
  removeDirectory(path: string): Promise<void>
}

export interface Processes {
  /** Ends what an earlier process of this run left running; returns how many there were. */
  endLeftovers(): Promise<number>
}

export interface Log {
  info(line: string): void
  warning(line: string): void
  /** Runs a phase under a heading and tells its seconds. */
  phase<T>(title: string, work: () => Promise<T>): Promise<T>
}

export interface Clock {
  /** Seconds since some fixed moment. */
  now(): number
  sleep(seconds: number): Promise<void>
}

/** Where a run is written down before its first side effect, so that a later process can take it down. */
export interface RunStore {
  save(run: RunRecord): Promise<void>
}

export interface World {
  readonly runner: CommandRunner
  readonly files: Files
  readonly processes: Processes
  readonly log: Log
  readonly clock: Clock
}
