import { runsOnEngine } from '../pipeline.js'
import type { World } from '../ports.js'
import { existingKindContainers, existingNetworks } from '../steps/existing-objects.js'
import { recordedRun, recordedRuns } from './run-directories.js'

/** A flat network that is recorded here, or that the engine shows. */
export interface ListedRun {
  readonly run: string
  /** All was made and is on the engine; not all of it is; or nobody here wrote down what it is. */
  readonly state: 'ready' | 'unfinished' | 'no record'
  readonly clusters: readonly string[]
  readonly dockerNetwork?: string
  readonly kubeconfig?: string
  /** Whether it was made here: `down --all` removes these alone. */
  readonly here: boolean
}

/** All flat networks: those made here, and those that others made on the engine. */
export async function listRuns(world: World): Promise<ListedRun[]> {
  // first, because it explains why the engine is of no use
  const onEngine = await runsOnEngine(world)
  const [made, containers] = await Promise.all([recordedRuns(), existingKindContainers(world.runner)])
  return Promise.all(
    [...new Set([...made, ...onEngine])].sort().map(async (run) => {
      const here = made.includes(run)
      const record = here ? await recordedRun(run) : undefined
      if (record !== undefined) {
        const { complete, dockerNetwork, kubeconfig } = record
        const clusters = record.clusters.map(({ name }) => name)
        return {
          run,
          state: complete && onEngine.includes(run) ? 'ready' : 'unfinished',
          clusters,
          dockerNetwork,
          kubeconfig,
          here,
        }
      }
      const ofRun = containers.filter((container) => container.run === run)
      const [network] = await existingNetworks(world.runner, { run })
      return {
        run,
        state: 'no record',
        clusters: [...new Set(ofRun.map(({ cluster }) => cluster))],
        ...(network && { dockerNetwork: network.name }),
        here,
      }
    }),
  )
}
