import { removeContainers, type KindContainer } from '../commands/docker.js'
import {
  disconnectNetwork,
  listNetworkRuns,
  parseNetworkRuns,
  removeNetwork,
  type InspectedNetwork,
} from '../commands/docker-networks.js'
import { removeVolumes, reservationVolume } from '../commands/docker-volumes.js'
import { CancelledError, CommandError, messageOf, shellCommand } from '../errors.js'
import { isKubeconfigOfUser, recordFile, type RunRecord } from '../plan/run-record.js'
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
import { removeKubeconfig } from './merged-kubeconfig.js'

/** What is known of a run that is to be removed; without a record, only its id, which its objects carry. */
export type Removal = Pick<RunRecord, 'run'> & Partial<RunRecord>

/** Times the engine must show nothing of a run that may still be on its way, and the pause between two looks. */
const quietLooks = 3
const pauseSeconds = 0.5
const mostLooks = 60

/** Times that a removal which fails is tried, since a busy device or engine may be free soon. */
const mostTries = 3
/** Longest time for all containers of a run to be removed. */
const removeSeconds = 5 * 60

/**
 * Removes exactly what a run created: its containers with their volumes, its network, its reservation and its files; and
 * gives back the engine's lock. One failure does not keep it from the rest, but the files stay then: with them the run
 * can be checked, repaired and removed later. The record goes last of all. Safe to repeat.
 * @throws with everything that could not be removed
 */
export async function deleteRun(world: World, removal: Removal): Promise<void> {
  const failures: string[] = []
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      // what is left is for the next time
      if (error instanceof CancelledError) throw error
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
  if (failures.length === 0) await attempt('files', () => removeFiles(world, removal))
  if (failures.length > 0) throw new Error(`not everything was removed:\n  ${failures.join('\n  ')}`)
}

async function removeFiles(world: World, { run, directory, kubeconfig, kubeconfigFile }: Removal): Promise<void> {
  if (directory === undefined) return
  if (kubeconfig !== undefined && isKubeconfigOfUser({ directory, kubeconfig })) {
    await removeKubeconfig(world, { run, kubeconfig, ...(kubeconfigFile !== undefined && { kubeconfigFile }) })
  }
  await world.files.removeDirectory(directory, recordFile)
}

/** A container that was asked for by a killed process can still appear: look until nothing has come for a while. */
async function removeDockerObjects(world: World, removal: Removal): Promise<void> {
  const { runner, clock } = world
  const planned = await plannedClusters(runner, removal)
  const needed = removal.complete === true ? 1 : quietLooks
  let quiet = 0
  let tries = 0
  for (let look = 1; quiet < needed; look++) {
    const [containers, networks] = await Promise.all([
      containersOf(runner, removal.run, planned),
      existingNetworks(runner, { run: removal.run }),
    ])
    const free = networks.filter(({ attached }) => attached.length === 0)
    try {
      await removeContainersAndNetworks(world, containers, free)
    } catch (error) {
      if (!(error instanceof NotRemoved) || ++tries === mostTries) throw error
      await clock.sleep(pauseSeconds)
    }
    quiet = containers.length === 0 && free.length === 0 ? quiet + 1 : 0
    if (look === mostLooks)
      throw new Error(`containers of run ${removal.run} still appear after ${String(mostLooks)} looks`)
    if (quiet > 0 && quiet < needed) await clock.sleep(pauseSeconds)
  }
  await leaveNetworksToOthers(world, removal)
  await removeReservation(world, removal.run)
}

async function removeContainersAndNetworks(
  { runner, log }: Pick<World, 'runner' | 'log'>,
  containers: readonly Pick<KindContainer, 'id' | 'name'>[],
  networks: readonly InspectedNetwork[],
): Promise<void> {
  if (containers.length > 0) {
    const names = containers.map(({ name }) => name).join(', ')
    log.info(`removing ${names}`)
    const command = removeContainers(containers.map(({ id }) => id))
    await runner.run(command, { timeoutSeconds: removeSeconds }).catch(unless(beingRemoved, names))
  }
  for (const { id, name } of networks) {
    log.info(`removing the Docker network ${name}`)
    await runner.run(removeNetwork(id)).catch(unless(goneOrInUse, name))
  }
}

