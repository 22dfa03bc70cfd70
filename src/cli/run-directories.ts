import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onFile } from '../adapters/file-errors.js'
import { readRecord } from '../adapters/run-store.js'
import { isRunId } from '../plan/run-record.js'
import { xdgDirectory } from './xdg.js'

/** Every run has a directory of its own under the XDG state directory, with its record and its kubeconfigs. */
function stateDirectory(): string {
  return xdgDirectory('XDG_STATE_HOME')
}

export function runDirectory(run: string): string {
  return join(stateDirectory(), run)
}

/** The record of a run that was made here, or why it cannot be read; neither when there is none. */
export function recordedRun(run: string): ReturnType<typeof readRecord> {
  return readRecord(run, runDirectory(run))
}

/**
 * Ids of all runs that have a directory.
 * @throws when the state directory is there and cannot be read
 */
export async function recordedRuns(): Promise<string[]> {
  const directory = stateDirectory()
  const entries = await onFile(directory, () =>
    readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      return []
    }),
  )
  return entries.filter((entry) => entry.isDirectory() && isRunId(entry.name)).map(({ name }) => name)
}
