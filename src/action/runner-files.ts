import { messageOf } from '../errors.js'

/** Variables that name the files by which an action tells the runner something. */
type RunnerFile = 'GITHUB_OUTPUT' | 'GITHUB_ENV' | 'GITHUB_STATE' | 'GITHUB_PATH'

/**
 * Writes to one of the runner's files.
 * @throws what went wrong with the file's name: a full disk tells none
 */
export function tellRunner(file: RunnerFile, write: () => void): void {
  try {
    write()
  } catch (error) {
    const path = process.env[file] ?? 'not set'
    throw new Error(`cannot write to the runner's file ${file} (${path}): ${messageOf(error)}`, { cause: error })
  }
}
