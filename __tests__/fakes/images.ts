import type { Files, ImageCache, ImageSource, Registry, ServedImage, Transfer } from '../../src/ports.js'
import { cachedImageName } from '../../src/plan/image-cache.js'
import { fails } from './recording-runner.js'
import type { FakeWorld } from './world.js'

/** A registry that has every image; what shall go wrong is set by a test. */
export class FakeRegistry implements Registry {
  digest: string | Error = `sha256:${'0a'.repeat(32)}`
  near = false
  transfer: Transfer = { bytes: 400e6, seconds: 60 }
  /** What is wrong with a directory that is asked to be whole. */
  incomplete: string | undefined
  readonly served: { readonly source: ImageSource; readonly directory: string }[] = []
  readonly completed: ImageSource[] = []
  asked = 0
  open = 0

  digestOf(): Promise<string> {
    this.asked++
    return this.digest instanceof Error ? Promise.reject(this.digest) : Promise.resolve(this.digest)
  }

  isNear(): Promise<boolean> {
    return Promise.resolve(this.near)
  }

  serve(source: ImageSource, directory: string, onProgress: (transfer: Transfer) => void): Promise<ServedImage> {
    this.served.push({ source, directory })
    this.open++
    onProgress(this.transfer)
    return Promise.resolve({
      address: '127.0.0.1:4000',
      transferred: () => this.transfer,
      close: () => {
        this.open--
        return Promise.resolve()
      },
    })
  }

  complete(source: ImageSource): Promise<number> {
    this.completed.push(source)
    return this.incomplete === undefined
      ? Promise.resolve(this.transfer.bytes)
      : Promise.reject(new Error(this.incomplete))
  }
}

/** A cache in memory. */
export class FakeImageCache implements ImageCache {
  /** Keys of its entries. */
  readonly entries = new Set<string>()
  /** Keys of directories that are there, outside of the entries. */
  readonly staging = new Set<string>()
  why: string | undefined
  trouble: string | undefined
  /** How to discard an entry, when it cannot. */
  remedy: string | undefined
  needless?: string
  savesLate = true
  saves = 0

  constructor(private readonly files: Files) {}

  unavailable(): Promise<string | undefined> {
    return Promise.resolve(this.why)
  }

  async stage(key: string): Promise<string> {
    this.staging.add(key)
    await this.files.makePrivateDirectory(this.staged(key))
    return this.staged(key)
  }

  staged(key: string): string {
    return `/cache/${key}`
  }

  restore(key: string): Promise<{ directory?: string; trouble?: string }> {
    if (this.trouble !== undefined) return Promise.resolve({ trouble: this.trouble })
    if (!this.entries.has(key)) return Promise.resolve({})
    this.staging.add(key)
    return Promise.resolve({ directory: this.staged(key) })
  }

  save(key: string): Promise<{ trouble?: string }> {
    this.saves++
    if (this.trouble !== undefined) return Promise.resolve({ trouble: this.trouble })
    this.entries.add(key)
    return Promise.resolve({})
  }

  release(key: string): Promise<void> {
    this.staging.delete(key)
    return Promise.resolve()
  }

  discard(key: string): Promise<string | undefined> {
    if (this.remedy === undefined) this.entries.delete(key)
    return Promise.resolve(this.remedy)
  }
}

/** The images of an engine: names that it finds, and what pulls and tags add to them. */
export class FakeImages {
  readonly names = new Set<string>()

  constructor({ runner }: FakeWorld) {
    runner.on('docker image inspect', ({ command }) =>
      this.names.has(command[3] ?? '')
        ? '[{"Id":"sha256:1"}]'
        : fails(`[]\nError: No such image: ${String(command[3])}`),
    )
    runner.on('docker pull', ({ command }) => {
      this.names.add(command[2] ?? '')
      return `abcdefabcdef: Pull complete\n`
    })
    runner.on('docker image tag', ({ command }) => {
      if (!this.names.has(command[3] ?? '')) return fails(`Error: No such image: ${String(command[3])}`)
      this.names.add(command[4] ?? '')
      return ''
    })
    runner.on('docker image rm', ({ command }) => {
      this.names.delete(command[3] ?? '')
      return ''
    })
    runner.on('docker image ls', ({ command }) =>
      [...this.names].filter((name) => name.startsWith(`${String(command.at(-1))}:`)).join('\n'),
    )
  }

  /** Has the image under the name that it gets out of the cache. */
  hasCached(digest: string): void {
    this.names.add(cachedImageName(digest))
  }
}
