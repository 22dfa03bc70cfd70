import { getState, saveState } from '@actions/core'
import { basename, isAbsolute } from 'node:path'
import { runStore } from '../adapters/run-store.js'
import { isRunId } from '../plan/run-record.js'
import type { RunStore } from '../ports.js'
import { tellRunner } from './runner-files.js'

/** A run as post knows it: what it needs to find the record, and to remove the run without one. */
export interface SavedRun {
  readonly run: string
  readonly directory: string
}

/** Leaves for post where the record is; an environment variable would be too small for the record itself. */
export const stateStore: RunStore = {
  async save(record) {
    tellRunner('GITHUB_STATE', () => {
      saveState('run', record.run)
      saveState('directory', record.directory)
    })
    await runStore.save(record)
  },
}

/**
 * The run that main began; `undefined` when it began none.
 * @param directoryOf where a run has its files, for a state that does not say it, or names a directory of something else
 * @throws when there is a state, but no id of a run in it
 */
export function savedRun(directoryOf: (run: string) => string): SavedRun | undefined {
  const text = getState('run')
  if (text === '') return undefined
  // what is damaged, or of another release, may hold the id all the same
  const run = isRunId(text) ? text : /"run":"([0-9a-f]{8})"/.exec(text)?.[1]
  if (run === undefined) throw new Error(`the state that main saved holds no run: ${JSON.stringify(text.slice(0, 40))}`)
  const [saved, usual] = [getState('directory'), directoryOf(run)]
  // it will be removed with everything in it
  const isOfRun = isAbsolute(saved) && basename(saved) === basename(usual)
  return { run, directory: isOfRun ? saved : usual }
}
