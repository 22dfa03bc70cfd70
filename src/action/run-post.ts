import { debug, info, warning } from '@actions/core'
import { createWorld } from '../adapters/world.js'
import { messageOf } from '../errors.js'
import { down, saveImagesForNextRun } from '../pipeline.js'
import { removalHint } from '../report/removal-hint.js'
import { createActionsLog } from './actions-log.js'
import { reportSaved } from './report.js'
import { runnerStores } from './runner-stores.js'
import { savedRun } from './state.js'

/** Trouble here is a warning: it must not hide what main said, nor fail a job whose work is done. */
export async function runPost(): Promise<void> {
  await attempt(async () => {
    const record = savedRun()
    if (record === undefined) return
    const world = createWorld(record.run, createActionsLog(), debug, runnerStores())
    await attempt(async () => {
      if (record.cleanup) await down(world, record)
      else info(removalHint(record))
    })
    // last: a job that is cancelled has little time left
    if (record.imagesToSave.length > 0) await reportSaved(await saveImagesForNextRun(world, record))
  })
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    warning(messageOf(error))
  }
}
