import type { KindContainer } from '../commands/docker.js'
import { ofFamily } from '../model/cidr.js'
import { familiesOf, type Cluster } from '../plan/cluster.js'
import { atNodeAddress } from '../plan/kubeconfig.js'
import { apiServerContainer } from '../model/kind-names.js'
import { clusterKubeconfig, internalKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'
import { attachedContainers } from './attached-containers.js'

/** Writes the kubeconfig with a node's address of a cluster that was just made or taken over. */
export async function writeInternalKubeconfigOf(
  world: Pick<World, 'runner' | 'files' | 'clock'>,
  record: RunRecord,
  cluster: Cluster,
): Promise<void> {
  const controlPlanes = cluster.nodes.filter(({ role }) => role === 'control-plane')
  const name = apiServerContainer(cluster.name, controlPlanes.length)
  await writeInternalKubeconfig(world, record, cluster, await attachedContainers(world, [name], record))
}

/**
 * Writes a cluster's kubeconfig with the address of its container beside the one that kind wrote (0600). In a container
 * that has joined the Docker network it takes the place of kind's, which names a loopback that is not in reach there.
 */
export async function writeInternalKubeconfig(
  { files }: Pick<World, 'files'>,
  record: RunRecord,
  cluster: Cluster,
  containers: readonly KindContainer[],
): Promise<void> {
  const ofCluster = containers.filter((each) => each.cluster === cluster.name)
  const listens =
    ofCluster.find(({ role }) => role === 'external-load-balancer') ??
    ofCluster.find(({ role, running }) => role === 'control-plane' && running)
  const addresses = listens?.addresses[record.dockerNetwork] ?? []
  const [address] = familiesOf(cluster).flatMap((family) => ofFamily(addresses, family))
  if (listens === undefined || address === undefined) {
    throw new Error(
      `the API server of cluster ${cluster.name} has no address on the Docker network ${record.dockerNetwork}; does ${listens?.name ?? 'its container'} still run?`,
    )
  }
  const own = clusterKubeconfig(record, cluster.name)
  const internal = atNodeAddress(await files.read(own), address, listens.name)
  await files.writePrivate(internalKubeconfig(record, cluster.name), internal)
  if (record.container !== undefined) await files.writePrivate(own, internal)
}
