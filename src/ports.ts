import type { HostPort } from './kind-config/host-ports.js'
import type { Repository } from './plan/image-reference.js'
import type { RunRecord } from './plan/run-record.js'
import type { KnownSha256 } from './plan/tools.js'

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
  /** The command is ended when it prints more than that, on both streams together; 50 MB unless told. */
  readonly mostBytes?: number
  /** Called with every line of standard output and standard error as it comes. */
  readonly onLine?: (line: string) => void
}

export interface CommandRunner {
  /**
   * Runs a program with an argument array and returns its standard output.
   * @throws {CommandError} when it fails, cannot be started, takes too long or prints too much
   * @throws {CancelledError} when the runner's signal is aborted, before or while it runs
   */
  run(command: readonly string[], options?: RunOptions): Promise<string>
  /** The same runner, whose commands also end, with all their children, when that signal is aborted. */
  until(signal: AbortSignal): CommandRunner
}

/** What a path leads to, through links. */
export type FileKind = 'file' | 'directory' | 'named pipe' | 'socket' | 'device'

/** Whatever fails names the path, and what to do about it. */
export interface Files {
  /** Whether there is anything of that name; a link that leads nowhere is something too. */
  exists(path: string): Promise<boolean>
  /** `undefined` where there is nothing. */
  kindOf(path: string): Promise<FileKind | undefined>
  /**
   * A text of at most 10 MB, from a regular file or a pipe that is open already: `/dev/fd/63`.
   * @throws when there is no such file, or when it is something else or larger
   */
  read(path: string): Promise<string>
  /** Everything on standard input, which can be read once; at most 10 MB. */
  readStandardInput(): Promise<string>
  isDirectory(path: string): Promise<boolean>
  /** Writes a whole file that only its owner can read (0600); its directory must be there. */
  writePrivate(path: string, content: string): Promise<void>
  /**
   * Creates a file that only its owner can read (0600).
   * @throws when there is anything of that name, or no permission to create it
   */
  createPrivate(path: string, content: string): Promise<void>
  /** Writes new content into a file that exists, which stays the same file; a link is not followed. */
  overwrite(path: string, content: string): Promise<void>
  /** Tells a file from any other that takes its place later; `undefined` when nothing of that name is there. */
  identityOf(path: string): Promise<string | undefined>
  makePrivateDirectory(path: string): Promise<void>
  /** Removes a file; one that is not there is fine. */
  removeFile(path: string): Promise<void>
  /**
   * Removes a directory with all in it; one that is not there is fine.
   * @param last the file in it that goes when everything else is gone
   */
  removeDirectory(path: string, last: string): Promise<void>
  /** The same, whose wait for standard input ends when that signal is aborted. */
  until(signal: AbortSignal): Files
}

export interface Processes {
  /** Ends what an earlier process of this run left running; returns how many there were. */
  endLeftovers(): Promise<number>
}

/** The machine this process is on, or the container, and who it is there. */
export interface Machine {
  /** Addresses of all network interfaces. */
  addresses(): readonly string[]
  /** An address of that name, of IPv4 where there is one; `undefined` where it does not resolve. */
  resolve(name: string): Promise<string | undefined>
  user(): { readonly name: string; readonly uid: number }
  /** Number of the group that a file belongs to; `undefined` where there is no such file. */
  groupOf(path: string): Promise<number | undefined>
  /** Whether something listens on a port already. */
  usesPort(port: HostPort): Promise<boolean>
}

export interface Log {
  info(line: string): void
  warning(line: string): void
  /** Tells how one of several gets on that are at work at the same time: a cluster, a tool. */
  progress(of: string, line: string): void
  /** Runs a phase under a heading and tells its seconds. */
  phase<T>(title: string, work: () => Promise<T>): Promise<T>
}

export interface DownloadOptions {
  /** What the content must have, in lower-case hexadecimal digits, and where that is known from. */
  readonly sha256?: KnownSha256
  /** What a user can do instead, for the message of a failure. */
  readonly remedy?: string
  /** Told every few seconds; the whole size is not always known. */
  readonly onProgress?: (bytes: number, total: number | undefined) => void
  /** Told before it is tried again, with what went wrong. */
  readonly onRetry?: (reason: string) => void
}

/**
 * Fetches by HTTP, through the proxies of the environment, within bounds of time and size, and again where that is
 * worth it. What does not come whole, or is not what it must be, is nothing.
 */
