import { budgetWarnings } from './budget.js'
import { familyOf, machineCidr, overlap, type Cidr } from '../model/cidr.js'
import { areJoined, groupWarnings, whichMustDiffer } from './groups.js'
import { subnetsOf, type Cluster, type NamedCluster } from './cluster.js'
import { checkNames, domainOf, nameClusters, nameWarnings } from './cluster-names.js'
import { checkSize, chooseSubnets, type Reserved } from './cluster-subnets.js'
import type { CacheMode } from './image-cache.js'
import type { ImageToLoad } from './image-loading.js'
import { checkDockerNetwork } from './docker-network.js'
import type { HostFacts } from './host-facts.js'
import { checkHostPorts } from './host-port-conflicts.js'
import { toKindConfig } from '../kind-config/kind-config.js'
import type { KindConfig } from '../kind-config/v1alpha4.js'
import { chooseLoadBalancerSubnets } from './load-balancer-subnets.js'
import { contextName, nodeNames, type NodeRole } from '../model/kind-names.js'
import { chooseNodeImages, nodeImagesOf } from './node-images.js'
import { checkPlace, type Place, type PublishedCluster } from './place.js'
import { Problems } from '../model/problems.js'
import { specialUse } from '../model/special-use.js'
import { kindReleases, kubectlReleases } from './releases.js'
import type { ClusterRequest } from './cluster-request.js'
import type { LoadBalancer, Request } from './request.js'
import { describeUnreadable, type Reservation } from './reservation.js'
import { checkTakeOver, dockerNetworkOf, takeOver, withoutTakenOver } from './reuse.js'
import { chooseTools, type PlannedTool } from './tools.js'

/** Everything that will be made, as JSON: nothing is decided later except what only a running node can tell. */
export interface Plan {
  /** Names this run on everything it makes. */
  readonly run: string
  /** Where the clusters run. */
  readonly engine: HostFacts['engine']
  /** The container that makes the clusters, when it has a network of its own, and whether it is put on theirs. */
  readonly container?: { readonly id: string; readonly name: string; readonly joins: boolean }
  /** kind and kubectl. */
  readonly tools: readonly PlannedTool[]
  /** Docker network all nodes share. */
  readonly dockerNetwork: string
  /** Node images that the engine must have, as the kind configs name them. */
  readonly nodeImages: readonly string[]
  readonly cache: CacheMode
  readonly clusters: readonly ClusterPlan[]
  /** What may go wrong, or is odd. */
  readonly warnings: readonly string[]
  /** Clusters created at the same time. */
  readonly concurrency: number
  readonly waitSeconds: number
  readonly routeServices: boolean
  readonly preserveSourceIp: boolean
  readonly verify: boolean
  /** What is loaded into every node. */
  readonly images: readonly ImageToLoad[]
  /** Image of the registry, when one is run. */
  readonly registryImage?: string
  readonly loadBalancer: LoadBalancer
  /** Where manifests are downloaded from, when not from GitHub. */
  readonly downloadMirror?: string
  readonly cleanup: boolean
  /** Path of the merged kubeconfig, when the user named one. */
  readonly kubeconfig?: string
}

export interface ClusterPlan extends Cluster {
  /** What `kind create cluster` gets. */
  readonly kindConfig: KindConfig
}

/**
 * Decides everything that will be made. Pure.
 * @param run the run's id, put on everything it makes
 * @param problems what was found so far
 * @throws {InputError} with every problem: what was found so far, and names, subnets and files that are taken or impossible
 */
