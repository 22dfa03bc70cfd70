import { mkdir, readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { nodeFiles } from '../adapters/node-files.js'
import { isRunId, parseRunRecord, type RunRecord } from '../plan/run-record.js'
import type { RunStore } from '../ports.js'

/** Every run has a directory of its own under the XDG state directory, with its record and its kubeconfigs. */
function stateDirectory(): string {
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'kind-flat-network')
}

export function runDirectory(run: string): string {
  return join(stateDirectory(), run)
}

const recordFile = 'run.json'

export const directoryStore: RunStore = {
  async save(record) {
    await mkdir(record.directory, { recursive: true, mode: 0o700 })
    await nodeFiles.writePrivate(join(record.directory, recordFile), JSON.stringify(record))
  },
}

/** The record of a run; `undefined` when there is none that can be read. */
export async function recordedRun(run: string): Promise<RunRecord | undefined> {
  try {
    return parseRunRecord(await readFile(join(runDirectory(run), recordFile), 'utf8'))
  } catch {
    return undefined
  }
}

/** Ids of all runs that have a directory. */
export async function recordedRuns(): Promise<string[]> {
  const entries = await readdir(stateDirectory(), { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory() && isRunId(entry.name)).map(({ name }) => name)
}
