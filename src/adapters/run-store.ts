import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.js'
import { parseRunRecord, recordFile, RecordError, type RunRecord } from '../plan/run-record.js'
import type { RunStore } from '../ports.js'
import { nodeFiles } from './node-files.js'

/** Keeps the record of a run in the run's own directory. */
export const runStore: RunStore = {
  async save(record) {
    await nodeFiles.makePrivateDirectory(record.directory)
    await nodeFiles.writePrivate(join(record.directory, recordFile), JSON.stringify(record))
  },
}

/**
 * The record of a run in its directory, or why it cannot be read; neither when there is no such file. One of another run
 * or directory is not read: what it names would be removed.
 */
export async function readRecord(
  run: string,
  directory: string,
): Promise<{ readonly record?: RunRecord; readonly trouble?: string }> {
  const path = join(directory, recordFile)
  try {
    const record = parseRunRecord(await nodeFiles.read(path))
    if (record.run !== run) throw new RecordError(`it is the record of run ${record.run}`)
    if (!(await isSame(record.directory, directory))) {
      throw new RecordError(`it is the record of the directory ${JSON.stringify(record.directory.slice(0, mostShown))}`)
    }
    return { record }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    return { trouble: `the record ${path} cannot be read: ${messageOf(error)}` }
  }
}

/** Characters of a value that is wrong. */
const mostShown = 100

/** Whether two paths lead to one directory, as they do through a link. */
async function isSame(one: string, other: string): Promise<boolean> {
  return one === other || (await realpath(one).catch(() => undefined)) === (await realpath(other))
}