export function makePlan(request: Request, facts: HostFacts, run: string, problems = new Problems()): Plan {
  const { reusable = [] } = facts
  const others = { ...facts, reservations: facts.reservations.filter((reservation) => reservation.run !== run) }
  const machine = withoutTakenOver(others)
  const dockerNetwork = request.dockerNetwork ?? dockerNetworkOf(reusable) ?? `kind-flat-network-${run}`
  const named = nameClusters(request.clusters, machine)
  checkTakeOver(problems, named, request, others)
  const clusters = takeOver(named, others)
  checkNames(problems, clusters, request, machine)
  if (request.dockerNetwork !== undefined) checkDockerNetwork(problems, request.dockerNetwork, machine.networks)
  checkFamilies(problems, clusters, dockerNetwork, machine)
  const created = clusters.filter(({ existing }) => existing === undefined)
  checkPlace(machine.place, created.map(published), problems)
  checkHostPorts(problems, created, machine)
  const tools = chooseTools(request, machine.tools, { kind: kindReleases, kubectl: kubectlReleases }, problems)
  if (request.kubeconfig !== undefined) checkKubeconfig(problems, request.kubeconfig, machine)
  const reserved = reservedSubnets(machine)
  const unusable = unusableSubnets(machine)
  const given = checkGiven(problems, clusters, reserved, unusable)
  const subnets = chooseSubnets(problems, clusters, request, [...unusable, ...reserved, ...given])
  const network = machine.networks.find(({ name }) => name === dockerNetwork)
  const loadBalancerSubnets = chooseLoadBalancerSubnets(problems, clusters, request, network, others.reservations)
  const kind = tools.find(({ name }) => name === 'kind')?.version
  const withImages = clusters.map((cluster) => ({
    ...cluster,
    // without a kind, that there is none is the problem; a cluster that exists has its images
    nodes:
      kind === undefined || cluster.existing !== undefined
        ? cluster.nodes
        : chooseNodeImages(problems, cluster, { ...request, kind }),
  }))
  problems.throwIfAny()
  const planned = clusters.map((cluster, index) => {
    const { nodes } = withImages[index] ?? cluster
    const parts = { ...subnets(cluster), loadBalancerSubnets: loadBalancerSubnets(cluster) }
    return toClusterPlan({ ...cluster, nodes }, parts, request, { run, place: machine.place })
  })
  const { container } = machine.place
  return {
    run,
    engine: machine.engine,
    ...(container && {
      container: { id: container.id, name: container.name, joins: !container.networks.includes(dockerNetwork) },
    }),
    tools,
    dockerNetwork,
    nodeImages: nodeImagesOf(planned.filter(({ reused }) => !reused).map(({ kindConfig }) => kindConfig)),
    cache: request.cache,
    clusters: planned,
    warnings: [
      ...request.warnings,
      ...nameWarnings(request.clusters, clusters),
      ...budgetWarnings(sum(clusters.map(({ nodes }) => nodes.length)), machine),
      ...groupWarnings(clusters),
      ...imageWarnings(planned, tools),
      ...machine.unreadableReservations.map(describeUnreadable),
    ],
    concurrency: concurrency(clusters.length, machine),
    waitSeconds: request.waitSeconds,
    routeServices: request.routeServices,
    preserveSourceIp: request.preserveSourceIp,
    verify: request.verify,
    images: machine.images,
    ...(request.registry && { registryImage: request.registryImage }),
    loadBalancer: request.loadBalancer,
    ...(request.downloadMirror !== undefined && { downloadMirror: request.downloadMirror }),
    cleanup: request.cleanup,
    ...(request.kubeconfig !== undefined && { kubeconfig: request.kubeconfig }),
  }
}

/** What other runs on the engine must keep away from. */
export function reservationOf({ clusters, dockerNetwork }: Plan): Reservation {
  const made = clusters.filter((cluster) => !cluster.reused)
  const reused = clusters.filter((cluster) => cluster.reused).map(({ name }) => name)
  const parts = clusters.filter(({ loadBalancerSubnets }) => loadBalancerSubnets.length > 0)
  return {
    clusters: made.map(({ name }) => name),
    subnets: made.flatMap(subnetsOf),
    ...(parts.length > 0 && {
      loadBalancerSubnets: Object.fromEntries(
        parts.map(({ name, loadBalancerSubnets }) => [name, loadBalancerSubnets]),
      ),
    }),
    ...(reused.length > 0 && { reused }),
    dockerNetwork,
  }
}

function toClusterPlan(
  cluster: NamedCluster,
  subnets: Pick<Cluster, 'podSubnets' | 'serviceSubnets' | 'loadBalancerSubnets'>,
  { crossClusterDns }: Request,
  { run, place }: { readonly run: string; readonly place: Place },
): ClusterPlan {
  const { name, existing, networks, nodes, config } = cluster
  const roles = nodes.map((node) => node.role)
  const planned = nodeNames(name, roles).map((node, index) => ({ name: node, role: roles[index] as NodeRole }))
  return {
    name,
    reused: existing !== undefined,
    context: contextName(name),
    networks,
    ...subnets,
    ...(crossClusterDns && { domain: domainOf(name) }),
    nodes: existing?.nodes ?? planned,
    kindConfig: toKindConfig({
      run,
      name,
      nodes,
      ...subnets,
      config,
      engineChoosesPort: place.container !== undefined || place.remote !== undefined,
    }),
  }
}

function published({ name, config }: NamedCluster): PublishedCluster {
  return { name, apiServerAddress: config.networking?.apiServerAddress }
}

