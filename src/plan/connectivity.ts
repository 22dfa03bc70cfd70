import { familyOf, machineCidr, overlapsOneOf, parseCidr, type Family } from '../model/cidr.js'
import { groupBy } from '../model/group-by.js'
import { areJoined } from './groups.js'
import { subnetsOf, type Cluster } from './cluster.js'

/** One ordered pair of nodes of different clusters in one address family, as seen from the pod network. */
export interface Pair {
  readonly from: PairEnd
  readonly to: PairEnd
  readonly family: Family
  /** Whether the clusters are joined; if not, the pair must not be reachable. */
  readonly joined: boolean
  readonly reachable: boolean
  /** Address that the other side saw. */
  readonly source?: string
  /** Whether that is the pod's own address. */
  readonly ownAddress: boolean
  /** Round trip in milliseconds. */
  readonly latency?: number
}

/** What was seen from the pod network of every node. */
export interface Connectivity {
  readonly pairs: readonly Pair[]
  /** Left out where Services are not routed. */
  readonly services?: readonly ServicePair[]
}

/** A node of one cluster, and the probe's Service in another, in one address family. */
export interface ServicePair {
  readonly from: PairEnd
  readonly to: ServiceEnd
  readonly family: Family
  /** Whether the clusters are joined; if not, the Service must not be reachable. */
  readonly joined: boolean
  readonly reachable: boolean
  /** Round trip in milliseconds. */
  readonly latency?: number
}

export interface ServiceEnd {
  readonly cluster: string
  /** Its ClusterIP. */
  readonly address: string
}

export interface PairEnd {
  readonly cluster: string
  readonly node: string
  /** Of the pod. */
  readonly address: string
}

/**
 * Every node with every target in another cluster that can be asked: in the same family, and where the address means
 * that end and nobody nearer (clusters that are apart may use the same subnets).
 */
export function pairsOf<To extends ServiceEnd>(
  ends: readonly PairEnd[],
  targets: readonly To[],
  clusters: readonly Cluster[],
): { from: PairEnd; to: To; family: Family; joined: boolean }[] {
  const askedFrom = new Map(clusters.map((own) => [own.name, targetsOf(own, targets, clusters)]))
  return ends.flatMap((from) => {
    const family = familyOf(from.address)
    return (askedFrom.get(from.cluster)?.get(family) ?? []).map(({ to, joined }) => ({ from, to, family, joined }))
  })
}

/** What every node of a cluster asks, by address family. */
function targetsOf<To extends ServiceEnd>(
  own: Cluster,
  targets: readonly To[],
  clusters: readonly Cluster[],
): Map<Family, { readonly to: To; readonly joined: boolean }[]> {
  const joined = clusters.filter((cluster) => areJoined(own, cluster))
  const names = new Set(joined.map(({ name }) => name))
  const isKnown = overlapsOneOf([own, ...joined].flatMap(subnetsOf).map(parseCidr))
  const meantHere = (address: string) => {
    const target = machineCidr(address)
    return target !== undefined && isKnown(target)
  }
  const asked = targets
    .filter((to) => to.cluster !== own.name)
    .map((to) => ({ to, joined: names.has(to.cluster) }))
    .filter(({ to, joined: isJoined }) => isJoined || !meantHere(to.address))
  return groupBy(asked, ({ to }) => familyOf(to.address))
}

/** Whether a pair is as it should be. Who asks its own address gets an answer from itself. */
export function isSound(pair: Pair, preserveSourceIp: boolean): boolean {
  if (pair.from.address === pair.to.address) return false
  return pair.joined ? pair.reachable && (pair.ownAddress || !preserveSourceIp) : !pair.reachable
}

/**
 * What is wrong with a pair that is not sound, with both ends and what was seen.
 * @param nodeAt names of the nodes by their addresses
 */
export function fault(pair: Pair, nodeAt: ReadonlyMap<string, string>): string {
  const { from, to } = pair
  const ends = `${from.node} (pod ${from.address}) → ${to.node} (pod ${to.address})`
  if (from.address === to.address) return `${ends}: both pods have the same address, so one of them cannot be reached`
  if (!pair.joined) return `${ends}: reachable, although the clusters share no network`
  if (!pair.reachable) return `${ends}: no answer`
  const masquerader = pair.source === undefined ? undefined : nodeAt.get(pair.source)
  const whose = masquerader === undefined ? '' : ` of ${masquerader}`
  return `${ends}: seen as ${pair.source ?? 'nothing'}${whose}, not as ${from.address}`
}

/** What is wrong with a Service as another cluster sees it; `undefined` when it is as it should be. */
export function serviceFault({ from, to, joined, reachable }: ServicePair): string | undefined {
  if (joined === reachable) return undefined
  const ends = `${from.node} (pod ${from.address}) → a Service of cluster ${to.cluster} (ClusterIP ${to.address})`
  return joined ? `${ends}: no answer` : `${ends}: reachable, although the clusters share no network`
}
