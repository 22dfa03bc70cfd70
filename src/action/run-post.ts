import { debug, getInput, info, warning } from '@actions/core'
import pRetry from 'p-retry'
import { endOn, onLostReader, onSignal } from '../adapters/signals.js'
import { createWorld } from '../adapters/world.js'
import { readRecord } from '../adapters/run-store.js'
import { CancelledError, messageOf } from '../errors.js'
import { down, runsOnEngine, saveImagesForNextRun, until } from '../pipeline.js'
import type { RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'
import { maskedLog } from '../report/masked-log.js'
import { removalByIdAlone, removalCommand, removalHint } from '../report/removal-hint.js'
import type { Removal } from '../steps/delete.js'
import { createActionsLog } from './actions-log.js'
import { reportSaved } from './report.js'
import { runDirectory } from './run-directory.js'
import { runnerStores } from './runner-stores.js'
import { savedRun, type SavedRun } from './state.js'

/** A removal that fails is tried again after 2, 4, 8 and 16 s: an engine may just be restarting. */
const removalTries = { retries: 4, minTimeout: 2000, factor: 2 } as const

/** Trouble here is a warning: it must not hide what main said, nor fail a job whose work is done. */
export async function runPost(): Promise<void> {
  const stopped = onSignal()
  // a runner that goes away is no reason to leave anything
  onLostReader()
  await attempt(async () => {
    const saved = savedRun(runDirectory)
    if (saved === undefined) return
    const world = createWorld(saved.run, maskedLog(createActionsLog()), debug, runnerStores())
    const { record, trouble } = await readRecord(saved.run, saved.directory)
    if (record === undefined) await attempt(() => removeWithoutRecord(world, saved, stopped, trouble))
    else await attempt(() => removeOrLeave(world, record, stopped))
    if (stopped.aborted) return
    // saving heeds no signal
    endOn(stopped)
    // last: a job that is cancelled has little time left
    if (record !== undefined && record.imagesToSave.length > 0) {
      await reportSaved(await saveImagesForNextRun(world, record))
    }
  })
}

async function removeOrLeave(world: World, record: RunRecord, stopped: AbortSignal): Promise<void> {
  if (!record.cleanup) {
    info(`everything is left in place (cleanup: false)\n${removalHint(record)}`)
    return
  }
  await removeStubbornly(world, record, stopped).catch((error: unknown) => {
    throw new Error(`${messageOf(error)}\n${removalHint(record)}`, { cause: error })
  })
}

/** What carries the run's id is found without a record; main removes the record only with everything else. */
async function removeWithoutRecord(
  world: World,
  { run, directory }: SavedRun,
  stopped: AbortSignal,
  trouble?: string,
): Promise<void> {
  const isLost = trouble !== undefined || (await isOnEngine(until(world, stopped), run))
  const why = trouble ?? `the record of run ${run} is no longer in ${directory}`
  if (getInput('cleanup').toLowerCase() === 'false') {
    if (!isLost) return
    throw new Error(`${why}; everything of run ${run} is left in place (cleanup: false); ${removalCommand(run)}`)
  }
  if (isLost) warning(`${why}; ${removalByIdAlone(run)}`)
  await removeStubbornly(world, { run, directory }, stopped).catch((error: unknown) => {
    throw new Error(`${messageOf(error)}\n${removalCommand(run)}`, { cause: error })
  })
}

/** An engine that is away may have it. */
function isOnEngine(world: World, run: string): Promise<boolean> {
  return runsOnEngine(world).then(
    (runs) => runs.includes(run),
    (error: unknown) => {
      if (error instanceof CancelledError) throw error
      return true
    },
  )
}

async function removeStubbornly(world: World, removal: Removal, stopped: AbortSignal): Promise<void> {
  await pRetry(() => down(until(world, stopped), removal), {
    ...removalTries,
    signal: stopped,
    onFailedAttempt: ({ error, retriesLeft }) => {
      if (retriesLeft > 0) info(`${messageOf(error)}\nthe removal is tried again`)
    },
  })
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    warning(messageOf(error))
  }
}