/** Of a kind that is not known here nobody knows which image it takes. */
function imageWarnings(clusters: readonly ClusterPlan[], tools: readonly PlannedTool[]): string[] {
  const left = clusters.filter(({ reused, kindConfig }) => !reused && nodeImagesOf([kindConfig]).length === 0)
  const kind = tools.find(({ name }) => name === 'kind')?.version ?? ''
  return left.length === 0
    ? []
    : [
        `the node image of kind ${kind} is not known here: kind chooses and pulls it by itself, without cache and registry-mirror; give node-image to decide it`,
      ]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** A creating cluster keeps a core busy half of the time and holds about 700 MB. */
function concurrency(clusters: number, { engine }: HostFacts): number {
  const byMemory = Math.floor(engine.memory / 700e6)
  return Math.max(1, Math.min(clusters, Math.max(2, engine.cpus * 2), byMemory))
}

function checkFamilies(
  problems: Problems,
  clusters: readonly NamedCluster[],
  dockerNetwork: string,
  facts: HostFacts,
): void {
  const network = facts.networks.find(({ name }) => name === dockerNetwork)
  const lacksIpv6 = !facts.ipv6
    ? 'the kernel of this machine has no IPv6; give ipv4, or boot it without ipv6.disable=1'
    : network !== undefined && !network.subnets.some((subnet) => familyOf(subnet) === 'ipv6')
      ? `the Docker network ${dockerNetwork} has no IPv6 subnet; give ipv4, or a docker-network that has one`
      : undefined
  clusters.forEach((cluster, index) => {
    if (cluster.families.includes('ipv6') && lacksIpv6 !== undefined) {
      problems.add(cluster.places['ip-family'], ipFamilyOf(cluster), `needs IPv6: ${lacksIpv6}`)
    }
    for (const other of clusters.slice(0, index).filter((each) => areJoined(each, cluster))) {
      if (cluster.families.some((family) => other.families.includes(family))) continue
      problems.add(
        cluster.places['ip-family'],
        ipFamilyOf(cluster),
        `cannot be joined with ${other.input} (${ipFamilyOf(other)}); give one of them dual, or another network`,
      )
    }
  })
}

function ipFamilyOf({ families }: ClusterRequest): string {
  return families.length > 1 ? 'dual' : (families[0] ?? '')
}

function checkKubeconfig(problems: Problems, path: string, { files }: HostFacts): void {
  const found = files.find((file) => file.path === path)
  if (found?.exists === true) {
    problems.add('kubeconfig', path, 'exists already and is left alone; name a file that does not, or remove it')
  } else if (found?.directoryExists === false) {
    problems.add('kubeconfig', path, 'lies in no directory; make it first, or name another file')
  }
}

/** Routes wider than these stand for "everything else", as a VPN's 0.0.0.0/1 or 2000::/3 does. */
const widestRoute = { ipv4: 8, ipv6: 16 } as const

/** Subnets in use on the machine. */
function reservedSubnets(facts: HostFacts): Reserved[] {
  const known = (texts: readonly string[], owner: (subnet: Cidr) => string): Reserved[] =>
    texts.flatMap((text) => machineCidr(text) ?? []).map((subnet) => ({ subnet, owner: owner(subnet) }))
  return [
    ...facts.networks.flatMap(({ name, subnets }) =>
      known(subnets, ({ text }) => `the Docker network ${name} (${text})`),
    ),
    ...facts.routes
      .flatMap(({ destination, device }) =>
        known([destination], ({ text }) => `this machine's route to ${text} on ${device}`),
      )
      .filter(({ subnet }) => subnet.prefix >= widestRoute[subnet.family]),
    ...facts.clusters.flatMap(({ name, subnets }) =>
      known(subnets, ({ text }) => `the kind cluster ${name} (${text})`),
    ),
    ...facts.reservations.flatMap(({ run, subnets }) => known(subnets, ({ text }) => `the run ${run} (${text})`)),
  ]
}

/** Subnets that no cluster can have, and the nameservers, which nodes could not ask any more. */
function unusableSubnets({ nameservers }: HostFacts): Reserved[] {
  return [
    ...specialUse.map(({ subnet, name }) => ({ subnet, owner: name })),
    ...nameservers.flatMap((address) => {
      const subnet = machineCidr(address)
      return subnet === undefined ? [] : [{ subnet, owner: `this machine's nameserver ${address}` }]
    }),
  ]
}

/** Checks the subnets the user gave; returns them with their owners. */
function checkGiven(
  problems: Problems,
  clusters: readonly NamedCluster[],
  reserved: readonly Reserved[],
  unusable: readonly Reserved[],
): Reserved[] {
  const given: (Reserved & { readonly cluster: NamedCluster })[] = []
  const mustDiffer = whichMustDiffer(clusters)
  for (const cluster of clusters) {
    // a cluster that exists works with the subnets it has
    const taken = cluster.existing === undefined ? [...unusable, ...reserved] : reserved
    for (const key of ['pod-subnet', 'service-subnet'] as const) {
      const input = cluster.places[key]
      for (const subnet of key === 'pod-subnet' ? cluster.podSubnets : cluster.serviceSubnets) {
        checkSize(problems, input, subnet, key, cluster)
        const meets = (other: Reserved) => overlap(subnet, other.subnet)
        // clusters that are kept apart may use the same addresses
        const neighbour = given.find(
          (other) => meets(other) && (other.cluster === cluster || mustDiffer(other.cluster, cluster)),
        )
        // a Docker network is a route of the host too: one of the two is enough to know
        for (const other of [taken.find(meets), neighbour]) {
          if (other === undefined) continue
          problems.add(input, subnet.text, `overlaps ${other.owner}; give a subnet that does not`)
        }
        given.push({ subnet, owner: `${input} (${subnet.text})`, cluster })
      }
    }
  }
  return given
}
