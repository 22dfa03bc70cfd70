import type { Connectivity, Pair, ServicePair } from '../plan/connectivity.js'
import type { ProvidedImage } from '../plan/node-images.js'
import { groupBy } from '../model/group-by.js'
import type { NodeRole } from '../model/kind-names.js'
import { clusterKubeconfig, internalKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { Node } from '../plan/wiring.js'

/** What `up` made, or `verify` found. Nothing is said of connectivity when it was not verified. */
export interface FlatNetwork extends Partial<Connectivity> {
  readonly record: RunRecord
  readonly nodes: readonly Node[]
  /** The node images, and how they came into the engine; left out by who made no cluster. */
  readonly nodeImages?: readonly ProvidedImage[]
}

/** The outputs, as values; the action prints each as JSON, the command line all as one object. */
export interface Outputs {
  /** Path of the merged kubeconfig. */
  readonly kubeconfig: string
  /** Paths by cluster. */
  readonly kubeconfigs: Readonly<Record<string, string>>
  /** Paths by cluster, of those with the addresses of nodes: for containers, and for pods of the other clusters. */
  readonly 'kubeconfigs-internal': Readonly<Record<string, string>>
  readonly clusters: readonly ClusterOutput[]
  readonly connectivity: readonly Pair[]
  /** Whether each node reaches the Services of the other clusters. */
  readonly 'service-connectivity': readonly ServicePair[]
  /** Name of the run's registry for host and clusters; empty when there is none. */
  readonly registry: string
  /** Whether the cache had every node image that the engine did not have. */
  readonly 'cache-hit': boolean
}

/** What is of an address family is given twice, as Kubernetes does: that of the primary family, and all. */
export interface ClusterOutput {
  readonly name: string
  readonly context: string
  readonly networks: readonly string[]
  /** DNS domain that joined clusters know it by. */
  readonly domain?: string
  readonly podSubnet: string
  readonly podSubnets: readonly string[]
  readonly serviceSubnet: string
  readonly serviceSubnets: readonly string[]
  /** Where addresses of Services of type LoadBalancer come from; left out where there is no room for them. */
  readonly loadBalancerSubnet?: string
  readonly loadBalancerSubnets: readonly string[]
  readonly nodes: readonly {
    readonly name: string
    readonly role: NodeRole
    readonly address: string
    readonly addresses: readonly string[]
    readonly podCIDR: string
    readonly podCIDRs: readonly string[]
  }[]
}

export function outputsOf({ record, nodes, pairs, services, nodeImages = [] }: FlatNetwork): Outputs {
  const { clusters } = record
  const nodesOf = groupBy(nodes, ({ cluster }) => cluster)
  return {
    kubeconfig: record.kubeconfig,
    kubeconfigs: Object.fromEntries(clusters.map(({ name }) => [name, clusterKubeconfig(record, name)])),
    'kubeconfigs-internal': Object.fromEntries(clusters.map(({ name }) => [name, internalKubeconfig(record, name)])),
    clusters: clusters.map(({ name, context, networks, domain, podSubnets, serviceSubnets, loadBalancerSubnets }) => ({
      name,
      context,
      networks,
      ...(domain !== undefined && { domain }),
      podSubnet: primary(podSubnets),
      podSubnets,
      serviceSubnet: primary(serviceSubnets),
      serviceSubnets,
      ...(loadBalancerSubnets[0] !== undefined && { loadBalancerSubnet: loadBalancerSubnets[0] }),
      loadBalancerSubnets,
      nodes: (nodesOf.get(name) ?? []).map(({ name: node, role, addresses, podCIDRs }) => ({
        name: node,
        role,
        address: primary(addresses),
        addresses,
        podCIDR: primary(podCIDRs),
        podCIDRs,
      })),
    })),
    connectivity: pairs ?? [],
    'service-connectivity': services ?? [],
    registry: record.registry ?? '',
    'cache-hit': nodeImages.some(({ from }) => from === 'cache') && !nodeImages.some(({ from }) => from === 'registry'),
  }
}

function primary(texts: readonly string[]): string {
  return texts[0] ?? ''
}

/**
 * `12/12 pod pairs reachable, 12/12 with the pod's own address, 6/6 Services answer, 4/4 apart pairs silent`: a
 * Service counts once for each node that asks it.
 */
export function verdict({ pairs, services = [] }: Connectivity): string {
  const joined = pairs.filter((pair) => pair.joined)
  const joinedServices = services.filter((pair) => pair.joined)
  const apart = [...pairs, ...services].filter((pair) => !pair.joined)
  const share = <T>(of: readonly T[], holds: (pair: T) => boolean) =>
    `${String(of.filter(holds).length)}/${String(of.length)}`
  if (pairs.length === 0) return 'no pair of nodes to prove'
  return [
    ...(joined.length === 0
      ? []
      : [
          `${share(joined, (pair) => pair.reachable)} pod pairs reachable`,
          `${share(joined, (pair) => pair.ownAddress)} with the pod's own address`,
        ]),
    ...(joinedServices.length === 0 ? [] : [`${share(joinedServices, (pair) => pair.reachable)} Services answer`]),
    ...(apart.length === 0 ? [] : [`${share(apart, (pair) => !pair.reachable)} apart pairs silent`]),
  ].join(', ')
}

/** Rows of the connectivity matrix: a heading, then a row for each node that asked. */
export function matrix(pairs: readonly Pair[]): string[][] {
  const between = pairsByNodes(pairs)
  const nodes = [...new Set([...between.keys(), ...pairs.map(({ to }) => to.node)])]
  return [
    ['from ↓ to →', ...nodes],
    ...nodes.map((from) => [from, ...nodes.map((to) => cell(between.get(from)?.get(to) ?? []))]),
  ]
}

/** The pairs by the node that asked, and then by the one that was asked. */
export function pairsByNodes(pairs: readonly Pair[]): Map<string, Map<string, Pair[]>> {
  const asked = groupBy(pairs, ({ from }) => from.node)
  return new Map([...asked].map(([from, of]) => [from, groupBy(of, ({ to }) => to.node)]))
}

/** What was seen of two nodes; family by family where that differs. */
function cell(pairs: readonly Pair[]): string {
  const seen = new Set(pairs.map(whatWasSeen))
  if (seen.size === 0) return '·'
  if (seen.size > 1) return pairs.map((pair) => `${pair.family} ${whatWasSeen(pair)}`).join(', ')
  const latencies = pairs.flatMap(({ joined, reachable, ownAddress, latency }) =>
    joined && reachable && ownAddress && latency !== undefined ? [latency.toFixed(1)] : [],
  )
  return [...seen].join() + (latencies.length === 0 ? '' : ` ${latencies.join(' / ')} ms`)
}

function whatWasSeen(pair: Pair): string {
  if (!pair.joined) return pair.reachable ? '✗ reachable' : 'apart'
  if (!pair.reachable) return '✗ no answer'
  return pair.ownAddress ? '✓' : `≠ seen as ${pair.source ?? '?'}`
}
