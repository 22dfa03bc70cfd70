import type { HostFacts } from '../../src/plan/host-facts.js'
import type { ClusterPlan, Plan } from '../../src/plan/plan.js'
import { liesIn, overlaps, specialUseIn, subnetAround, subnetOf, type Subnet } from './addresses.js'
import type { AnyInputs, Wanted } from './any-inputs.js'

/** Looks over a plan that was accepted, with arithmetic and names of its own. What is wrong is thrown. */
export function checkPlan(plan: Plan, facts: Partial<HostFacts>, { given, wanted }: AnyInputs): void {
  checkNames(plan, facts)
  for (const cluster of plan.clusters) {
    checkNodes(cluster)
    checkFamilies(cluster)
    checkServices(cluster)
    for (const { text } of subnetsOf(cluster)) {
      const special = specialUseIn(subnetOf(text))
      demand(special === undefined, `${cluster.name} has ${text}, which overlaps ${String(special?.text)}`)
    }
  }
  checkOverlaps(plan)
  checkMachine(plan, facts)
  if (wanted === undefined) return
  demand(plan.clusters.length === wanted.length, `${String(plan.clusters.length)} clusters are planned`)
  for (const [index, cluster] of plan.clusters.entries()) checkWanted(cluster, wanted[index] as Wanted, given)
}

function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

function subnetsOf({ podSubnets, serviceSubnets }: ClusterPlan): Subnet[] {
  return [...podSubnets, ...serviceSubnets].map(subnetOf)
}

/** As kind does it (`pkg/cluster/internal/providers/common/namer.go`). */
function containersOf({ name, nodes }: ClusterPlan): string[] {
  const count = { 'control-plane': 0, worker: 0 }
  const names = nodes.map(({ role }) => {
    count[role]++
    return `${name}-${role}${count[role] === 1 ? '' : String(count[role])}`
  })
  return count['control-plane'] > 1 ? [...names, `${name}-external-load-balancer`] : names
}

function checkNames({ clusters }: Plan, { containers = [] }: Partial<HostFacts>): void {
  const seen = new Set(containers.map(({ name }) => name))
  const names = new Set(containers.flatMap(({ cluster }) => cluster ?? []))
  for (const cluster of clusters) {
    const { name, context, nodes } = cluster
    demand(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name), `${name} is not a DNS label`)
    demand(context === `kind-${name}`, `the context of ${name} is ${context}`)
    demand(!names.has(name), `two clusters are named ${name}`)
    names.add(name)
    for (const container of containersOf(cluster)) {
      demand(container.length <= 63, `${container} is too long for a host name`)
      demand(!seen.has(container), `two containers are named ${container}`)
      seen.add(container)
    }
    const planned = containersOf(cluster).slice(0, nodes.length)
    demand(planned.join() === nodes.map((node) => node.name).join(), `${name} has other names than kind gives`)
  }
}

/** What the plan says of its nodes is what kind gets, and the owner is on each of them. */
function checkNodes({ name, nodes, kindConfig }: ClusterPlan): void {
  const roles = (kindConfig.nodes ?? []).map(({ role }) => role)
  demand(roles.join() === nodes.map(({ role }) => role).join(), `kind gets other nodes of ${name}: ${roles.join()}`)
  demand(roles.includes('control-plane'), `${name} has no control plane`)
  demand(kindConfig.name === name, `kind gets the name ${String(kindConfig.name)} for ${name}`)
  for (const { extraMounts = [] } of kindConfig.nodes ?? []) {
    const owners = extraMounts.filter(({ containerPath }) => containerPath?.startsWith('/kind-flat-network/'))
    demand(owners.length === 1, `a node of ${name} has ${String(owners.length)} owners`)
  }
}

function checkFamilies({ name, podSubnets, serviceSubnets, kindConfig }: ClusterPlan): void {
  const versions = (texts: readonly string[]) => texts.map((text) => subnetOf(text).version)
  const pods = versions(podSubnets)
  demand(pods.length === new Set(pods).size && pods.length > 0, `${name} has the pod subnets ${podSubnets.join()}`)
  demand(pods.join() === versions(serviceSubnets).join(), `pods and services of ${name} have different families`)
  const { ipFamily, podSubnet, serviceSubnet } = kindConfig.networking ?? {}
  demand(
    ipFamily === (pods.length === 2 ? 'dual' : pods[0] === 6 ? 'ipv6' : 'ipv4') &&
      podSubnet === podSubnets.join() &&
      serviceSubnet === serviceSubnets.join(),
    `kind gets other subnets of ${name}: ${String(podSubnet)} and ${String(serviceSubnet)}`,
  )
}

/** kubeadm takes service subnets of 16 to 2^20 addresses (`app/apis/kubeadm/validation`). */
function checkServices({ name, serviceSubnets }: ClusterPlan): void {
  for (const { text, first, last } of serviceSubnets.map(subnetOf)) {
    const size = last - first + 1n
    demand(size >= 16n && size <= 2n ** 20n, `the service subnet ${text} of ${name} has ${String(size)} addresses`)
  }
}

