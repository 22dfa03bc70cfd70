import { families, overlap, type Cidr, type Family } from '../model/cidr.js'
import type { Cluster, NamedCluster } from './cluster.js'
import type { Problems } from '../model/problems.js'
import type { Request } from './request.js'
import { allot } from './subnets.js'

/** A subnet somebody has, and who. */
export interface Reserved {
  readonly subnet: Cidr
  readonly owner: string
}

type SubnetKey = 'pod-subnet' | 'service-subnet'

interface Range {
  readonly shortest: number
  readonly longest: number
}

/** kubeadm's `PodSubnetNodeMaskMaxDiff`: a pod subnet is cut into at most 2^16 nodes' parts. */
const mostNodeBits = 16
/** kubeadm's `MaximumBitsForServiceSubnet` (20) and `MinimumAddressesInServiceSubnet` (10). */
const givenServices: Readonly<Record<Family, Range>> = {
  ipv4: { shortest: 12, longest: 28 },
  ipv6: { shortest: 108, longest: 124 },
}
/** What is allotted is no larger than kind's own defaults. */
const allottedServices: Readonly<Record<Family, Range>> = {
  ipv4: { shortest: 16, longest: 24 },
  ipv6: { shortest: 112, longest: 120 },
}
const largestPodSubnet: Readonly<Record<Family, number>> = { ipv4: 16, ipv6: 56 }

/** Checks that a given subnet is of a size that kubeadm takes and that holds all nodes. */
export function checkSize(
  problems: Problems,
  input: string,
  { family, prefix, text }: Cidr,
  key: SubnetKey,
  { nodes, nodeMasks }: NamedCluster,
): void {
  const mask = nodeMasks[family]
  const { shortest, longest } =
    key === 'service-subnet' ? givenServices[family] : { shortest: Math.max(0, mask - mostNodeBits), longest: mask }
  const room = 2 ** (mask - prefix)
  if (prefix < shortest || prefix > longest) {
    problems.add(
      input,
      text,
      `is a /${String(prefix)}; kubeadm takes /${String(shortest)} to /${String(longest)}` +
        (key === 'pod-subnet' ? ` where each node gets a /${String(mask)}` : ''),
    )
  } else if (key === 'pod-subnet' && room < nodes.length) {
    problems.add(
      input,
      text,
      `holds a /${String(mask)} for ${String(room)} nodes, the cluster has ${String(nodes.length)}; ${remedyFor(nodes.length, mask)}`,
    )
  }
}

/** Longest prefix of a subnet that has a part of that prefix length for each of so many nodes. */
function prefixFor(nodes: number, mask: number): number {
  return mask - Math.ceil(Math.log2(nodes))
}

function remedyFor(nodes: number, mask: number): string {
  const prefix = prefixFor(nodes, mask)
  return prefix < 0 ? 'give a larger node-cidr-mask-size' : `give a /${String(prefix)} or larger`
}

/** Clusters that need a subnet each, of a size within the same range. */
interface Want {
  readonly clusters: readonly NamedCluster[]
  readonly range: Range
}

/**
 * Allots what was not given, family by family; what does not fit becomes a problem.
 * @param taken what nothing may overlap
 * @returns the subnets of each cluster, given and allotted
 */
export function chooseSubnets(
  problems: Problems,
  clusters: readonly NamedCluster[],
  request: Request,
  taken: readonly Reserved[],
): (cluster: NamedCluster) => Pick<Cluster, 'podSubnets' | 'serviceSubnets'> {
  const allotted = { 'pod-subnet': new Map<string, Cidr>(), 'service-subnet': new Map<string, Cidr>() }
  const place = ({ input }: NamedCluster, family: Family) => `${input} ${family}`
  for (const family of families) {
    const result = allotFamily(clusters, request, family, taken)
    if ('problems' in result) {
      for (const problem of result.problems) problems.add(...problem)
      continue
    }
    for (const key of ['pod-subnet', 'service-subnet'] as const) {
      for (const [cluster, subnet] of result[key]) allotted[key].set(place(cluster, family), subnet)
    }
  }
  return (cluster) => {
    const texts = (given: readonly Cidr[], key: SubnetKey) =>
      cluster.families.flatMap(
        (family) =>
          (given.find((subnet) => subnet.family === family) ?? allotted[key].get(place(cluster, family)))?.text ?? [],
      )
    return {
      podSubnets: texts(cluster.podSubnets, 'pod-subnet'),
      serviceSubnets: texts(cluster.serviceSubnets, 'service-subnet'),
    }
  }
}

