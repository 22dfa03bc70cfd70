import { Worker } from 'node:worker_threads'
import fc, { type Arbitrary } from 'fast-check'

/** How many inputs are generated, and out of which seed; without one, each time others. */
export interface Amount {
  readonly runs: number
  readonly seed?: number
  /** The one input that is generated again, as fast-check names it: `1234`, or `1234:0:1` after shrinking. */
  readonly path?: string
  /** Gets the seed before the first input, and the counts after the last. */
  readonly log?: (line: string) => void
}

/** How many inputs had each outcome. */
export type Counts = Readonly<Record<string, number>>

/**
 * Runs a property with generated inputs.
 * @param outcomeOf throws what is wrong, or names the outcome
 * @param outcomes those that more than one input of fifty must have: a test that never gets far tests little
 */
export async function fuzz<T>(
  name: string,
  { runs, seed = Date.now() % 2 ** 31, path, log = () => undefined }: Amount,
  inputs: Arbitrary<T>,
  outcomeOf: (input: T) => string | Promise<string>,
  outcomes: readonly string[],
): Promise<Counts> {
  const counts: Record<string, number> = {}
  const guard = new HangGuard(`fuzz ${name}, seed ${String(seed)}`)
  log(`fuzz ${name}: ${String(runs)} inputs, seed ${String(seed)}`)
  try {
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        guard.begin()
        const outcome = await outcomeOf(input)
        counts[outcome] = (counts[outcome] ?? 0) + 1
      }),
      { numRuns: runs, seed, ...(path !== undefined && { path }) },
    )
  } finally {
    await guard.end()
  }
  log(`fuzz ${name}: ${JSON.stringify(counts)}`)
  const rare = outcomes.filter((outcome) => (counts[outcome] ?? 0) <= runs / 50)
  if (path === undefined && rare.length > 0) throw new Error(`too few inputs are ${rare.join(', ')}`)
  return counts
}

/** After so long, an input counts as one that never ends. Usual are milliseconds. */
const hangSeconds = 120

/** Ends the process when an input never ends. That takes another thread: while a loop runs, nothing else does. */
class HangGuard {
  #number = -1
  readonly #worker: Worker

  constructor(what: string) {
    const script = `
      const { parentPort } = require('node:worker_threads')
      let timer
      parentPort.on('message', (number) => {
        clearTimeout(timer)
        timer = setTimeout(() => {
          const text = ${JSON.stringify(what)} + ', path ' + number + ': no end within ${String(hangSeconds)} s\\n'
          require('node:fs').writeSync(2, text)
          process.kill(process.pid, 'SIGKILL')
        }, ${String(hangSeconds * 1000)})
      })`
    this.#worker = new Worker(script, { eval: true })
  }

  begin(): void {
    this.#worker.postMessage(++this.#number)
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
