import {
  listNetworkRuns,
  parseLines,
  removeContainers,
  removeNetwork,
  removeVolumes,
  reservationVolume,
  type KindContainer,
} from '../commands/docker.js'
import { CommandError, messageOf } from '../errors.js'
import type { RunRecord } from '../plan/run-record.js'
import type { CommandRunner, World } from '../ports.js'
import { releaseEngineLock } from './engine-lock.js'
import {
  existingKindContainers,
  existingNetworks,
  existingRunContainers,
  existingVolumes,
  goneTexts,
} from './existing-objects.js'
import { leaveNetwork } from './join-network.js'

/** What is known of a run that is to be removed; without a record, only its id, which its objects carry. */
export type Removal = Pick<RunRecord, 'run'> & Partial<RunRecord>

/** Times the engine must show nothing of a run that may still be on its way, and the pause between two looks. */
const quietLooks = 3
const pauseSeconds = 0.5
const mostLooks = 60

/**
 * Removes exactly what a run made: its containers with their volumes, its network when nobody else is on it, its
 * reservation, its files; and gives back the engine's lock. Safe to repeat. One failure does not keep it from the rest.
 * @throws with everything that could not be removed
 */
export async function deleteRun(world: World, removal: Removal): Promise<void> {
  const failures: string[] = []
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      failures.push(`${what}: ${messageOf(error)}`)
    }
  }
  await attempt('processes', async () => {
    const count = await world.processes.endLeftovers()
    if (count > 0) world.log.info(`${String(count)} processes of the run ended`)
  })
  // a network goes when nobody is on it
  await attempt('network', () => leaveNetwork(world, removal))
  await attempt('containers and network', () => removeDockerObjects(world, removal))
  await attempt('lock', () => releaseEngineLock(world, removal.run))
  const { directory, kubeconfig } = removal
  if (kubeconfig !== undefined) await attempt(`file ${kubeconfig}`, () => world.files.removeFile(kubeconfig))
  if (directory !== undefined) await attempt(`directory ${directory}`, () => world.files.removeDirectory(directory))
  if (failures.length > 0) throw new Error(`not everything was removed:\n  ${failures.join('\n  ')}`)
}

/** A container that was asked for by a killed process can still appear: look until nothing has come for a while. */
async function removeDockerObjects({ runner, log, clock }: World, removal: Removal): Promise<void> {
  const needed = removal.complete === true ? 1 : quietLooks
  let quiet = 0
  for (let look = 1; quiet < needed; look++) {
    const [containers, networks] = await Promise.all([
      containersOf(runner, removal),
      existingNetworks(runner, { run: removal.run }),
    ])
    if (containers.length > 0) {
      const names = containers.map(({ name }) => name).join(', ')
      log.info(`removing ${names}`)
      await runner.run(removeContainers(containers.map(({ id }) => id))).catch(unless(beingRemoved, names))
    }
    const free = networks.filter((network) => network.containers === 0)
    for (const { id, name } of free) {
      log.info(`removing the Docker network ${name}`)
      await runner.run(removeNetwork(id)).catch(unless(goneOrInUse, name))
    }
    quiet = containers.length === 0 && free.length === 0 ? quiet + 1 : 0
    if (look === mostLooks)
      throw new Error(`containers of run ${removal.run} still appear after ${String(mostLooks)} looks`)
    if (quiet > 0 && quiet < needed) await clock.sleep(pauseSeconds)
  }
  for (const { name } of await existingNetworks(runner, { run: removal.run })) {
    log.info(`the Docker network ${name} stays: containers of others are on it`)
  }
  await removeReservation({ runner, log }, removal.run)
}

/** Last of all: as long as anything is there, its names and subnets are taken. */
async function removeReservation({ runner, log }: Pick<World, 'runner' | 'log'>, run: string): Promise<void> {
  const volume = reservationVolume(run)
  if (!(await existingVolumes(runner)).some(({ name }) => name === volume)) return
  log.info(`removing the Docker volume ${volume}`)
  await runner.run(removeVolumes([volume])).catch(unless(goneOrInUse, volume))
}

async function containersOf(
  runner: CommandRunner,
  { run, clusters = [] }: Removal,
): Promise<Pick<KindContainer, 'id' | 'name'>[]> {
  const [ofKind, others] = await Promise.all([existingKindContainers(runner), existingRunContainers(runner)])
  const planned = clusters.filter(({ reused }) => !reused).map(({ name }) => name)
  return [...ownedBy(ofKind, run, planned), ...others.filter((container) => container.run === run)]
}

/**
 * The containers of a run: the nodes that carry its mount, and load balancers of those clusters, which carry nothing.
 * A load balancer without nodes belongs to the run when the run planned its cluster.
 */
export function ownedBy(
  containers: readonly KindContainer[],
  run: string,
  planned: readonly string[],
): KindContainer[] {
  const nodes = containers.filter((container) => container.run === run)
  const clusters = new Set([...planned, ...nodes.map(({ cluster }) => cluster)])
  const foreign = new Set(
    containers
      .filter(({ role, run: owner }) => role !== 'external-load-balancer' && owner !== run)
      .map(({ cluster }) => cluster),
  )
  const balancers = containers.filter(
    ({ role, cluster }) => role === 'external-load-balancer' && clusters.has(cluster) && !foreign.has(cluster),
  )
  return [...nodes, ...balancers]
}

/** Ids of the runs that have a container, a network or a volume on the engine. */
export async function runsOn(runner: CommandRunner): Promise<string[]> {
  const [nodes, others, labels, volumes] = await Promise.all([
    existingKindContainers(runner),
    existingRunContainers(runner),
    runner.run(listNetworkRuns),
    existingVolumes(runner),
  ])
  return [...new Set([...nodes, ...others, ...volumes].flatMap(({ run }) => run ?? []).concat(parseLines(labels)))]
}

/** Somebody else removes the same container, or has done so: the next look tells. */
const beingRemoved = new RegExp(`${goneTexts.source}|already in progress`, 'i')
/** Somebody else has removed the network or volume, or come to use it, since it was looked at. */
const goneOrInUse = new RegExp(`${goneTexts.source}|active endpoints|volume is in use`, 'i')

/** Passes over a failure that says so; any other is told with the names of the objects. */
function unless(texts: RegExp, names: string) {
  return (error: unknown): void => {
    if (!(error instanceof CommandError)) throw error
    if (!texts.test(error.output)) throw new Error(`${names}: ${error.message}`, { cause: error })
  }
}
