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
  containersOn,
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
 * @param left what of the run could not be removed before
 * @throws with everything that could not be removed
 */
export async function deleteRun(world: World, removal: Removal, left: readonly string[] = []): Promise<void> {
  const failures = [...left]
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
  let hasLeft = false
  let refused = `containers of run ${removal.run} still appear`
  for (let look = 1; quiet < needed; look++) {
    if (look > mostLooks) throw new Error(`given up after ${String(mostLooks)} looks: ${refused}`)
    const [containers, networks] = await Promise.all([
      containersOf(runner, removal.run, planned),
      freeNetworks(runner, removal),
    ])
    if (containers.length === 0 && !hasLeft) {
      // as long as there are nodes, verify and repair need it there
      await leaveNetwork(world, removal)
      hasLeft = true
    }
    quiet = containers.length === 0 && networks.length === 0 ? quiet + 1 : 0
    if (quiet >= needed) break
    try {
      const refusals = await removeContainersAndNetworks(world, containers, networks)
      refused = refusals[0] ?? refused
      // what somebody else removes too, or what the engine still holds on to, is not there or free at once
      if (quiet > 0 || refusals.length > 0) await clock.sleep(pauseSeconds)
    } catch (error) {
      if (!(error instanceof NotRemoved) || ++tries === mostTries) throw error
      await clock.sleep(pauseSeconds)
    }
  }
  await leaveNetworksToOthers(world, removal)
  await removeReservation(world, removal.run)
}

/** The run's networks that nobody has or has reserved; the container that this process runs in leaves them first. */
async function freeNetworks(runner: CommandRunner, { run, container }: Removal): Promise<InspectedNetwork[]> {
  const networks = await existingNetworks(runner, { run })
  if (networks.length === 0) return []
  const volumes = await existingVolumes(runner)
  const reserved = new Set(volumes.flatMap((each) => (each.run === run ? [] : (each.reservation?.dockerNetwork ?? []))))
  const users = await Promise.all(networks.map(({ name }) => containersOn(runner, name)))
  return networks.filter(
    ({ name }, index) => !reserved.has(name) && (users[index] ?? []).every(({ id }) => id === container?.id),
  )
}

/** @returns what the engine said of those that somebody else removes as well, or that are still in use */
async function removeContainersAndNetworks(
  { runner, log }: Pick<World, 'runner' | 'log'>,
  containers: readonly Pick<KindContainer, 'id' | 'name'>[],
  networks: readonly InspectedNetwork[],
): Promise<string[]> {
  const refusals: string[] = []
  if (containers.length > 0) {
    const names = containers.map(({ name }) => name).join(', ')
    log.info(`removing ${names}`)
    const command = removeContainers(containers.map(({ id }) => id))
    refusals.push(...(await runner.run(command, { timeoutSeconds: removeSeconds }).then(nothing, unless(names))))
  }
  for (const { id, name } of networks) {
    log.info(`removing the Docker network ${name}`)
    refusals.push(...(await runner.run(removeNetwork(id)).then(nothing, unless(`the Docker network ${name}`))))
  }
  return refusals
}

/**
 * A network of the run that clusters of others are on, or will be, stays for them, and the last of these runs removes it.
 * @throws when nothing but containers that belong to no cluster are on it: while they are, the run is not removed
 */
async function leaveNetworksToOthers(
  { runner, log }: Pick<World, 'runner' | 'log'>,
  { run, dockerNetwork }: Removal,
): Promise<void> {
  const left = (await existingNetworks(runner, {})).filter(
    (network) => network.run === run || (network.run !== undefined && network.name === dockerNetwork),
  )
  if (left.length === 0) return
  const { users, runs, reserved } = await runsAtWork(runner, run)
  for (const { id, name, run: maker = run } of left) {
    const attached = await containersOn(runner, name)
    const isUsed = reserved.has(name) || attached.some((container) => users.has(container.id))
    if (maker === run && attached.length > 0 && !isUsed) {
      throw new Error(
        `the Docker network ${name} stays while others are on it; disconnect them with:\n` +
          attached.map((container) => `  ${shellCommand(disconnectNetwork(name, container.name))}`).join('\n'),
      )
    }
    if (maker === run && isUsed) log.info(`the Docker network ${name} stays for the clusters of others on it`)
    else if (maker !== run && attached.length === 0 && !reserved.has(name) && !runs.has(maker)) {
      log.info(`removing the Docker network ${name}, which run ${maker} left to this one`)
      await runner.run(removeNetwork(id)).then(nothing, unless(`the Docker network ${name}`))
    }
  }
}

/** Last of all: as long as anything is there, its names and subnets are taken. */
async function removeReservation({ runner, log }: Pick<World, 'runner' | 'log'>, run: string): Promise<void> {
  const volume = reservationVolume(run)
  if (!(await existingVolumes(runner)).some(({ name, run: maker }) => name === volume && maker === run)) return
  log.info(`removing the Docker volume ${volume}`)
  const [inUse] = await runner.run(removeVolumes([volume])).then(nothing, unless(`the Docker volume ${volume}`))
  if (inUse !== undefined) throw new Error(inUse)
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

interface RunsAtWork {
  /** Ids of the containers of all kind clusters, and of what runs made besides. */
  readonly users: ReadonlySet<string>
  /** Runs that have a container or a volume. */
  readonly runs: ReadonlySet<string>
  /** Names of the networks that other runs have reserved. */
  readonly reserved: ReadonlySet<string>
}

async function runsAtWork(runner: CommandRunner, own?: string): Promise<RunsAtWork> {
  const [ofKind, others, volumes] = await Promise.all([
    existingKindContainers(runner),
    existingRunContainers(runner),
    existingVolumes(runner),
  ])
  return {
    users: new Set([...ofKind, ...others].map(({ id }) => id)),
    runs: new Set([...ofKind, ...others, ...volumes].flatMap(({ run }) => run ?? [])),
    reserved: new Set(
      volumes.flatMap(({ run, reservation }) => (run === own ? [] : (reservation?.dockerNetwork ?? []))),
    ),
  }
}

/** Somebody else removes the same object, or has come to use it, since it was looked at; or the engine has not let go of it. */
const inTheWay = /already in progress|active endpoints|volume is in use/i

const nothing = (): string[] => []

/** What a failed removal comes to; one that neither time nor another helps with is thrown. */
function unless(names: string) {
  return (error: unknown): string[] => {
    if (!(error instanceof CommandError)) throw error
    if (goneTexts.test(error.output)) return []
    const told = `${names}: ${error.message}`
    if (inTheWay.test(error.output)) return [told]
    throw new NotRemoved(told, { cause: error })
  }
}

/** What may succeed when it is tried again. */
class NotRemoved extends Error {}