type Allotted = readonly (readonly [NamedCluster, Cidr])[]
type Problem = Parameters<Problems['add']>

function allotFamily(
  clusters: readonly NamedCluster[],
  request: Request,
  family: Family,
  taken: readonly Reserved[],
): Record<SubnetKey, Allotted> | { problems: readonly Problem[] } {
  const podSupernet = request.podSupernets[family]
  const serviceSupernet = request.serviceSupernets[family]
  const lacking = (given: (cluster: NamedCluster) => readonly Cidr[]) =>
    clusters.filter(
      (cluster) => cluster.families.includes(family) && !given(cluster).some((subnet) => subnet.family === family),
    )
  const wanted = podWants(
    lacking(({ podSubnets }) => podSubnets),
    family,
  )
  const services = [{ clusters: lacking(({ serviceSubnets }) => serviceSubnets), range: allottedServices[family] }]
  // where both are cut from the same addresses, pods may have to be content with less
  const most = overlap(podSupernet, serviceSupernet)
    ? Math.max(0, ...wanted.map(({ range }) => range.longest - range.shortest))
    : 0
  for (let squeeze = 0; ; squeeze++) {
    const squeezed = wanted.map(({ clusters: of, range: { shortest, longest } }) => ({
      clusters: of,
      range: { shortest: Math.min(longest, shortest + squeeze), longest },
    }))
    const podSubnets = allotWants(squeezed, 'pod-supernet', podSupernet, taken)
    const pods = 'problem' in podSubnets ? [] : podSubnets.subnets.map(([, subnet]) => subnet)
    const between = pods.map((subnet) => ({ subnet, owner: `pod subnet ${subnet.text}` }))
    const serviceSubnets = allotWants(services, 'service-supernet', serviceSupernet, [...taken, ...between])
    if (!('problem' in podSubnets) && !('problem' in serviceSubnets)) {
      return { 'pod-subnet': podSubnets.subnets, 'service-subnet': serviceSubnets.subnets }
    }
    if ('problem' in podSubnets || squeeze === most) {
      return { problems: [podSubnets, serviceSubnets].flatMap((tried) => ('problem' in tried ? [tried.problem] : [])) }
    }
  }
}

/** Clusters whose nodes get parts of the same size get subnets of the same size. */
function podWants(clusters: readonly NamedCluster[], family: Family): Want[] {
  return [...new Set(clusters.map(({ nodeMasks }) => nodeMasks[family]))].map((mask) => {
    const of = clusters.filter(({ nodeMasks }) => nodeMasks[family] === mask)
    const longest = Math.min(...of.map(({ nodes }) => prefixFor(nodes.length, mask)))
    const shortest = Math.min(longest, Math.max(largestPodSubnet[family], mask - mostNodeBits))
    return { clusters: of, range: { shortest, longest } }
  })
}

function allotWants(
  wants: readonly Want[],
  input: 'pod-supernet' | 'service-supernet',
  supernet: Cidr,
  taken: readonly Reserved[],
): { subnets: Allotted } | { problem: Problem } {
  const subnets: (readonly [NamedCluster, Cidr])[] = []
  for (const { clusters, range } of wants) {
    if (range.longest < 0) {
      const message =
        'has room for too few nodes, as every subnet has; give a larger node-cidr-mask-size, or fewer nodes'
      return { problem: [input, supernet.text, message] }
    }
    const used = [...taken.map(({ subnet }) => subnet), ...subnets.map(([, subnet]) => subnet)]
    const allotment = allot(clusters.length, supernet, used, range)
    if ('fits' in allotment) {
      const inTheWay = [...new Set(taken.filter(({ subnet }) => overlap(subnet, supernet)).map(({ owner }) => owner))]
      const problem =
        `has room for ${String(allotment.fits)} subnets of /${String(allotment.prefix)}, ${String(clusters.length)} are needed` +
        (inTheWay.length > 0 ? ` (taken by ${inTheWay.slice(0, 5).join(', ')})` : '') +
        '; give a larger or freer supernet'
      return { problem: [input, supernet.text, problem] }
    }
    subnets.push(...clusters.map((cluster, index) => [cluster, allotment.subnets[index] as Cidr] as const))
  }
  return { subnets }
}
