import type { NodeRole } from './names.js'
import type { Cluster } from './plan.js'
import type { RunRecord } from './run-record.js'

/** A running node, with what only a running node can tell. */
export interface Node {
  readonly cluster: string
  readonly name: string
  readonly role: NodeRole
  /** On the shared Docker network. */
  readonly address: string
  /** Where the node's pods have their addresses. */
  readonly podCIDR: string
}

/** What one node needs so that its pods reach every other cluster. */
export interface NodeWiring {
  readonly node: string
  readonly routes: readonly Route[]
  /** Destinations that its pods reach with their own address. */
  readonly keepSource: readonly string[]
}

export interface Route {
  readonly destination: string
  /** Next hop: a peer node's address on the shared network. */
  readonly via: string
}

/**
 * The wiring of every node: each peer node's podCIDR through that node, each peer's service subnet through its first
 * control plane, each peer's pod subnet exempt from masquerade. Pure.
 */
export function planWiring(run: RunRecord, nodes: readonly Node[]): NodeWiring[] {
  return nodes.map((node) => {
    const peers = run.clusters.filter((cluster) => cluster.name !== node.cluster)
    return {
      node: node.name,
      routes: peers.flatMap((peer) => routesTo(peer, nodes, run.routeServices)),
      keepSource: run.preserveSourceIp ? peers.map((peer) => peer.podSubnet) : [],
    }
  })
}

function routesTo(peer: Cluster, nodes: readonly Node[], routeServices: boolean): Route[] {
  const peerNodes = nodes.filter((node) => node.cluster === peer.name)
  const pods = peerNodes.map((node) => ({ destination: node.podCIDR, via: node.address }))
  const entry = peerNodes.find((node) => node.role === 'control-plane')
  return routeServices && entry !== undefined
    ? [...pods, { destination: peer.serviceSubnet, via: entry.address }]
    : pods
}
