import type { KindContainer } from '../commands/docker.js'
import { runsOnEngine } from '../pipeline.js'
import type { RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'
import { existingKindContainers, existingNetworks } from '../steps/existing-objects.js'
import { recordedRun, recordedRuns } from './run-directories.js'

/** A flat network that is recorded here, or that the engine shows. */
export interface ListedRun {
  readonly run: string
  /** All was created and is on the engine; not all of it is; nobody here wrote down what it is; or what is written cannot be read. */
  readonly state: 'ready' | 'unfinished' | 'no record' | 'unreadable record'
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
      const { record, trouble } = here ? await recordedRun(run) : {}
      if (record !== undefined) {
        const { dockerNetwork, kubeconfig } = record
        return {
          run,
          state: isWhole(record, containers) && onEngine.includes(run) ? 'ready' : 'unfinished',
          clusters: record.clusters.map(({ name }) => name),
          dockerNetwork,
          kubeconfig,
          here,
        }
      }
      const ofRun = containers.filter((container) => container.run === run)
      const [network] = await existingNetworks(world.runner, { run })
      return {
        run,
        state: trouble === undefined ? 'no record' : 'unreadable record',
        clusters: [...new Set(ofRun.map(({ cluster }) => cluster))],
        ...(network && { dockerNetwork: network.name }),
        here,
      }
    }),
  )
}

/** A removal that failed half-way leaves a complete record, and fewer nodes. */
function isWhole({ complete, clusters }: RunRecord, containers: readonly KindContainer[]): boolean {
  const names = new Set(containers.map(({ name }) => name))
  return complete && clusters.every(({ nodes }) => nodes.every(({ name }) => names.has(name)))
}
