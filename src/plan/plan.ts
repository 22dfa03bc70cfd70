import { budgetWarnings } from './budget.js'
import { machineCidr, overlap, type Cidr } from './cidr.js'
import type { HostFacts } from './host-facts.js'
import { toKindConfig, type KindConfig } from './kind-config.js'
import { contextName, loadBalancerName, nameProblem, nodeNames, type NodeRole } from './names.js'
import { Problems } from './problems.js'
import type { ClusterRequest, Request } from './request.js'
import { allot } from './subnets.js'

/** Everything that will be made, as JSON: nothing is decided later except what only a running node can tell. */
export interface Plan {
  /** Names this run on everything it makes. */
  readonly run: string
  /** Docker network all nodes share. */
  readonly network: string
  readonly clusters: readonly ClusterPlan[]
  /** What may go wrong on this machine. */
  readonly warnings: readonly string[]
  /** Clusters created at the same time. */
  readonly concurrency: number
  readonly waitSeconds: number
  readonly routeServices: boolean
  readonly preserveSourceIp: boolean
  readonly verify: boolean
  readonly cleanup: boolean
  /** Path of the merged kubeconfig, when the user named one. */
  readonly kubeconfig?: string
}

/** A cluster as everything after its creation knows it. */
export interface Cluster {
  readonly name: string
  /** Context in the kubeconfig. */
  readonly context: string
  readonly podSubnet: string
  readonly serviceSubnet: string
  readonly nodes: readonly { readonly name: string; readonly role: NodeRole }[]
}

export interface ClusterPlan extends Cluster {
  /** What `kind create cluster` gets. */
  readonly kindConfig: KindConfig
}

/** kind's own network; kind makes it when it is missing, and several kinds at once race on that. */
const network = 'kind'

/** Pod subnets are cut into one /24 for each node: kubeadm's default for IPv4. */
const nodePrefix = 24
const podPrefixes = { shortest: 16, longest: nodePrefix }
const servicePrefixes = { shortest: 16, longest: 24 }
/** kubeadm's `PodSubnetNodeMaskMaxDiff` (16) and `MaximumBitsForServiceSubnet` (20), `MinimumAddressesInServiceSubnet` (10). */
const givenPrefixes = {
  'pod-subnet': { shortest: 8, longest: nodePrefix },
  'service-subnet': { shortest: 12, longest: 28 },
}

/** A subnet somebody has, and who. */
interface Reserved {
  readonly subnet: Cidr
  readonly owner: string
}

/**
 * Decides everything that will be made. Pure.
 * @param run the run's id, put on everything it makes
 * @param problems what was found so far
 * @throws {InputError} with every problem: what was found so far, and names, subnets and files that are taken or impossible
 */
export function makePlan(request: Request, facts: HostFacts, run: string, problems = new Problems()): Plan {
  checkNames(problems, request, facts)
  if (request.kubeconfig !== undefined) checkKubeconfig(problems, request.kubeconfig, facts)
  const reserved = reservedSubnets(facts)
  const given = checkGiven(problems, request.clusters, reserved)
  const pods = allotMissing(problems, request, 'pod-subnet', [...reserved, ...given])
  const services = allotMissing(problems, request, 'service-subnet', [...reserved, ...given, ...pods.map(allotted)])
  problems.throwIfAny()
  const free = { 'pod-subnet': [...pods], 'service-subnet': [...services] }
  return {
    run,
    network,
    clusters: request.clusters.map((cluster) => {
      const podSubnet = (cluster.podSubnet ?? (free['pod-subnet'].shift() as Cidr)).text
      const serviceSubnet = (cluster.serviceSubnet ?? (free['service-subnet'].shift() as Cidr)).text
      return toClusterPlan(cluster, podSubnet, serviceSubnet, run)
    }),
    warnings: budgetWarnings(sum(request.clusters.map(({ nodes }) => nodes.length)), facts),
    concurrency: concurrency(request.clusters.length, facts),
    waitSeconds: request.waitSeconds,
    routeServices: request.routeServices,
    preserveSourceIp: request.preserveSourceIp,
    verify: request.verify,
    cleanup: request.cleanup,
    ...(request.kubeconfig !== undefined && { kubeconfig: request.kubeconfig }),
  }
}

