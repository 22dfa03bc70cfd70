import { getClusterState, parseClusterState, type ClusterState } from '../commands/cluster-state.js'
import type { KindContainer } from '../commands/docker.js'
import { CommandError } from '../errors.js'
import { ofFamily } from '../model/cidr.js'
import { requirePlannedAddresses } from '../plan/planned-addresses.js'
import { familiesOf, type Cluster } from '../plan/cluster.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { Node } from '../plan/wiring.js'
import type { World } from '../ports.js'
import { allOrNone } from './all-or-none.js'
import { attachedContainers, restartSeconds } from './attached-containers.js'
import { existingKindContainers, nodesOf } from './existing-objects.js'
import { explained, explainEngine } from './engine-trouble.js'
import { patient } from './patience.js'
import { missingCoreDns, missingNodes, untilNodesReady } from './until-ready.js'
import { writeInternalKubeconfig } from './write-kubeconfigs.js'

/**
 * Joins what Kubernetes knows of the nodes (podCIDRs) with what Docker knows (the addresses on the shared network).
 * @throws when a node has no address of one of its cluster's families, or when a cluster gives out addresses that are not
 * those of the plan
 */
export async function describeNodes(
  world: Pick<World, 'runner' | 'clock'>,
  record: Pick<RunRecord, 'dockerNetwork' | 'waitSeconds'>,
  clusters: readonly { readonly cluster: Cluster; readonly state: ClusterState }[],
): Promise<Node[]> {
  requirePlannedAddresses(clusters)
  const names = clusters.flatMap(({ cluster }) => cluster.nodes.map(({ name }) => name))
  const { dockerNetwork } = record
  const containers = new Map((await attachedContainers(world, names, record)).map((each) => [each.name, each]))
  return clusters.flatMap(({ cluster, state }) => {
    const known = new Map(state.nodes.map((node) => [node.name, node]))
    return cluster.nodes.map(({ name, role }) => {
      const own = containers.get(name)?.addresses[dockerNetwork] ?? []
      const addresses = familiesOf(cluster).map((family) => {
        const [address] = ofFamily(own, family)
        if (address !== undefined) return address
        throw new Error(
          `node ${name} has no ${family} address on the Docker network ${dockerNetwork}; is it still running?`,
        )
      })
      return { cluster: cluster.name, name, role, addresses, podCIDRs: known.get(name)?.podCIDRs ?? [] }
    })
  })
}

/** The clusters of a record with their nodes as they are now: those that run and that Kubernetes knows. Renews their kubeconfigs. */
export async function findNodes(world: World, saved: RunRecord): Promise<{ record: RunRecord; nodes: Node[] }> {
  const containers = await explained(world, existingKindContainers(world.runner))
  const clusters = await allOrNone(
    world,
    saved.clusters.map((cluster) => async (live: World) => {
      const found = nodesOf(
        cluster.name,
        containers.filter(({ running }) => running),
      )
      tellDifference(live, cluster, found)
      if (!found.some(({ role }) => role === 'control-plane')) throw noControlPlane(cluster)
      const now = { ...cluster, nodes: found }
      // a restart may have given its containers other addresses
      await writeInternalKubeconfig(live, saved, now, containers)
      return { cluster: now, state: await untilNodesReady(live, saved, now, saved.waitSeconds) }
    }),
  )
  const record = { ...saved, clusters: clusters.map(({ cluster }) => cluster) }
  return { record, nodes: await describeNodes(world, saved, clusters) }
}

function tellDifference(
  { log }: World,
  { name: cluster, nodes }: Cluster,
  found: readonly { readonly name: string }[],
): void {
  const without = (list: readonly { readonly name: string }[], other: readonly { readonly name: string }[]) => {
    const names = new Set(other.map(({ name }) => name))
    return list.map(({ name }) => name).filter((name) => !names.has(name))
  }
  for (const gone of without(nodes, found)) log.info(`${cluster}: node ${gone} does not run: nothing goes through it`)
  for (const added of without(found, nodes)) log.info(`${cluster}: node ${added} was added`)
}

/** A cluster that somebody repairs, or whose API server has just come back, is ready within this time. */
const recoverySeconds = 30

/**
 * The nodes of clusters that exist already.
 * @throws when a cluster does not answer or is not ready
 */
export async function readNodes(world: World, record: RunRecord): Promise<Node[]> {
  const clusters = await allOrNone(
    world,
    record.clusters.map((cluster) => async (live: World) => {
      const api = patient(live, cluster.name, record.waitSeconds, controlPlaneGuard(live, cluster))
      const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
      const end = live.clock.now() + Math.min(recoverySeconds, record.waitSeconds)
      for (;;) {
        const state = parseClusterState(await api.run(getClusterState(target)))
        const missing = [...missingNodes(state, cluster), ...missingCoreDns(state)]
        if (missing.length === 0) return { cluster, state }
        if (live.clock.now() >= end) {
          throw new Error(`cluster ${cluster.name} is not ready:\n  ${missing.join('\n  ')}`)
        }
        await live.clock.sleep(1)
      }
    }),
  )
  return describeNodes(world, record, clusters)
}

/** An engine that restarts answers again within this time, with all that it starts first. */
const engineRestartSeconds = 60

/**
 * Throws when no control plane of a cluster runs, and none has come back for as long as a restart takes; the same for an
 * engine that does not answer.
 */
function controlPlaneGuard(world: World, cluster: Cluster): () => Promise<void> {
  const { runner, clock } = world
  let silentSince: number | undefined
  let stoppedSince: number | undefined
  return async () => {
    let all: KindContainer[]
    try {
      all = await existingKindContainers(runner)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      silentSince ??= clock.now()
      if (clock.now() - silentSince >= engineRestartSeconds) throw await explainEngine(world, error)
      return
    }
    silentSince = undefined
    const containers = all.filter((each) => each.cluster === cluster.name)
    const runs = containers.some(({ role, running }) => role === 'control-plane' && running)
    stoppedSince = runs ? undefined : (stoppedSince ?? clock.now())
    const isStopped = stoppedSince !== undefined && clock.now() - stoppedSince >= restartSeconds
    if (isStopped || containers.length === 0) throw noControlPlane(cluster)
  }
}

function noControlPlane({ name }: Cluster): Error {
  return new Error(`cluster ${name} has no control plane that runs; start it, or make the clusters anew`)
}