export interface Downloads {
  /**
   * A text of at most a few MB.
   * @throws {DownloadError} why it cannot be had
   */
  text(address: string, options?: DownloadOptions): Promise<string>
  /**
   * Writes a file; until it is whole and verified there is none of that name. Returns its bytes.
   * @throws {DownloadError} why it cannot be had
   */
  file(address: string, path: string, options?: DownloadOptions): Promise<number>
  /** The same, ended when that signal is aborted. */
  until(signal: AbortSignal): Downloads
}

export interface KeepSteps {
  write(path: string): Promise<unknown>
  /** @throws when the program is not what it should be */
  prove(path: string): Promise<void>
}

/** Keeps downloaded programs for the next run. */
export interface ToolStore {
  /**
   * A program that is kept, and whether it still has that SHA-256, or else the one that it was kept with.
   * `undefined` when there is none, or when nobody knows what it should be.
   */
  find(name: string, version: string, sha256?: string): Promise<{ program: string; intact: boolean } | undefined>
  /**
   * Has a program written to a path of its own, makes it executable, has it proved there, and keeps it only when all of
   * that succeeds. Returns where it is then. Whoever uses the same program meanwhile is not disturbed.
   */
  keep(name: string, version: string, sha256: string, steps: KeepSteps): Promise<string>
  /** Puts a program before all others on the PATH: of what this process starts, and of the job's later steps. */
  addToPath(program: string): void
}

export interface Clock {
  /** Seconds since some fixed moment. */
  now(): number
  sleep(seconds: number): Promise<void>
}

/** An image in its registry. */
export interface ImageSource extends Repository {
  readonly digest: string
  /** What is not in the directory yet may be fetched. */
  readonly online: boolean
}

/** Bytes that came from a registry, and the seconds that any of them was on its way. */
export interface Transfer {
  readonly bytes: number
  readonly seconds: number
}

export interface ServedImage {
  /** `127.0.0.1:41234` */
  readonly address: string
  /** What came from the image's registry so far. */
  transferred(): Transfer
  close(): Promise<void>
}

/** Registries of images, asked without credentials. */
export interface Registry {
  /** @throws when the registry does not tell, as when it wants a login */
  digestOf(repository: Repository, tag: string): Promise<string>
  /** Whether a registry is on this machine or in a private network. */
  isNear(registry: string): Promise<boolean>
  /**
   * Is a registry on loopback with that one image. Its parts lie in the directory, one file each, or are fetched from
   * the image's own registry, handed on while they come, and kept there.
   */
  serve(source: ImageSource, directory: string, onProgress: (transfer: Transfer) => void): Promise<ServedImage>
  /**
   * Sees to it that all parts for a platform lie in the directory.
   * @param signal ends it
   * @returns their bytes
   * @throws when one is missing and cannot be fetched
   */
  complete(source: ImageSource, directory: string, platform: string, signal?: AbortSignal): Promise<number>
}

/** Where images are kept from one run to the next. Trouble with it never throws: it is told. */
export interface ImageCache {
  /** Why there is none. */
  unavailable(): Promise<string | undefined>
  /** Saving takes long, and waits until the job's own work is done. */
  readonly savesLate: boolean
  /** Why using it gains nothing here, as far as nobody insists. */
  readonly needless?: string
  /** An empty directory for an entry to be. */
  stage(key: string): Promise<string>
  /** The directory that was staged, also by an earlier process. */
  staged(key: string): string
  /** Gets an entry out, into a directory; neither directory nor trouble: there is no such entry. */
  restore(key: string): Promise<{ readonly directory?: string; readonly trouble?: string }>
  /** Keeps what was staged. */
  save(key: string): Promise<{ readonly trouble?: string }>
  /** Removes the files that nobody needs any more; what is kept stays kept. */
  release(key: string): Promise<void>
  /** Removes a spoilt entry; returns how a person does it where that cannot be done from here. */
  discard(key: string): Promise<string | undefined>
}

/** Keeps the record of a run from before its first side effect, so that a later process can remove the run. */
export interface RunStore {
  save(run: RunRecord): Promise<void>
}

export interface World {
  readonly runner: CommandRunner
  readonly files: Files
  readonly downloads: Downloads
  readonly tools: ToolStore
  readonly registry: Registry
  readonly imageCache: ImageCache
  /** System and processor as Node names them: `linux/x64`. */
  readonly platform: string
  readonly machine: Machine
  readonly processes: Processes
  readonly log: Log
  readonly clock: Clock
  /** An id that nobody has: eight hexadecimal digits. */
  newId(): string
}
