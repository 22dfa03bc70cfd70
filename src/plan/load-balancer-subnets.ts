import {
  canonicalAddress,
  cidrAt,
  contains,
  machineCidr,
  ofFamily,
  overlap,
  parseCidr,
  sizeOf,
  type Cidr,
  type Family,
} from '../model/cidr.js'
import { groupBy } from '../model/group-by.js'
import type { Cluster, NamedCluster } from './cluster.js'
import type { DockerNetwork } from './host-facts.js'
import type { Problems } from '../model/problems.js'
import type { Request } from './request.js'
import type { Reservation } from './reservation.js'
import { allot } from './subnets.js'
import type { Node } from './wiring.js'

type Member = Pick<NamedCluster, 'input' | 'name' | 'families' | 'nodes' | 'existing'>

const prefixes: Readonly<Record<Family, { readonly shortest: number; readonly longest: number }>> = {
  ipv4: { shortest: 24, longest: 28 },
  ipv6: { shortest: 112, longest: 124 },
}

/**
 * Gives each cluster a part of the Docker network for the addresses of its Services, of each of its families. Docker gives
 * a container the lowest free address, or the lowest of the network's `IPRange` (moby,
 * `daemon/libnetwork/endpoint.go`, `assignAddressVersion`, asks for no serial allocation): so the parts lie outside of
 * that range, and where there is none, at the top end and never in the lower half.
 * @param network undefined until it is made: then nobody has a part yet
 * @returns the parts of a cluster; none where the network has no room, which is a problem only if it must have
 */
export function chooseLoadBalancerSubnets(
  problems: Problems,
  clusters: readonly Member[],
  { loadBalancer }: Pick<Request, 'loadBalancer'>,
  network: DockerNetwork | undefined,
  reservations: readonly Pick<Reservation, 'loadBalancerSubnets'>[],
): (cluster: Member) => string[] {
  if (loadBalancer === 'metallb') checkWorkers(problems, clusters)
  if (network === undefined) return () => []
  const reserved = reservations.flatMap(({ loadBalancerSubnets = {} }) => Object.entries(loadBalancerSubnets))
  const reservedFor = groupBy(reserved, ([name]) => name)
  const taken = reserved.flatMap(([, subnets]) => subnets).flatMap((text) => machineCidr(text) ?? [])
  const parts = network.subnets.flatMap((text) => {
    const subnet = machineCidr(text)
    if (subnet === undefined) return []
    const of = clusters.filter(({ families }) => families.includes(subnet.family))
    // a cluster that is taken over keeps what it has, since Services of it may have addresses out of that
    const kept = of.flatMap((cluster) => {
      const own = (reservedFor.get(cluster.existing?.name ?? '') ?? []).flatMap(([, subnets]) => subnets)
      const [part] = own.flatMap((text) => machineCidr(text) ?? []).filter((each) => contains(subnet, each))
      return part === undefined ? [] : [{ cluster, part }]
    })
    const keeping = new Set(kept.map(({ cluster }) => cluster))
    const lacking = of.filter((cluster) => !keeping.has(cluster))
    if (lacking.length === 0) return kept
    const found = freeParts(lacking.length, subnet, network, taken, containersToCome(clusters))
    if ('fits' in found) {
      if (loadBalancer === 'metallb') {
        problems.add(
          'docker-network',
          network.name,
          `is too small for ${String(lacking.length)} clusters' load balancers: besides what Docker gives to containers, ` +
            `${subnet.text} has room for ${String(found.fits)} of /${String(found.prefix)}; give a larger one, or load-balancer: none`,
        )
      }
      return kept
    }
    return [...kept, ...lacking.map((cluster, index) => ({ cluster, part: found.subnets[index] as Cidr }))]
  })
  const partsOf = groupBy(parts, ({ cluster }) => cluster)
  return (cluster) =>
    cluster.families.flatMap(
      (family) => partsOf.get(cluster)?.find(({ part }) => part.family === family)?.part.text ?? [],
    )
}

