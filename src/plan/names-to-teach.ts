import { addressAt, familyOf, parseCidr } from '../model/cidr.js'
import { familiesOf, type Cluster } from './cluster.js'
import type { Names } from './corefile.js'
import { areJoined } from './groups.js'

/** kubeadm gives the DNS service this address of each service subnet (`GetDNSIP`). */
const dnsAddress = 10

/** The addresses of a cluster's DNS service: one in each of its address families. */
export function dnsServers({ serviceSubnets }: Cluster): string[] {
  return serviceSubnets.map((subnet) => addressAt(parseCidr(subnet), dnsAddress))
}

/**
 * What a cluster's CoreDNS must know beyond what kubeadm told it.
 * @param upstream whether its pods reach a nameserver of their node
 */
export function namesToTeach(own: Cluster, clusters: readonly Cluster[], upstream: boolean): Names {
  const families = familiesOf(own)
  return {
    ...(own.domain !== undefined && { domain: own.domain }),
    peers: clusters
      .filter((cluster) => areJoined(own, cluster))
      .flatMap((peer) => {
        const servers = dnsServers(peer).filter((server) => families.includes(familyOf(server)))
        return peer.domain === undefined ? [] : [{ domain: peer.domain, servers }]
      }),
    upstream,
  }
}
