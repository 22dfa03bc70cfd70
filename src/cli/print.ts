import { directoryIn } from '../adapters/directories.js'
import type { RunRecord } from '../plan/run-record.js'
import type { FlatNetwork } from '../report/flat-network.js'
import type { ListedRun } from './list.js'
import { standardOutput } from './standard-output.js'
import { styleOf } from './style.js'
import { flatNetworkLines, howToGoOnLines, runLines } from './text.js'

/** Lines longer than that are hard to read. */
const mostColumns = 100

/** Results for a person: clusters, matrix, verdict. */
export function printFlatNetwork(flat: FlatNetwork): void {
  print(flatNetworkLines(flat, columns(), styleOf(process.stdout)).join('\n'))
}

/** What to do with what `up` made. */
export function printHowToGoOn(record: RunRecord): void {
  print(['', ...howToGoOnLines(record, directoryIn('HOME'))].join('\n'))
}

/** What `list` found. */
export function printRuns(runs: readonly ListedRun[]): void {
  print(runs.length === 0 ? 'there is no flat network' : runLines(runs, columns(), styleOf(process.stdout)).join('\n'))
}

export function print(text: string): void {
  standardOutput.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** A terminal may not know its size, and says 0. */
function columns(): number {
  return Math.min(process.stdout.columns || 80, mostColumns)
}
