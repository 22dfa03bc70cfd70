import { getState, saveState } from '@actions/core'
import { parseRunRecord, type RunRecord } from '../plan/run-record.js'
import type { RunStore } from '../ports.js'

const key = 'run'

/** What main leaves for post. */
export const stateStore: RunStore = {
  save(record) {
    saveState(key, JSON.stringify(record))
    return Promise.resolve()
  },
}

/** The run that main began; `undefined` when it began none. */
export function savedRun(): RunRecord | undefined {
  const text = getState(key)
  return text === '' ? undefined : parseRunRecord(text)
}
