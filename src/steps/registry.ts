import { applyManifest } from '../commands/kubectl.js'
import {
  deleteRegistryHosting,
  forgetNodeRegistry,
  parsePublishedPort,
  publishedPort,
  registryHosting,
  startRegistry as start,
  teachNodeRegistry,
} from '../commands/registry.js'
import { CommandError } from '../errors.js'
import type { Cluster } from '../plan/cluster.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'
import { patient } from './patience.js'
import { whenAllEnd } from './when-all-end.js'

/** Longest time for its image to be pulled and its container to start. */
const startSeconds = 10 * 60

/**
 * Starts the run's registry on its Docker network; its image is pulled when it is missing.
 * @returns the registry's name from the host and in every cluster: `localhost:32768`
 */
export async function startRegistry(
  { runner }: Pick<World, 'runner'>,
  { run, dockerNetwork }: Pick<RunRecord, 'run' | 'dockerNetwork'>,
  image: string,
): Promise<string> {
  try {
    await runner.run(start(run, dockerNetwork, image), { timeoutSeconds: startSeconds })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new Error(`no registry could be started from ${image} (input registry-image): ${error.message}`, {
      cause: error,
    })
  }
  return parsePublishedPort(await runner.run(publishedPort(run)))
}

/**
 * Makes the registry known in a cluster under the name that it has on the host: to containerd on every node, where it
 * must answer, and to tools that look for it.
 */
export async function teachRegistry(
  world: Pick<World, 'runner' | 'log' | 'clock'>,
  record: RunRecord,
  cluster: Cluster,
  registry: string,
): Promise<void> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  const { run, waitSeconds } = record
  await whenAllEnd<unknown>([
    patient(world, cluster.name, waitSeconds).run(applyManifest(target), { input: registryHosting(run, registry) }),
    ...cluster.nodes.map(({ name }) =>
      world.runner
        .run(teachNodeRegistry(name, run, registry, waitSeconds), { timeoutSeconds: waitSeconds + 30 })
        .catch((error: unknown) => {
          if (!(error instanceof CommandError)) throw error
          throw new Error(`node ${name} does not reach the registry: ${error.message}`, { cause: error })
        }),
    ),
  ])
}

/** Has a cluster that stays forget the registry of a run that goes. */
export async function forgetRegistry(
  world: Pick<World, 'runner' | 'log' | 'clock'>,
  record: RunRecord,
  cluster: Cluster,
  registry: string,
): Promise<void> {
  await whenAllEnd([
    patient(world, cluster.name, record.waitSeconds).run(
      deleteRegistryHosting({ kubeconfig: clusterKubeconfig(record, cluster.name) }, record.run),
    ),
    ...cluster.nodes.map(({ name }) => world.runner.run(forgetNodeRegistry(name, registry))),
  ])
}
