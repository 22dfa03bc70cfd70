import { inspectContainers, parseKindContainers } from '../commands/docker.js'
import { getClusterState, parseClusterState, type ClusterState } from '../commands/cluster-state.js'
import { ofFamily } from '../model/cidr.js'
import { requirePlannedAddresses } from '../plan/planned-addresses.js'
import { familiesOf, type Cluster } from '../plan/cluster.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { Node } from '../plan/wiring.js'
import type { CommandRunner, World } from '../ports.js'
import { existingKindContainers, nodesOf } from './existing-objects.js'
import { missingCoreDns, missingNodes, untilNodesReady } from './until-ready.js'
import { whenAllEnd } from './when-all-end.js'
import { writeInternalKubeconfig } from './write-kubeconfigs.js'

/**
 * Joins what Kubernetes knows of the nodes (podCIDRs) with what Docker knows (the addresses on the shared network).
 * @throws when a node has no address of one of its cluster's families, or when a cluster gives out addresses that are not
 * those of the plan
 */
export async function describeNodes(
  runner: CommandRunner,
  dockerNetwork: string,
  clusters: readonly { readonly cluster: Cluster; readonly state: ClusterState }[],
): Promise<Node[]> {
  requirePlannedAddresses(clusters)
  const names = clusters.flatMap(({ cluster }) => cluster.nodes.map(({ name }) => name))
  const containers = parseKindContainers(await runner.run(inspectContainers(names)))
  return clusters.flatMap(({ cluster, state }) =>
    cluster.nodes.map(({ name, role }) => {
      const own = containers.find((container) => container.name === name)?.addresses[dockerNetwork] ?? []
      const addresses = familiesOf(cluster).map((family) => {
        const [address] = ofFamily(own, family)
        if (address !== undefined) return address
        throw new Error(
          `node ${name} has no ${family} address on the Docker network ${dockerNetwork}; is it still running?`,
        )
      })
      const podCIDRs = state.nodes.find((node) => node.name === name)?.podCIDRs ?? []
      return { cluster: cluster.name, name, role, addresses, podCIDRs }
    }),
  )
}

/** The clusters of a record with their nodes as they are now: those that run and that Kubernetes knows. Renews their kubeconfigs. */
export async function findNodes(world: World, saved: RunRecord): Promise<{ record: RunRecord; nodes: Node[] }> {
  const containers = await existingKindContainers(world.runner)
  const clusters = await whenAllEnd(
    saved.clusters.map(async (cluster) => {
      const found = nodesOf(
        cluster.name,
        containers.filter(({ running }) => running),
      )
      tellDifference(world, cluster, found)
      if (!found.some(({ role }) => role === 'control-plane')) {
        throw new Error(`cluster ${cluster.name} has no control plane that runs; start it, or make the clusters anew`)
      }
      const now = { ...cluster, nodes: found }
      // a restart may have given its containers other addresses
      await writeInternalKubeconfig(world, saved, now, containers)
      return { cluster: now, state: await untilNodesReady(world, saved, now, saved.waitSeconds) }
    }),
  )
  const record = { ...saved, clusters: clusters.map(({ cluster }) => cluster) }
  return { record, nodes: await describeNodes(world.runner, saved.dockerNetwork, clusters) }
}

function tellDifference(
  { log }: World,
  { name: cluster, nodes }: Cluster,
  found: readonly { readonly name: string }[],
): void {
  const without = (list: readonly { readonly name: string }[], other: readonly { readonly name: string }[]) =>
    list.filter(({ name }) => !other.some((each) => each.name === name)).map(({ name }) => name)
  for (const gone of without(nodes, found)) log.info(`${cluster}: node ${gone} does not run: nothing goes through it`)
  for (const added of without(found, nodes)) log.info(`${cluster}: node ${added} was added`)
}

/**
 * The nodes of clusters that exist already.
 * @throws when a cluster does not answer or is not ready
 */
export async function readNodes({ runner }: World, record: RunRecord): Promise<Node[]> {
  const clusters = await Promise.all(
    record.clusters.map(async (cluster) => {
      const state = parseClusterState(
        await runner.run(getClusterState({ kubeconfig: clusterKubeconfig(record, cluster.name) })),
      )
      const missing = [...missingNodes(state, cluster), ...missingCoreDns(state)]
      if (missing.length > 0) throw new Error(`cluster ${cluster.name} is not ready:\n  ${missing.join('\n  ')}`)
      return { cluster, state }
    }),
  )
  return describeNodes(runner, record.dockerNetwork, clusters)
}
