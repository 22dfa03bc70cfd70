import { fstatSync, writeFileSync } from 'node:fs'
import { messageOf } from '../errors.js'

/** Something could not be written to standard output, although somebody may read it. */
export class OutputError extends Error {
  constructor(cause: Error) {
    super(`cannot write to standard output: ${messageOf(cause)}`, { cause })
    this.name = 'OutputError'
  }
}

/** Standard output of the command line. What cannot be written is remembered, and nothing is written after it. */
class StandardOutput {
  readonly #unwritable = new AbortController()
  #ended = false
  #lastWrite: Promise<void> = Promise.resolve()

  /** Aborted with an OutputError when something could not be written. A reader that goes away is no such failure. */
  get unwritable(): AbortSignal {
    return this.#unwritable.signal
  }

  write(text: string): void {
    if (this.#ended) return
    this.#lastWrite = written(text).catch((error: unknown) => {
      // what else was on its way fails with it
      if (this.#ended) return
      this.#ended = true
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') this.#unwritable.abort(new OutputError(error as Error))
    })
  }

  /** Waits until everything is written; returns what failed. */
  async failure(): Promise<OutputError | undefined> {
    await this.#lastWrite
    return this.unwritable.aborted ? (this.unwritable.reason as OutputError) : undefined
  }
}

export const standardOutput = new StandardOutput()

async function written(text: string): Promise<void> {
  const { stdout } = process
  // Node takes a file that was written in part, because the disk is full then, for written
  if (fstatSync(stdout.fd).isFile()) {
    writeFileSync(stdout.fd, text)
    return
  }
  await new Promise<void>((resolve, reject) => {
    stdout.write(text, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
