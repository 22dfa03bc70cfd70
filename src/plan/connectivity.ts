import type { Node } from './wiring.js'

/** One ordered pair of nodes of different clusters, as seen from the pod network. */
export interface Pair {
  readonly from: PairEnd
  readonly to: PairEnd
  readonly reachable: boolean
  /** Address that the other side saw. */
  readonly source?: string
  /** Whether that is the pod's own address. */
  readonly ownAddress: boolean
  /** Round trip in milliseconds. */
  readonly latency?: number
}

export interface PairEnd {
  readonly cluster: string
  readonly node: string
  /** Of the pod. */
  readonly address: string
}

/** Every ordered pair of ends in different clusters. */
export function pairsOf(ends: readonly PairEnd[]): { from: PairEnd; to: PairEnd }[] {
  return ends.flatMap((from) => ends.filter((to) => to.cluster !== from.cluster).map((to) => ({ from, to })))
}

/** What is wrong with a pair, with both ends and what was seen; `undefined` when it is as it should be. */
export function brokenPair(pair: Pair, nodes: readonly Node[], preserveSourceIp: boolean): string | undefined {
  const { from, to } = pair
  const ends = `${from.node} (pod ${from.address}) → ${to.node} (pod ${to.address})`
  if (!pair.reachable) return `${ends}: no answer`
  if (!preserveSourceIp || pair.ownAddress) return undefined
  const masquerader = nodes.find((node) => node.address === pair.source)
  const whose = masquerader === undefined ? '' : ` of ${masquerader.name}`
  return `${ends}: seen as ${pair.source ?? 'nothing'}${whose}, not as ${from.address}`
}
