import { giveDnsServiceAddresses } from '../commands/core-dns.js'
import { familyOf } from '../model/cidr.js'
import type { Cluster } from '../plan/cluster.js'
import { dnsServers, namesToTeach } from '../plan/names-to-teach.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'
import { patient } from './patience.js'
import { hasReachableUpstream, teachNames } from './teach-names.js'

/**
 * Has a cluster's CoreDNS know its own domain and those of the joined clusters, and answer for what is outside when no
 * nameserver is in reach of its pods. Most clusters need neither and are left as they are.
 * @returns whether anything was changed
 */
export async function teachCluster(world: World, record: RunRecord, cluster: Cluster): Promise<boolean> {
  const [controlPlane] = cluster.nodes
  const ipv6Only = cluster.podSubnets.every((subnet) => familyOf(subnet) === 'ipv6')
  const upstream = !ipv6Only || controlPlane === undefined || (await hasReachableUpstream(world, controlPlane.name))
  if (cluster.domain === undefined && upstream) return false
  const kubeconfig = clusterKubeconfig(record, cluster.name)
  if (cluster.domain !== undefined && cluster.serviceSubnets.length > 1) {
    // kubeadm gives it an address of the primary family alone, which a joined cluster may not have
    await patient(world, cluster.name, record.waitSeconds).run(
      giveDnsServiceAddresses({ kubeconfig }, dnsServers(cluster)),
    )
  }
  const names = namesToTeach(cluster, record.clusters, upstream)
  return teachNames(world, { name: cluster.name, kubeconfig }, names, record.waitSeconds)
}
