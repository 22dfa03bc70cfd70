import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.js'
import { parseRunRecord, recordFile, type RunRecord } from '../plan/run-record.js'
import type { RunStore } from '../ports.js'
import { nodeFiles } from './node-files.js'

/** Keeps the record of a run in the run's own directory. */
export const runStore: RunStore = {
  async save(record) {
    await mkdir(record.directory, { recursive: true, mode: 0o700 })
    await nodeFiles.writePrivate(join(record.directory, recordFile), JSON.stringify(record))
  },
}

/** The record in a run's directory, or why it cannot be read; neither when there is no such file. */
export async function readRecord(
  directory: string,
): Promise<{ readonly record?: RunRecord; readonly trouble?: string }> {
  const path = join(directory, recordFile)
  try {
    return { record: parseRunRecord(await readFile(path, 'utf8')) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    return { trouble: `the record ${path} cannot be read: ${messageOf(error)}` }
  }
}
