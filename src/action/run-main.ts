import { debug, setFailed } from '@actions/core'
import { createWorld } from '../adapters/world.js'
import { onLostReader, onSignal } from '../adapters/signals.js'
import { newRunId } from '../adapters/run-id.js'
import { messageOf } from '../errors.js'
import { up } from '../pipeline.js'
import { removalHint } from '../report/removal-hint.js'
import { createActionsLog, type Phase } from './actions-log.js'
import { readInputs } from './read-inputs.js'
import { report } from './report.js'
import { runDirectory } from './run-directory.js'
import { runnerStores } from './runner-stores.js'
import { stateStore } from './state.js'

export async function runMain(): Promise<void> {
  const id = newRunId()
  const phases: Phase[] = []
  const world = createWorld(id, createActionsLog(phases), debug, runnerStores())
  const run = { id, directory: runDirectory(id), store: stateStore, howToRemove: removalHint }
  const stopped = AbortSignal.any([onSignal(), onLostReader()])
  try {
    const flat = await up(world, readInputs(), run, stopped)
    await report(flat, phases)
  } catch (error) {
    setFailed(messageOf(error))
  }
}
