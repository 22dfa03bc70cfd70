import { familyOf, ofFamily, overlapsOneOf, parseCidr, type Cidr } from '../model/cidr.js'
import { groupBy } from '../model/group-by.js'
import { areJoined } from './groups.js'
import type { NodeRole } from '../model/kind-names.js'
import { familiesOf, subnetsOf, type Cluster } from './cluster.js'
import type { RunRecord } from './run-record.js'

/** A running node, with what only a running node can tell. */
export interface Node {
  readonly cluster: string
  readonly name: string
  readonly role: NodeRole
  /** On the shared Docker network, one of each of the cluster's families. */
  readonly addresses: readonly string[]
  /** Where the node's pods have their addresses, one of each of the cluster's families. */
  readonly podCIDRs: readonly string[]
}

/** What one node needs so that its pods reach every joined cluster, and no other. */
export interface NodeWiring {
  readonly node: string
  readonly routes: readonly Route[]
  /** Destinations that its pods reach with their own address. */
  readonly keepSource: readonly string[]
  /** Subnets of other clusters: whatever route lies inside one of them and is not wanted is wrong, whoever added it. */
  readonly subnets: readonly string[]
}

export interface Route {
  readonly destination: string
  /** Next hops: peer nodes' addresses on the shared network. Several share the flows; without any, the destination is unreachable on purpose. */
  readonly via: readonly string[]
}

/** Nodes that a service route goes through at most: enough to survive the loss of several. */
const mostNextHops = 8

/**
 * The wiring of every node, family by family: each joined node's podCIDR through that node, each joined cluster's
 * service subnet through its nodes, each joined pod subnet exempt from masquerade, each other cluster's subnets
 * unreachable. Pure.
 */
export function planWiring(run: RunRecord, nodes: readonly Node[]): NodeWiring[] {
  const parsed = new Map(run.clusters.flatMap(subnetsOf).map((text) => [text, parseCidr(text)]))
  const nodesOf = groupBy(nodes, ({ cluster }) => cluster)
  const routesTo = new Map(
    run.clusters.map((peer) => [peer.name, routesThrough(peer, nodesOf.get(peer.name) ?? [], run.routeServices)]),
  )
  const cidrOf = (subnet: string) => parsed.get(subnet) as Cidr
  return run.clusters.flatMap((own) => {
    const others = run.clusters.filter((cluster) => cluster.name !== own.name)
    const joined = others.filter((cluster) => areJoined(own, cluster))
    const families = familiesOf(own)
    const shared = (texts: readonly string[]) => texts.filter((text) => families.includes(familyOf(text)))
    // an address that means something here already cannot mean an apart cluster too
    const isKnown = overlapsOneOf([own, ...joined].flatMap(subnetsOf).map(cidrOf))
    const elsewhere = others
      .filter((cluster) => !areJoined(own, cluster))
      .flatMap((cluster) => shared(subnetsOf(cluster)))
      .filter((subnet) => !isKnown(cidrOf(subnet)))
    // several of them may use the same subnet
    const apart = [...new Set(elsewhere)]
    const routes = [
      ...joined
        .flatMap((peer) => routesTo.get(peer.name) ?? [])
        .filter(({ destination }) => shared([destination]).length > 0),
      ...apart.map((destination) => ({ destination, via: [] })),
    ]
    const keepSource = run.preserveSourceIp ? joined.flatMap((peer) => shared(peer.podSubnets)) : []
    const subnets = [...joined.flatMap((peer) => shared(subnetsOf(peer))), ...apart]
    return (nodesOf.get(own.name) ?? []).map((node) => ({ node: node.name, routes, keepSource, subnets }))
  })
}

/** The routes to a cluster, through its own nodes. */
function routesThrough(peer: Cluster, peerNodes: readonly Node[], routeServices: boolean): Route[] {
  const through = (of: readonly Node[], destination: string) =>
    of.flatMap(({ addresses }) => ofFamily(addresses, familyOf(destination)))
  const pods = peerNodes.flatMap((node) =>
    node.podCIDRs.map((destination) => ({ destination, via: through([node], destination) })),
  )
  if (!routeServices || peerNodes.length === 0) return pods
  const entries = [...peerNodes].sort((a, b) => a.role.localeCompare(b.role)).slice(0, mostNextHops)
  return [...pods, ...peer.serviceSubnets.map((destination) => ({ destination, via: through(entries, destination) }))]
}
