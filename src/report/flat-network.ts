import type { Pair } from '../plan/connectivity.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { Node } from '../plan/wiring.js'

/** What `up` made, or `verify` found. */
export interface FlatNetwork {
  readonly record: RunRecord
  readonly nodes: readonly Node[]
  /** Left out when nothing was verified. */
  readonly pairs?: readonly Pair[]
}

/** The outputs, as values; the action prints each as JSON, the command line all as one object. */
export interface Outputs {
  /** Path of the merged kubeconfig. */
  readonly kubeconfig: string
  /** Paths by cluster. */
  readonly kubeconfigs: Readonly<Record<string, string>>
  readonly clusters: readonly {
    readonly name: string
    readonly context: string
    readonly podSubnet: string
    readonly serviceSubnet: string
    readonly nodes: readonly Omit<Node, 'cluster'>[]
  }[]
  readonly connectivity: readonly Pair[]
}

export function outputsOf({ record, nodes, pairs }: FlatNetwork): Outputs {
  const { clusters } = record
  return {
    kubeconfig: record.kubeconfig,
    kubeconfigs: Object.fromEntries(clusters.map(({ name }) => [name, clusterKubeconfig(record, name)])),
    clusters: clusters.map(({ name, context, podSubnet, serviceSubnet }) => ({
      name,
      context,
      podSubnet,
      serviceSubnet,
      nodes: nodes
        .filter(({ cluster }) => cluster === name)
        .map((node) => ({ name: node.name, role: node.role, address: node.address, podCIDR: node.podCIDR })),
    })),
    connectivity: pairs ?? [],
  }
}

/** `12/12 pod pairs reachable, 12/12 with the pod's own address` */
export function verdict(pairs: readonly Pair[]): string {
  const all = String(pairs.length)
  const reachable = String(pairs.filter((pair) => pair.reachable).length)
  const own = String(pairs.filter((pair) => pair.ownAddress).length)
  return `${reachable}/${all} pod pairs reachable, ${own}/${all} with the pod's own address`
}

/** Rows of the connectivity matrix: a heading, then a row for each node that asked. */
export function matrix(pairs: readonly Pair[]): string[][] {
  const nodes = [...new Set(pairs.map(({ from }) => from.node))]
  return [
    ['from ↓ to →', ...nodes],
    ...nodes.map((from) => [
      from,
      ...nodes.map((to) => cell(pairs.find((pair) => pair.from.node === from && pair.to.node === to))),
    ]),
  ]
}

function cell(pair: Pair | undefined): string {
  if (pair === undefined) return '·'
  if (!pair.reachable) return '✗ no answer'
  const latency = pair.latency === undefined ? '' : ` ${pair.latency.toFixed(1)} ms`
  return pair.ownAddress ? `✓${latency}` : `≠ seen as ${pair.source ?? '?'}`
}
