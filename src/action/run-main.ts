import { debug, setFailed, setSecret } from '@actions/core'
import { runVariable } from '../adapters/node-processes.js'
import { createWorld } from '../adapters/world.js'
import { onLostReader, onSignal } from '../adapters/signals.js'
import { newRunId } from '../adapters/run-id.js'
import { messageOf } from '../errors.js'
import { secretsInInputs } from '../mask-secrets.js'
import { up } from '../pipeline.js'
import { maskedLog } from '../report/masked-log.js'
import { removalHint } from '../report/removal-hint.js'
import { createActionsLog, type Phase } from './actions-log.js'
import { readInputs } from './read-inputs.js'
import { report } from './report.js'
import { runDirectory } from './run-directory.js'
import { runnerStores } from './runner-stores.js'
import { stateStore } from './state.js'

export async function runMain(): Promise<void> {
  const id = newRunId()
  // @actions/cache starts tar by itself, and post ends what bears the run
  process.env[runVariable] = id
  const phases: Phase[] = []
  const run = { id, directory: runDirectory(id), store: stateStore, howToRemove: removalHint }
  const stopped = AbortSignal.any([onSignal(), onLostReader()])
  try {
    const world = createWorld(id, maskedLog(createActionsLog(phases)), debug, runnerStores())
    const inputs = readInputs()
    for (const secret of secretsInInputs(inputs)) setSecret(secret)
    const flat = await up(world, inputs, run, stopped)
    await report(flat, phases)
  } catch (error) {
    setFailed(messageOf(error))
  }
}
