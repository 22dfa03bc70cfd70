import { debug, info, warning } from '@actions/core'
import { createWorld } from '../adapters/world.js'
import { messageOf } from '../errors.js'
import { down } from '../pipeline.js'
import { removalHint } from '../report/removal-hint.js'
import { createActionsLog } from './actions-log.js'
import { savedRun } from './state.js'

/** Trouble here is a warning: it must not hide what main said, nor fail a job whose work is done. */
export async function runPost(): Promise<void> {
  try {
    const record = savedRun()
    if (record === undefined) return
    if (record.cleanup) await down(createWorld(record.run, createActionsLog(), debug), record)
    else info(removalHint(record))
  } catch (error) {
    warning(messageOf(error))
  }
}