/** kind takes the taint and the label that keep pods and load balancers off a control plane from a single node alone. */
function checkWorkers(problems: Problems, clusters: readonly Member[]): void {
  for (const { input, nodes, existing } of clusters) {
    const { length } = existing?.nodes ?? nodes
    if (length === 1 || (existing?.nodes ?? nodes).some(({ role }) => role === 'worker')) continue
    problems.add(
      `${input}.workers`,
      0,
      `leaves ${String(length)} control planes alone, which MetalLB neither runs nor answers on; give a worker, one control plane, or load-balancer: none`,
    )
  }
}

function freeParts(
  count: number,
  subnet: Cidr,
  { ranges = [], used = [] }: DockerNetwork,
  taken: readonly Cidr[],
  toCome: number,
): ReturnType<typeof allot> {
  const { family, first, last } = subnet
  const { shortest, longest } = prefixes[family]
  const lowerHalf = cidrAt(family, first, Math.min(subnet.prefix + 1, longest))
  // one that is the whole subnet bounds nothing
  const [range = lowerHalf] = ranges
    .flatMap((text) => machineCidr(text) ?? [])
    .filter((each) => contains(subnet, each) && each.prefix > subnet.prefix)
  const inUse = ofFamily(used, family).flatMap((text) => machineCidr(text) ?? [])
  // without a range Docker goes on above the lower half when that is full
  const room = lowerHalf.last - lowerHalf.first - 1n
  const needed = inUse.filter((each) => overlap(each, lowerHalf)).length + toCome
  if (range === lowerHalf && BigInt(needed) > room) return { fits: 0, prefix: longest }
  // the network's own address, the one that a gateway gets unless told otherwise, and the broadcast address
  const ends = [first, first + 1n, last].map((address) => host(family, address))
  const obstacles = [range, ...ends, ...inUse, ...taken]
  const found = allot(count, fromTop(subnet), obstacles.map(fromTop), { shortest, longest })
  return 'subnets' in found ? { subnets: found.subnets.map(fromTop) } : found
}

/** Containers that Docker will give addresses to for clusters that are made. */
function containersToCome(clusters: readonly Member[]): number {
  return clusters
    .filter(({ existing }) => existing === undefined)
    .map(({ nodes }) => nodes.length + (nodes.filter(({ role }) => role === 'control-plane').length > 1 ? 1 : 0))
    .reduce((total, number) => total + number, 0)
}

/** The subnet that lies as far from the last of all addresses as this one from the first; of that one, this one again. */
function fromTop({ family, last, prefix }: Cidr): Cidr {
  return cidrAt(family, sizeOf(family, 0) - 1n - last, prefix)
}

function host(family: Family, address: bigint): Cidr {
  return cidrAt(family, address, family === 'ipv4' ? 32 : 128)
}

/**
 * What stands in the way of clusters' load balancers: nodes with an address out of a part that Services get theirs from.
 * Docker gave it to them against what it usually does, or somebody chose it.
 */
export function nodesInTheWay(
  clusters: readonly Pick<Cluster, 'name' | 'loadBalancerSubnets'>[],
  nodes: readonly Pick<Node, 'name' | 'addresses'>[],
): string[] {
  const hosts = nodes.flatMap(({ name, addresses }) =>
    addresses.flatMap((address) => ({ name, address, at: machineCidr(address) })),
  )
  return clusters.flatMap(({ name, loadBalancerSubnets }) =>
    loadBalancerSubnets
      .map(parseCidr)
      .flatMap((part) =>
        hosts
          .filter(({ at }) => at !== undefined && overlap(at, part))
          .map(
            (host) =>
              `node ${host.name} has ${canonicalAddress(host.address)}, out of ${part.text} of ${name}'s load balancers`,
          ),
      ),
  )
}