function toClusterPlan(cluster: ClusterRequest, podSubnet: string, serviceSubnet: string, run: string): ClusterPlan {
  const { name, nodes, nodeImage, config } = cluster
  const roles = nodes.map((node) => node.role)
  return {
    name,
    context: contextName(name),
    podSubnet,
    serviceSubnet,
    nodes: nodeNames(name, roles).map((node, index) => ({ name: node, role: roles[index] as NodeRole })),
    kindConfig: toKindConfig({ run, name, nodes, podSubnet, serviceSubnet, nodeImage, config }),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** A creating cluster keeps a core busy half of the time and holds about 700 MB. */
function concurrency(clusters: number, { engine }: HostFacts): number {
  const byMemory = Math.floor(engine.memory / 700e6)
  return Math.max(1, Math.min(clusters, Math.max(2, engine.cpus * 2), byMemory))
}

function checkNames(problems: Problems, { clusters }: Request, facts: HostFacts): void {
  const seen = new Map<string, string>()
  for (const { input, name, nodes } of clusters) {
    const roles = nodes.map((node) => node.role)
    const containers = nodeNames(name, roles)
    if (roles.filter((role) => role === 'control-plane').length > 1) containers.push(loadBalancerName(name))
    const problem = nameProblem(name, containers)
    const twin = seen.get(name)
    seen.set(name, input)
    if (problem !== undefined) {
      problems.add(`${input}.name`, name, problem)
    } else if (twin !== undefined) {
      problems.add(`${input}.name`, name, `is the name of ${twin} too; give each cluster a name of its own`)
    } else if (facts.containers.some((container) => container.cluster === name)) {
      problems.add(
        `${input}.name`,
        name,
        `is a kind cluster that exists already; give another name, or remove it with: kind delete cluster --name ${name}`,
      )
    } else {
      const existing = facts.containers.find((container) => containers.includes(container.name))
      if (existing !== undefined) {
        problems.add(
          `${input}.name`,
          name,
          `needs a container named ${existing.name}, which exists already; give another name`,
        )
      }
    }
  }
}

function checkKubeconfig(problems: Problems, path: string, { files }: HostFacts): void {
  const found = files.find((file) => file.path === path)
  if (found?.exists === true) {
    problems.add('kubeconfig', path, 'exists already and is left alone; name a file that does not, or remove it')
  } else if (found?.directoryExists === false) {
    problems.add('kubeconfig', path, 'lies in no directory; make it first, or name another file')
  }
}

/** IPv4 subnets in use on the machine. Routes wider than /8 stand for "everything else", as a VPN's 0.0.0.0/1 does. */
function reservedSubnets(facts: HostFacts): Reserved[] {
  const known = (text: string): Cidr[] => [machineCidr(text)].flatMap((subnet) => subnet ?? [])
  return [
    ...facts.networks.flatMap(({ name, subnets }) =>
      subnets.flatMap(known).map((subnet) => ({ subnet, owner: `the Docker network ${name} (${subnet.text})` })),
    ),
    ...facts.routes
      .flatMap(({ destination, device }) =>
        known(destination).map((subnet) => ({ subnet, owner: `this machine's route to ${subnet.text} on ${device}` })),
      )
      .filter(({ subnet }) => subnet.prefix >= 8),
  ]
}

type SubnetKey = keyof typeof givenPrefixes
const subnetKeys = ['pod-subnet', 'service-subnet'] as const

function subnetOf(cluster: ClusterRequest, key: SubnetKey): Cidr | undefined {
  return key === 'pod-subnet' ? cluster.podSubnet : cluster.serviceSubnet
}

/** Checks the subnets the user gave; returns them with their owners. */
function checkGiven(
  problems: Problems,
  clusters: readonly ClusterRequest[],
  reserved: readonly Reserved[],
): Reserved[] {
  const given: Reserved[] = []
  for (const cluster of clusters) {
    for (const key of subnetKeys) {
      const subnet = subnetOf(cluster, key)
      if (subnet === undefined) continue
      const input = `${cluster.input}.${key}`
      checkSize(problems, input, subnet, key, cluster.nodes.length)
      const overlapping = (others: readonly Reserved[]) => others.filter((other) => overlap(subnet, other.subnet))
      // a Docker network is a route of the host too: one of the two is enough to know
      for (const other of [...overlapping(reserved).slice(0, 1), ...overlapping(given)]) {
        problems.add(input, subnet.text, `overlaps ${other.owner}; give a subnet that does not`)
      }
      given.push({ subnet, owner: `${input} (${subnet.text})` })
    }
  }
  return given
}

function checkSize(problems: Problems, input: string, subnet: Cidr, key: SubnetKey, nodes: number): void {
  const { shortest, longest } = givenPrefixes[key]
  if (subnet.prefix < shortest || subnet.prefix > longest) {
    problems.add(
      input,
      subnet.text,
      `is a /${String(subnet.prefix)}; kubeadm takes /${String(shortest)} to /${String(longest)}`,
    )
  } else if (key === 'pod-subnet' && 2 ** (nodePrefix - subnet.prefix) < nodes) {
    const room = 2 ** (nodePrefix - subnet.prefix)
    problems.add(
      input,
      subnet.text,
      `holds a /${String(nodePrefix)} for ${String(room)} nodes, the cluster has ${String(nodes)}; give a /${String(prefixFor(nodes))} or larger`,
    )
  }
}

/** Longest prefix whose /24s are enough for that many nodes. */
function prefixFor(nodes: number): number {
  return nodePrefix - Math.ceil(Math.log2(nodes))
}

function allotted(subnet: Cidr): Reserved {
  return { subnet, owner: subnet.text }
}

function allotMissing(
  problems: Problems,
  request: Request,
  key: SubnetKey,
  reserved: readonly Reserved[],
): readonly Cidr[] {
  const missing = request.clusters.filter((cluster) => subnetOf(cluster, key) === undefined)
  if (missing.length === 0) return []
  const [input, supernet, prefixes] =
    key === 'pod-subnet'
      ? (['pod-supernet', request.podSupernet, podPrefixes] as const)
      : (['service-supernet', request.serviceSupernet, servicePrefixes] as const)
  const longest =
    key === 'pod-subnet' ? Math.min(...missing.map((cluster) => prefixFor(cluster.nodes.length))) : prefixes.longest
  const allotment = allot(
    missing.length,
    supernet,
    reserved.map(({ subnet }) => subnet),
    { shortest: Math.min(prefixes.shortest, longest), longest },
  )
  if ('subnets' in allotment) return allotment.subnets
  const inTheWay = reserved.filter(({ subnet }) => overlap(subnet, supernet)).map(({ owner }) => owner)
  problems.add(
    input,
    supernet.text,
    `has room for ${String(allotment.fits)} subnets of /${String(allotment.prefix)}, ${String(missing.length)} are needed` +
      (inTheWay.length > 0 ? ` (taken by ${inTheWay.slice(0, 5).join(', ')})` : '') +
      '; give a larger or freer supernet',
  )
  return []
}
