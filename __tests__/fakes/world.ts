import type { HostPort } from '../../src/kind-config/host-ports.js'
import type { Clock, FileKind, Files, Log, Machine, Processes, RunStore, World } from '../../src/ports.js'
import { FakeDownloads, FakeTools } from './downloads.js'
import { FakeImageCache, FakeRegistry } from './images.js'
import type { RunRecord } from '../../src/plan/run-record.js'
import { RecordingRunner } from './recording-runner.js'

/** Files in memory, by path. */
export class FakeFiles implements Files {
  readonly content = new Map<string, string>()
  standardInput = ''
  /** What is neither a file nor a directory. */
  readonly kinds = new Map<string, FileKind>()
  /** Directories that were made. */
  readonly directories = new Set<string>()
  /** Paths that cannot be removed. */
  readonly stuck = new Set<string>()
  /** Directories that were to be removed, each with the file in it that was to go last. */
  readonly removed: { readonly path: string; readonly last: string }[] = []
  readonly #identities = new Map<string, string>()
  #created = 0

  exists(path: string): Promise<boolean> {
    return Promise.resolve(this.content.has(path) || this.#isDirectory(path))
  }

  isDirectory(path: string): Promise<boolean> {
    return Promise.resolve(this.#isDirectory(path))
  }

  kindOf(path: string): Promise<FileKind | undefined> {
    const kind = this.kinds.get(path) ?? (this.content.has(path) ? 'file' : undefined)
    return Promise.resolve(kind ?? (this.#isDirectory(path) ? 'directory' : undefined))
  }

  read(path: string): Promise<string> {
    const found = this.content.get(path)
    return found === undefined ? Promise.reject(new Error(`ENOENT: ${path}`)) : Promise.resolve(found)
  }

  until(): this {
    return this
  }

  readStandardInput(): Promise<string> {
    return Promise.resolve(this.standardInput)
  }

  writePrivate(path: string, content: string): Promise<void> {
    if (!this.#isDirectory(path.replace(/\/[^/]*$/, ''))) return Promise.reject(new Error(`ENOENT: ${path}`))
    this.content.set(path, content)
    return Promise.resolve()
  }

  createPrivate(path: string, content: string): Promise<void> {
    if (this.stuck.has(path)) return Promise.reject(new Error(`EACCES: ${path}`))
    if (this.content.has(path)) return Promise.reject(Object.assign(new Error(`EEXIST: ${path}`), { code: 'EEXIST' }))
    this.#identities.set(path, `file ${String(++this.#created)}`)
    return this.writePrivate(path, content)
  }

  overwrite(path: string, content: string): Promise<void> {
    return this.content.has(path) ? this.writePrivate(path, content) : Promise.reject(new Error(`ENOENT: ${path}`))
  }

  identityOf(path: string): Promise<string | undefined> {
    return Promise.resolve(this.content.has(path) ? this.#identities.get(path) : undefined)
  }

  /** Somebody puts another file in the place of one. */
  replace(path: string, content: string): void {
    this.content.set(path, content)
    this.#identities.set(path, `file ${String(++this.#created)}`)
  }

  makePrivateDirectory(path: string): Promise<void> {
    this.directories.add(path)
    return Promise.resolve()
  }

  removeFile(path: string): Promise<void> {
    if (this.stuck.has(path)) return Promise.reject(new Error(`EACCES: ${path}`))
    if (this.#isDirectory(path)) return Promise.reject(new Error(`EISDIR: ${path}`))
    this.content.delete(path)
    return Promise.resolve()
  }

  removeDirectory(path: string, last: string): Promise<void> {
    this.removed.push({ path, last })
    if (this.stuck.has(path)) return Promise.reject(new Error(`EACCES: ${path}`))
    this.directories.delete(path)
    for (const paths of [this.content, this.directories]) {
      for (const each of paths.keys()) if (each.startsWith(`${path}/`)) paths.delete(each)
    }
    return Promise.resolve()
  }

  #isDirectory(path: string): boolean {
    return ['/home/me', ...this.directories].some((each) => `${each}/`.startsWith(`${path}/`))
  }
}

/** Time passes by sleeping alone, or when a test says so. */
export class FakeClock implements Clock {
  seconds = 1000
  readonly sleeps: number[] = []

  now(): number {
    return this.seconds
  }

  async sleep(seconds: number): Promise<void> {
    this.sleeps.push(seconds)
    this.seconds += seconds
    // others get their turn, as they would while somebody sleeps
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export class CollectingLog implements Log {
  readonly infos: string[] = []
  readonly warnings: string[] = []
  /** Titles of the phases, in the order they began. */
  readonly phases: string[] = []

  info = (line: string): void => {
    this.infos.push(line)
  }

  warning = (line: string): void => {
    this.warnings.push(line)
  }

  progress = (of: string, line: string): void => {
    this.infos.push(`${of}: ${line}`)
  }

  phase<T>(title: string, work: () => Promise<T>): Promise<T> {
    this.phases.push(title)
    return work()
  }
}

/** So many leftovers, or the trouble of looking for them. */
export class FakeProcesses implements Processes {
  leftovers: number | Error = 0
  looks = 0

  endLeftovers(): Promise<number> {
    this.looks++
    return this.leftovers instanceof Error ? Promise.reject(this.leftovers) : Promise.resolve(this.leftovers)
  }
}

/** A machine that a test may change. */
export class FakeMachine implements Machine {
  own = ['127.0.0.1', '::1', '192.168.1.7']
  readonly names = new Map<string, string>()
  readonly groups = new Map<string, number>()
  readonly usedPorts: number[] = []
  who = { name: 'me', uid: 1000 }

  addresses(): readonly string[] {
    return this.own
  }

  resolve(name: string): Promise<string | undefined> {
    return Promise.resolve(this.names.get(name))
  }

  user(): { readonly name: string; readonly uid: number } {
    return this.who
  }

  groupOf(path: string): Promise<number | undefined> {
    return Promise.resolve(this.groups.get(path))
  }

  usesPort({ port }: HostPort): Promise<boolean> {
    return Promise.resolve(this.usedPorts.includes(port))
  }
}

/** Keeps every record that was saved, and what had been run by then. */
export class RecordingStore implements RunStore {
  readonly saved: { readonly record: RunRecord; readonly commandsBefore: readonly string[] }[] = []

  constructor(private readonly runner: RecordingRunner) {}

  save(record: RunRecord): Promise<void> {
    this.saved.push({ record, commandsBefore: this.runner.lines() })
    return Promise.resolve()
  }
}

export interface FakeWorld extends World {
  readonly runner: RecordingRunner
  readonly files: FakeFiles
  readonly machine: FakeMachine
  readonly processes: FakeProcesses
  readonly log: CollectingLog
  readonly clock: FakeClock
  readonly downloads: FakeDownloads
  readonly tools: FakeTools
  readonly registry: FakeRegistry
  readonly imageCache: FakeImageCache
}

export function fakeWorld(): FakeWorld {
  let ids = 1
  const files = new FakeFiles()
  return {
    runner: new RecordingRunner(),
    files,
    downloads: new FakeDownloads(),
    tools: new FakeTools(),
    registry: new FakeRegistry(),
    imageCache: new FakeImageCache(files),
    platform: 'linux/x64',
    machine: new FakeMachine(),
    processes: new FakeProcesses(),
    log: new CollectingLog(),
    clock: new FakeClock(),
    newId: () => `c4ec${String(ids++).padStart(4, '0')}`,
  }
}
