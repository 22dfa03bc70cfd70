import { machineCidr } from '../model/cidr.js'
import { familiesOf, subnetsOf, type NamedCluster } from './cluster.js'
import { numbered } from './cluster-names.js'
import type { ExistingCluster, HostFacts } from './host-facts.js'
import type { Problems } from '../model/problems.js'
import type { Request } from './request.js'
import { shortenList } from '../shorten.js'

/** The names of clusters that may exist already: those that were given, and `cluster<n>` for the others. */
export function reusableNames({ reuse, clusters }: Request): string[] {
  return reuse ? clusters.map(({ name }, index) => name ?? numbered(index + 1)) : []
}

/** Takes over the clusters that exist, with the subnets that they have. */
export function takeOver(clusters: readonly NamedCluster[], { reusable = [] }: HostFacts): NamedCluster[] {
  return clusters.map((cluster) => {
    const existing = reusable.find(({ name }) => name === cluster.name)
    if (existing === undefined) return cluster
    return {
      ...cluster,
      existing,
      families: existing.podSubnets.length > 0 ? familiesOf(existing) : cluster.families,
      podSubnets: existing.podSubnets.flatMap((text) => machineCidr(text) ?? []),
      serviceSubnets: existing.serviceSubnets.flatMap((text) => machineCidr(text) ?? []),
    }
  })
}

/** What must not stand for somebody else's any more once some clusters are taken over. */
export function withoutTakenOver(facts: HostFacts): HostFacts {
  const { reusable = [] } = facts
  const names = new Set(reusable.map(({ name }) => name))
  const subnets = new Set(reusable.flatMap(subnetsOf))
  return {
    ...facts,
    containers: facts.containers.filter(({ cluster }) => cluster === undefined || !names.has(cluster)),
    clusters: facts.clusters.filter(({ name }) => !names.has(name)),
    reservations: facts.reservations.map((reservation) => ({
      ...reservation,
      clusters: reservation.clusters.filter((name) => !names.has(name)),
      subnets: reservation.subnets.filter((subnet) => !subnets.has(subnet)),
    })),
  }
}

/** Checks that the clusters which exist are those that were asked for. Nodes may have come or gone since. */
export function checkTakeOver(
  problems: Problems,
  asked: readonly NamedCluster[],
  { dockerNetwork }: Request,
  facts: HostFacts,
): void {
  const { reusable = [] } = facts
  const shared = dockerNetwork ?? dockerNetworkOf(reusable)
  for (const existing of reusable) {
    const cluster = asked.find(({ name }) => name === existing.name)
    if (cluster === undefined) continue
    const refuse = (key: string, value: unknown, message: string) => {
      problems.add(`${cluster.input}.${key}`, value, message)
    }
    const remove = `remove it with: kind delete cluster --name ${existing.name}`
    if (existing.run === undefined) {
      refuse('name', existing.name, 'is a kind cluster that kind-flat-network did not make; give another name')
      continue
    }
    if (existing.podSubnets.length === 0) {
      refuse(
        'name',
        existing.name,
        `is a cluster whose subnets cannot be read, as while kind is making it; wait, or ${remove}`,
      )
      continue
    }
    const companions = companionsOf(existing, facts).filter((name) => !asked.some((each) => each.name === name))
    if (companions.length > 0) {
      refuse(
        'name',
        existing.name,
        `was joined by an earlier run with ${shortenList(companions)}, not in the list; name all of them`,
      )
    }
    const families = familiesOf(existing)
    if ([...families].sort().join() !== [...cluster.families].sort().join()) {
      refuse(
        'ip-family',
        cluster.families.join(' and '),
        `is not what the existing cluster has (${families.join(' and ')}); give that, or ${remove}`,
      )
    }
    for (const [key, given, has] of [
      ['pod-subnet', cluster.podSubnets, existing.podSubnets],
      ['service-subnet', cluster.serviceSubnets, existing.serviceSubnets],
    ] as const) {
      for (const { text } of given.filter((subnet) => !has.includes(subnet.text))) {
        refuse(key, text, `is not what the existing cluster has (${has.join(', ')}); leave it out, or ${remove}`)
      }
    }
    if (shared !== undefined && !existing.dockerNetworks.includes(shared)) {
      refuse(
        'name',
        existing.name,
        `is not on the Docker network ${shared} but on ${existing.dockerNetworks.join(', ')}; ${remove}`,
      )
    }
  }
}

/** The clusters that earlier runs made together with one, or joined with it. */
function companionsOf({ name, run }: ExistingCluster, { containers, reservations }: HostFacts): string[] {
  const runs = [
    run,
    ...reservations.filter(({ reused }) => reused?.includes(name)).map((reservation) => reservation.run),
  ]
  const found = containers.filter((container) => container.run !== undefined && runs.includes(container.run))
  return [...new Set(found.flatMap(({ cluster }) => cluster ?? []))]
}

/** The Docker network that the clusters which are taken over are on. */
export function dockerNetworkOf(reusable: readonly ExistingCluster[]): string | undefined {
  return reusable.find(({ run }) => run !== undefined)?.dockerNetworks[0]
}
