import {
  addressesMeet,
  describePort,
  fixedPorts,
  portsMeet,
  type HostPort,
  type WantedPort,
} from '../kind-config/host-ports.js'
import { canonicalAddress } from '../model/cidr.js'
import { groupBy } from '../model/group-by.js'
import type { Problems } from '../model/problems.js'
import type { NamedCluster } from './cluster.js'
import type { ClusterRequest } from './cluster-request.js'
import type { HostFacts } from './host-facts.js'
import { shortenList } from '../shorten.js'

const remedy = 'give each its own port, or 0 for any that is free'

/** The fixed ports that a cluster publishes on the engine's machine. */
export function hostPortsOf({ nodes, config, families, places }: ClusterRequest): WantedPort[] {
  return fixedPorts(nodes, config.networking ?? {}, families, places)
}

/**
 * Tells which fixed ports cannot be published: two nodes or clusters want one, or something on the machine has it.
 * Docker would find out when half of the clusters run already.
 */
export function checkHostPorts(
  problems: Problems,
  clusters: readonly NamedCluster[],
  { containers, usedPorts }: Pick<HostFacts, 'containers' | 'usedPorts'>,
): void {
  const wanted = clusters.flatMap((cluster) =>
    hostPortsOf(cluster).map((port) => ({ ...port, address: canonicalAddress(port.address), cluster: cluster.name })),
  )
  const byPlace = groupBy(wanted, ({ place }) => place)
  const byPort = groupBy(wanted, portOf)
  const published = containers.flatMap(({ name, ports = [] }) => ports.map((port) => ({ ...port, name })))
  const publishedAt = groupBy(published, portOf)
  const used = new Set(usedPorts.map(describePort))
  // clusters that share a config want the same at the same place
  const distinct = [...groupBy(wanted, ({ place, address }) => `${place} ${address}`).values()]
  for (const own of distinct.flatMap(([first]) => first ?? [])) {
    const refuse = (message: string) => {
      problems.add(own.place, own.port, message)
    }
    const sharers = byPlace.get(own.place)?.filter(({ address }) => addressesMeet(address, own.address)) ?? []
    const rivals = byPort.get(portOf(own)) ?? [own]
    const other = rivals
      .slice(0, rivals.indexOf(own))
      .find(({ place, address }) => place !== own.place && addressesMeet(address, own.address))
    const container = publishedAt.get(portOf(own))?.find((port) => portsMeet(port, own))
    if (sharers.length > 1) {
      const names = shortenList(sharers.map(({ cluster }) => cluster))
      refuse(
        `would be published by several clusters (${names}); use 0 for any port that is free, or put it into the config of one cluster`,
      )
    } else if (other !== undefined) {
      refuse(`is published by ${other.place} too; ${remedy}`)
    } else if (container !== undefined) {
      refuse(`is published by the container ${container.name}; give another port, or 0 for any that is free`)
    } else if (used.has(describePort(own))) {
      refuse(`is in use on this machine (${describePort(own)}); give another port, or 0 for any that is free`)
    }
  }
}

function portOf({ port, protocol }: HostPort): string {
  return `${String(port)}/${protocol}`
}