/**
 * A network of the run that clusters of other runs are on stays for them, and the last of these runs removes it.
 * @throws when containers of nobody's run are on it: while they are, the run is not removed
 */
async function leaveNetworksToOthers(
  { runner, log }: Pick<World, 'runner' | 'log'>,
  { run, dockerNetwork }: Removal,
): Promise<void> {
  const left = (await existingNetworks(runner, {})).filter(
    (network) => network.run === run || (network.run !== undefined && network.name === dockerNetwork),
  )
  if (left.length === 0) return
  const { containers, runs } = await runsAtWork(runner)
  for (const { id, name, run: maker = run, attached } of left) {
    const strangers = attached.filter((container) => !containers.has(container.id)).map((container) => container.name)
    if (maker === run && strangers.length > 0) {
      throw new Error(
        `the Docker network ${name} stays while others are on it; disconnect them with:\n` +
          strangers.map((container) => `  ${shellCommand(disconnectNetwork(name, container))}`).join('\n'),
      )
    }
    if (attached.length > 0) {
      if (maker === run) log.info(`the Docker network ${name} stays for the clusters of other runs on it`)
    } else if (maker !== run && !runs.has(maker)) {
      log.info(`removing the Docker network ${name}, which run ${maker} left to this one`)
      await runner.run(removeNetwork(id)).catch(unless(goneOrInUse, name))
    }
  }
}

/** Last of all: as long as anything is there, its names and subnets are taken. */
async function removeReservation({ runner, log }: Pick<World, 'runner' | 'log'>, run: string): Promise<void> {
  const volume = reservationVolume(run)
  if (!(await existingVolumes(runner)).some(({ name, run: maker }) => name === volume && maker === run)) return
  log.info(`removing the Docker volume ${volume}`)
  await runner.run(removeVolumes([volume])).catch(unless(goneOrInUse, volume))
}

/** Names of the clusters that the run was to create; without a record the engine keeps them. */
async function plannedClusters(runner: CommandRunner, { run, clusters }: Removal): Promise<readonly string[]> {
  if (clusters !== undefined) return clusters.filter(({ reused }) => !reused).map(({ name }) => name)
  const volumes = await existingVolumes(runner)
  return volumes.find(({ name }) => name === reservationVolume(run))?.reservation?.clusters ?? []
}

async function containersOf(
  runner: CommandRunner,
  run: string,
  planned: readonly string[],
): Promise<Pick<KindContainer, 'id' | 'name'>[]> {
  const [ofKind, others] = await Promise.all([existingKindContainers(runner), existingRunContainers(runner)])
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
  const [{ runs }, ofNetworks] = await Promise.all([
    runsAtWork(runner),
    runner.run(listNetworkRuns).then(parseNetworkRuns),
  ])
  return [...new Set([...runs, ...ofNetworks])]
}

/** Ids of the containers of all runs, load balancers included, and of the runs that have a container or a volume. */
async function runsAtWork(runner: CommandRunner): Promise<{ containers: Set<string>; runs: Set<string> }> {
  const [ofKind, others, volumes] = await Promise.all([
    existingKindContainers(runner),
    existingRunContainers(runner),
    existingVolumes(runner),
  ])
  const runs = new Set([...ofKind, ...others, ...volumes].flatMap(({ run }) => run ?? []))
  const nodes = [...runs].flatMap((run) => ownedBy(ofKind, run, []))
  return { containers: new Set([...nodes, ...others].map(({ id }) => id)), runs }
}

/** Somebody else removes the same container, or has done so: the next look tells. */
const beingRemoved = new RegExp(`${goneTexts.source}|already in progress`, 'i')
/** Somebody else has removed the network or volume, or come to use it, since it was looked at. */
const goneOrInUse = new RegExp(`${goneTexts.source}|active endpoints|volume is in use`, 'i')

/** Passes over a failure that says so; any other is told with the names of the objects. */
function unless(texts: RegExp, names: string) {
  return (error: unknown): void => {
    if (!(error instanceof CommandError)) throw error
    if (!texts.test(error.output)) throw new NotRemoved(`${names}: ${error.message}`, { cause: error })
  }
}

/** What may succeed when it is tried again. */
class NotRemoved extends Error {}
