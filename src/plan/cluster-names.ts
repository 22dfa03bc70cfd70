import type { NamedCluster } from './cluster.js'
import type { HostFacts } from './host-facts.js'
import { loadBalancerName, nameProblem, nodeNames } from '../model/kind-names.js'
import type { Problems } from '../model/problems.js'
import type { ClusterRequest } from './cluster-request.js'
import type { Request } from './request.js'

/** All containers of a cluster of that name. */
function containersOf(name: string, { nodes }: ClusterRequest): string[] {
  const roles = nodes.map((node) => node.role)
  const balancer = roles.filter((role) => role === 'control-plane').length > 1 ? [loadBalancerName(name)] : []
  return [...nodeNames(name, roles), ...balancer]
}

/** Gives `cluster<n>` to those without a name: n is its place in the list, or the next number that nobody has. */
export function nameClusters(requested: readonly ClusterRequest[], facts: HostFacts): NamedCluster[] {
  const taken = new Set([
    ...requested.flatMap(({ name }) => name ?? []),
    ...facts.containers.flatMap(({ name, cluster }) => cluster ?? name),
    ...facts.reservations.flatMap(({ clusters }) => clusters),
  ])
  let last = 0
  return requested.map((cluster, index) => {
    if (cluster.name !== undefined) return { ...cluster, name: cluster.name }
    const isTaken = (name: string) => [name, ...containersOf(name, cluster)].some((each) => taken.has(each))
    for (last = Math.max(last, index) + 1; isTaken(numbered(last));) last++
    return { ...cluster, name: numbered(last) }
  })
}

/** Tells of clusters that are not called what a reader of the workflow would think. */
export function nameWarnings(requested: readonly ClusterRequest[], named: readonly NamedCluster[]): string[] {
  return named.flatMap(({ input, name }, index) => {
    const expected = numbered(index + 1)
    if (requested[index]?.name !== undefined || name === expected) return []
    return `${input} is called ${name}, because ${expected} is taken: take its context from the output clusters`
  })
}

/** The name of a cluster that was given none. */
export function numbered(place: number): string {
  return `cluster${String(place)}`
}

/** Checks the names that were given and those that were found. */
export function checkNames(
  problems: Problems,
  clusters: readonly NamedCluster[],
  { crossClusterDns }: Request,
  facts: HostFacts,
): void {
  const seen = new Map<string, string>()
  const makers = new Map(facts.reservations.flatMap(({ run, clusters: of }) => of.map((name) => [name, run] as const)))
  const existingClusters = new Set(facts.containers.map(({ cluster }) => cluster))
  const existingContainers = new Set(facts.containers.map(({ name }) => name))
  for (const cluster of clusters) {
    const { input, name, places } = cluster
    const refuse = (message: string) => {
      problems.add(places.name, name, message)
    }
    const containers = containersOf(name, cluster)
    const problem = nameProblem(name, containers)
    const twin = seen.get(name)
    const maker = makers.get(name)
    const existing = containers.find((each) => existingContainers.has(each))
    seen.set(name, input)
    if (problem !== undefined) {
      refuse(problem)
    } else if (twin !== undefined) {
      refuse(`is the name of ${twin} too; give each cluster a name of its own`)
    } else if (existingClusters.has(name)) {
      refuse(
        `is a kind cluster that exists already; give another name, or remove it with: kind delete cluster --name ${name}`,
      )
    } else if (maker !== undefined) {
      refuse(`is a cluster that the run ${maker} is making; give another name, or wait until that run has ended`)
    } else if (existing !== undefined) {
      refuse(`needs a container named ${existing}, which exists already; give another name`)
    }
    if (crossClusterDns && domainOf(name) === 'cluster.local') {
      refuse('gives the domain cluster.local, which every cluster has already; give another name')
    }
  }
}

/** The DNS domain that joined clusters know a cluster by. */
export function domainOf(name: string): string {
  return `${name}.local`
}