/** Clusters that are joined, or that a third one tells from each other, share no address. */
function checkOverlaps({ clusters }: Plan): void {
  const subnets = new Map(clusters.map((cluster) => [cluster, subnetsOf(cluster)]))
  const requireApart = (subnet: Subnet, others: readonly Subnet[]) => {
    const met = others.find((other) => overlaps(subnet, other))
    demand(met === undefined, `${subnet.text} overlaps ${String(met?.text)}`)
  }
  for (const [index, one] of clusters.entries()) {
    const own = subnets.get(one) ?? []
    own.forEach((subnet, position) => {
      requireApart(subnet, own.slice(position + 1))
    })
    for (const other of clusters.slice(index + 1).filter((each) => mayTalk(one, each, clusters))) {
      for (const subnet of own) requireApart(subnet, subnets.get(other) ?? [])
    }
  }
}

function mayTalk(one: ClusterPlan, other: ClusterPlan, clusters: readonly ClusterPlan[]): boolean {
  const shares = (first: ClusterPlan, second: ClusterPlan) =>
    first !== second && first.networks.some((network) => second.networks.includes(network))
  return shares(one, other) || clusters.some((third) => shares(third, one) && shares(third, other))
}

/** Routes that stand for everything else, as a VPN's 0.0.0.0/1. */
const widest = { 4: 8, 6: 16 } as const

function checkMachine(
  plan: Plan,
  { networks = [], routes = [], nameservers = [], clusters = [], reservations = [] }: Partial<HostFacts>,
) {
  const inUse = (texts: readonly string[]) => texts.flatMap((text) => subnetAround(text) ?? [])
  const taken = [
    ...inUse(networks.flatMap(({ subnets }) => subnets)),
    ...inUse(routes.map(({ destination }) => destination)).filter(({ version, prefix }) => prefix >= widest[version]),
    // a node whose pods have the address of a nameserver cannot ask it
    ...inUse(nameservers),
    ...inUse(clusters.flatMap(({ subnets }) => subnets)),
    ...inUse(reservations.flatMap(({ subnets }) => subnets)),
  ]
  for (const cluster of plan.clusters) {
    for (const subnet of subnetsOf(cluster)) {
      const met = taken.find((each) => overlaps(subnet, each))
      demand(met === undefined, `${subnet.text} of ${cluster.name} overlaps ${String(met?.text)} of this machine`)
    }
  }
}

const defaultSupernets = {
  'pod-supernet': ['10.128.0.0/10', 'fd00:10:128::/48'],
  'service-supernet': ['10.192.0.0/10', 'fd00:10:192::/96'],
} as const

/** A cluster is what its entry says. */
function checkWanted(cluster: ClusterPlan, wanted: Wanted, given: AnyInputs['given']): void {
  const { name, nodes, podSubnets, networks } = cluster
  const count = (role: string) => nodes.filter((node) => node.role === role).length
  demand(wanted.name === undefined || wanted.name === name, `${String(wanted.name)} is named ${name}`)
  demand(count('control-plane') === wanted.controlPlanes, `${name} has another number of control planes`)
  demand(count('worker') === wanted.workers, `${name} has another number of workers`)
  demand(networks.join() === wanted.networks.join(), `${name} is in the networks ${networks.join()}`)
  const families = podSubnets.map((text) => (subnetOf(text).version === 6 ? 'ipv6' : 'ipv4'))
  demand(
    families.toSorted().join() === wanted.families.toSorted().join(),
    `${name} has the families ${families.join()}`,
  )
  checkSource(cluster.podSubnets, wanted.podSubnet, supernetsOf(given, 'pod-supernet'))
  checkSource(cluster.serviceSubnets, wanted.serviceSubnet, supernetsOf(given, 'service-supernet'))
  for (const text of podSubnets) checkPodSubnet(subnetOf(text), wanted, nodes.length)
}

/** kube-controller-manager cuts a pod subnet into at most 2^16 parts, and each node needs one. */
function checkPodSubnet({ text, version, prefix }: Subnet, { nodeMasks }: Wanted, nodes: number): void {
  const mask = nodeMasks[version === 6 ? 'ipv6' : 'ipv4']
  const bits = mask - prefix
  demand(bits >= 0 && bits <= 16, `the pod subnet ${text} cannot be cut into parts of /${String(mask)}`)
  demand(2 ** bits >= nodes, `the pod subnet ${text} has no room for ${String(nodes)} nodes of /${String(mask)}`)
}

/** The supernets of both families; of one that is not given, the default. */
function supernetsOf(given: AnyInputs['given'], name: keyof typeof defaultSupernets): Subnet[] {
  const own = (given[name] ?? '')
    .split(',')
    .filter((text) => text !== '')
    .map(subnetOf)
  const normal = defaultSupernets[name].map(subnetOf)
  return [...own, ...normal.filter(({ version }) => !own.some((each) => each.version === version))]
}

/** A subnet is the one that was given, or lies in the supernet. */
function checkSource(planned: readonly string[], given: string | undefined, supernets: readonly Subnet[]): void {
  const wanted = (given ?? '').split(',').flatMap((text) => subnetAround(text.trim()) ?? [])
  for (const subnet of planned.map(subnetOf)) {
    const own = wanted.find(({ version }) => version === subnet.version)
    demand(
      own === undefined || (own.first === subnet.first && own.last === subnet.last),
      `${subnet.text} is planned where ${String(own?.text)} was given`,
    )
    demand(
      own !== undefined || supernets.some((supernet) => liesIn(subnet, supernet)),
      `${subnet.text} lies outside of the supernets`,
    )
  }
}
