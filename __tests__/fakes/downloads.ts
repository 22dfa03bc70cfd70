import { DownloadError } from '../../src/errors.js'
import type { DownloadOptions, Downloads, KeepSteps, ToolStore } from '../../src/ports.js'

/** What addresses hold; all others are not there. */
export class FakeDownloads implements Downloads {
  readonly texts = new Map<string, string>()
  readonly asked: string[] = []

  text(address: string, options?: DownloadOptions): Promise<string> {
    this.asked.push(address)
    const text = this.texts.get(address)
    return text === undefined
      ? Promise.reject(new DownloadError(address, '404 Not Found', 1, options?.remedy ?? ''))
      : Promise.resolve(text)
  }

  async file(address: string, _path: string, options?: DownloadOptions): Promise<number> {
    return (await this.text(address, options)).length
  }

  until(): Downloads {
    return this
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
