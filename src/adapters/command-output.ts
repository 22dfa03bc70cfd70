import type { Readable } from 'node:stream'

/** What a command prints, up to a bound: nothing of it is kept twice, and what comes after the bound is dropped. */
export class CommandOutput {
  readonly #chunks: { readonly chunk: Buffer; readonly isStdout: boolean }[] = []
  #bytes = 0
  #isTooMuch = false

  /** @param onTooMuch called once, when the command prints more */
  constructor(
    private readonly mostBytes: number,
    private readonly onTooMuch: () => void,
  ) {}

  take(stdout: Readable, stderr: Readable): this {
    stdout.on('data', (chunk: Buffer) => {
      this.#add(chunk, true)
    })
    stderr.on('data', (chunk: Buffer) => {
      this.#add(chunk, false)
    })
    return this
  }

  #add(chunk: Buffer, isStdout: boolean): void {
    if (this.#isTooMuch) return
    const kept = chunk.subarray(0, this.mostBytes - this.#bytes)
    this.#chunks.push({ chunk: kept, isStdout })
    this.#bytes += kept.length
    if (kept.length === chunk.length) return
    this.#isTooMuch = true
    this.onTooMuch()
  }

  get isTooMuch(): boolean {
    return this.#isTooMuch
  }

  stdout(): string {
    return this.#text(this.#chunks.filter(({ isStdout }) => isStdout))
  }

  /** Both streams, as they came. */
  all(): string {
    return this.#text(this.#chunks)
  }

  #text(chunks: readonly { readonly chunk: Buffer }[]): string {
    return Buffer.concat(chunks.map(({ chunk }) => chunk)).toString('utf8')
  }
}
