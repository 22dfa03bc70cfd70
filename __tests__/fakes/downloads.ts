import { DownloadError } from '../../src/errors.js'
import type { DownloadOptions, Downloads, KeepSteps, ToolStore } from '../../src/ports.js'
import { hang } from './recording-runner.js'

/** What addresses hold; all others are not there. */
export class FakeDownloads implements Downloads {
  readonly texts = new Map<string, string | Promise<string> | typeof hang>()
  readonly asked: string[] = []

  text(address: string, options?: DownloadOptions): Promise<string> {
    return this.#text(address, options, [])
  }

  async file(address: string, _path: string, options?: DownloadOptions): Promise<number> {
    return (await this.text(address, options)).length
  }

  until(signal: AbortSignal): Downloads {
    return this.#view([signal])
  }

  #view(signals: readonly AbortSignal[]): Downloads {
    return {
      text: (address, options) => this.#text(address, options, signals),
      file: async (address, _, options) => (await this.#text(address, options, signals)).length,
      until: (signal) => this.#view([...signals, signal]),
    }
  }

  async #text(address: string, options: DownloadOptions | undefined, signals: readonly AbortSignal[]) {
    const signal = AbortSignal.any([...signals])
    signal.throwIfAborted()
    this.asked.push(address)
    const text = await this.texts.get(address)
    if (text === hang) {
      return new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error)
        })
      })
    }
    if (text === undefined) throw new DownloadError(address, '404 Not Found', 1, options?.remedy ?? '')
    return text
  }
}

/** Keeps nothing from before; what is kept is proved first. */
export class FakeTools implements ToolStore {
  readonly onPath: string[] = []

  find(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  async keep(name: string, version: string, _sha256: string, { write, prove }: KeepSteps): Promise<string> {
    const program = `/tools/${name}/${version}/${name}`
    await write(program)
    await prove(program)
    return program
  }

  addToPath(program: string): void {
    this.onPath.push(program)
  }
}
