import { AUTHORITATIVE_ANSWER, encode } from 'dns-packet'
import { parse, stringify } from 'yaml'
import type { DockerNetwork } from '../../src/plan/host-facts.js'
import { nodeNames, type NodeRole } from '../../src/plan/names.js'
import { fails, type Call } from './recording-runner.js'
import type { FakeWorld } from './world.js'

/** The parts of kubeadm's Corefile that names are added to. */
export const kubeadmsCorefile = `.:53 {
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       fallthrough in-addr.arpa ip6.arpa
    }
    forward . /etc/resolv.conf
}
`

export const coreDnsImage = 'registry.k8s.io/coredns/coredns:v1.12.1'

export interface EngineContainer {
  readonly id: string
  readonly name: string
  readonly cluster: string
  readonly role: NodeRole | 'external-load-balancer'
  readonly run?: string
  readonly address: string
  readonly podCIDR: string
}

export interface EngineNetwork extends DockerNetwork {
  readonly run?: string
  /** Containers on it besides those of this engine's clusters. */
  readonly others?: number
}

/** A node or the deployment of CoreDNS, as the API of a cluster tells it. */
export interface StateItem {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly generation?: number }
  readonly spec: { readonly podCIDR?: string; readonly replicas?: number }
  readonly status: { readonly conditions?: readonly object[] } | Readonly<Record<string, number>>
}

/**
 * A Docker engine with kind and kubectl, as far as this project talks to them: what one command makes, the next one
 * sees. A test adds rules to the runner for what shall go wrong.
 */
export class FakeEngine {
  containers: EngineContainer[] = []
  networks: EngineNetwork[] = [{ id: 'b1', name: 'bridge', subnets: ['172.17.0.0/16'] }]
  /** Subnet that Docker chooses for a new network. */
  nextSubnet = '172.18.0.0/16'
  /** Who another pod is seen as: itself, unless something masquerades. */
  seenAs = (podAddress: string): string => podAddress
  /** What the API tells of a cluster that is all ready, at the nth look from 1 on. */
  tells: (items: readonly StateItem[], cluster: string, look: number) => readonly StateItem[] = (items) => items
  /** What CoreDNS is configured with, by cluster; `kubeadmsCorefile` where nobody has changed it. */
  readonly corefiles = new Map<string, string>()
  /** Annotations on the pods of CoreDNS, by cluster. */
  readonly coreDnsAnnotations = new Map<string, Record<string, string>>()
  readonly #looks = new Map<string, number>()
  #ids = 0

  constructor(private readonly world: FakeWorld) {
    const { runner } = world
    runner.on('docker --version', 'Docker version 28.3.0, build 38b7060\n')
    runner.on('kind version --quiet', '0.33.0\n')
    runner.on('kubectl version', '{"clientVersion":{"gitVersion":"v1.34.4"}}')
    runner.on('docker info', '{"ServerVersion":"28.3.0","NCPU":4,"MemTotal":16000000000}')
    runner.on('ip -json', '[{"dst":"default","dev":"eth0"},{"dst":"192.168.1.0/24","dev":"eth0"}]')
    runner.on(/^docker ps .*json/, () => this.containers.map((each) => this.#listed(each)).join('\n'))
    runner.on(/^docker ps .*--quiet/, () => lines(this.containers.map(({ id }) => id)))
    runner.on('docker container inspect', ({ command }) => this.#inspectContainers(command.slice(3)))
    runner.on('docker rm', ({ command }) => this.#removeContainers(command.slice(4)))
    runner.on('docker network ls', ({ command }) => this.#listNetworks(command))
    runner.on(/docker network ls .*\.Label/, () => lines(this.networks.flatMap((network) => network.run ?? [])))
    runner.on('docker network inspect', ({ command }) => this.#inspectNetworks(command.slice(3)))
    runner.on('docker network inspect bridge --format', '1500\n')
    runner.on('docker network create', ({ command }) => this.#createNetwork(command))
    runner.on('docker network rm', ({ command }) => this.#removeNetwork(command[3]))
    runner.on('kind create cluster', (call) => this.#createCluster(call))
    runner.on(/^kubectl .* wait /, '')
    runner.on(/^kubectl .* get nodes,/, ({ command }) => this.#clusterState(clusterOf(command)))
    runner.on(/^kubectl .* get deployment\/coredns/, coreDnsImage)
    runner.on(/^kubectl .* get configmap\/coredns/, ({ command }) => this.#coreDns(clusterOf(command)))
    runner.on(/^kubectl .* patch .*\/coredns/, ({ command }) => this.#patchCoreDns(command))
    runner.on(/^kubectl .* (apply|rollout|delete) /, '')
    runner.on(/^kubectl .* get pods/, ({ command }) => this.#probes(clusterOf(command)))
    runner.on(/^docker exec .*ip -batch/s, '')
    runner.on(/^docker exec .*nsenter/s, ({ command }) => this.#answers(command))
  }

  /** Containers of a cluster, as kind makes them. */
  add(cluster: string, roles: readonly EngineContainer['role'][], run: string | undefined, podSubnet = '10.0.0.0/16') {
    const names = nodeNames(
      cluster,
      roles.filter((role) => role !== 'external-load-balancer'),
    )
    let nodes = 0
    for (const role of roles) {
      const number = ++this.#ids
      const common = { id: `c${String(number)}`, cluster, role, address: `172.18.0.${String(number + 1)}` }
      if (role === 'external-load-balancer') {
        this.containers.push({ ...common, name: `${cluster}-external-load-balancer`, podCIDR: '' })
      } else {
        const podCIDR = podSubnet.replace(/0\.0\/\d+$/, `${String(nodes)}.0/24`)
        this.containers.push({ ...common, name: names[nodes++] ?? '', podCIDR, ...(run !== undefined && { run }) })
      }
    }
  }

  #listed({ id, name, cluster, role }: EngineContainer): string {
    const labels = `io.x-k8s.kind.cluster=${cluster},io.x-k8s.kind.role=${role}`
    return JSON.stringify({ ID: id, Names: name, Labels: labels, State: 'running' })
  }

  #inspectContainers(names: readonly string[]) {
    const found = this.containers.filter(({ id, name }) => names.includes(id) || names.includes(name))
    if (found.length < names.length) return fails('[]\nError: No such container: somebody')
    return JSON.stringify(
      found.map(({ id, name, cluster, role, run, address }) => ({
        Id: id,
        Name: `/${name}`,
        Config: { Labels: { 'io.x-k8s.kind.cluster': cluster, 'io.x-k8s.kind.role': role } },
        Mounts: [{ Destination: '/var' }, ...(run === undefined ? [] : [{ Destination: `/kind-flat-network/${run}` }])],
        NetworkSettings: { Networks: { kind: { IPAddress: address } } },
      })),
    )
  }

  #removeContainers(ids: readonly string[]): string {
    this.containers = this.containers.filter(({ id }) => !ids.includes(id))
    return lines(ids)
  }

  #listNetworks(command: readonly string[]): string {
    const filter = command.at(-2) === '--filter' ? (command.at(-1) ?? '') : ''
    const name = /^name=\^(.*)\$$/.exec(filter)?.[1]
    const run = /^label=kind-flat-network\.run=(.*)$/.exec(filter)?.[1]
    return lines(
      this.networks
        .filter((network) => name === undefined || network.name === name)
        .filter((network) => run === undefined || network.run === run)
        .map(({ id }) => id),
    )
  }

  #onNetwork({ name, others = 0 }: EngineNetwork): number {
    return others + (name === 'kind' ? this.containers.length : 0)
  }

  #inspectNetworks(ids: readonly string[]) {
    const found = this.networks.filter(({ id }) => ids.includes(id))
    if (found.length < ids.length) return fails('[]\nError: No such network: somebody')
    return JSON.stringify(
      found.map((network) => ({
        Id: network.id,
        Name: network.name,
        IPAM: { Config: network.subnets.map((Subnet) => ({ Subnet })) },
        Containers: Object.fromEntries(Array.from({ length: this.#onNetwork(network) }, (_, index) => [index, {}])),
      })),
    )
  }

  #createNetwork(command: readonly string[]): string {
    const value = (flag: string) => command.find((word) => word.startsWith(flag))?.slice(flag.length)
    const [run, ipv6] = [value('--label=kind-flat-network.run='), value('--subnet=')]
    const id = `n${String(++this.#ids)}`
    const subnets = [...(ipv6 === undefined ? [] : [ipv6]), this.nextSubnet]
    this.networks.push({ id, name: command.at(-1) ?? '', subnets, ...(run !== undefined && { run }) })
    return `${id}\n`
  }

  #removeNetwork(id: string | undefined) {
    const network = this.networks.find((each) => each.id === id)
    if (network === undefined) return fails(`Error: No such network: ${String(id)}`)
    if (this.#onNetwork(network) > 0) return fails(`error while removing network: network has active endpoints`)
    this.networks = this.networks.filter((each) => each !== network)
    return `${network.id}\n`
  }

  #createCluster({ command, options }: Call): string {
    const { name, networking, nodes } = parse(options.input ?? '') as {
      name: string
      networking: { podSubnet: string }
      nodes: { role: NodeRole; extraMounts: { containerPath: string }[] }[]
    }
    const run = nodes[0]?.extraMounts.at(-1)?.containerPath.split('/').at(-1)
    const roles = nodes.map(({ role }) => role)
    const several = roles.filter((role) => role === 'control-plane').length > 1
    this.add(name, [...(several ? (['external-load-balancer'] as const) : []), ...roles], run, networking.podSubnet)
    const context = `kind-${name}`
    const kubeconfig = {
      clusters: [{ name: context, cluster: { server: `https://127.0.0.1:4000${String(this.#ids)}` } }],
      contexts: [{ name: context, context: { cluster: context, user: context } }],
      users: [{ name: context, user: {} }],
    }
    this.world.files.content.set(command.at(-1) ?? '', stringify(kubeconfig))
    return ` ✓ Starting control-plane 🕹️\nSet kubectl context to "${context}"\nHave a nice day! 👋\n`
  }

  #nodesOf(cluster: string): EngineContainer[] {
    return this.containers.filter((each) => each.cluster === cluster && each.role !== 'external-load-balancer')
  }

  #clusterState(cluster: string): string {
    const look = (this.#looks.get(cluster) ?? 0) + 1
    this.#looks.set(cluster, look)
    const yes = (type: string) => ({ conditions: [{ type, status: 'True' }] })
    const nodes = this.#nodesOf(cluster).map(({ name, podCIDR }) => ({
      kind: 'Node',
      metadata: { name },
      spec: { podCIDR },
      status: yes('Ready'),
    }))
    const coreDns = {
      kind: 'Deployment',
      metadata: { name: 'coredns', generation: 1 },
      spec: { replicas: 2 },
      status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
    }
    return JSON.stringify({ items: this.tells([...nodes, coreDns], cluster, look) })
  }

  #coreDns(cluster: string): string {
    const annotations = this.coreDnsAnnotations.get(cluster)
    return JSON.stringify({
      items: [
        { kind: 'ConfigMap', data: { Corefile: this.corefiles.get(cluster) ?? kubeadmsCorefile } },
        { kind: 'Deployment', spec: { template: { metadata: { ...(annotations && { annotations }) } } } },
      ],
    })
  }

  #patchCoreDns(command: readonly string[]): string {
    const cluster = clusterOf(command)
    const { data, spec } = JSON.parse(command.at(-1)?.replace(/^--patch=/, '') ?? '') as {
      data?: { Corefile: string }
      spec?: { template: { metadata: { annotations: Record<string, string> } } }
    }
    if (data !== undefined) this.corefiles.set(cluster, data.Corefile)
    if (spec !== undefined) this.coreDnsAnnotations.set(cluster, spec.template.metadata.annotations)
    return 'coredns patched\n'
  }

  #probes(cluster: string): string {
    const items = this.#nodesOf(cluster).map(({ name, podCIDR }) => ({
      metadata: {},
      spec: { nodeName: name },
      status: { podIP: podCIDR.replace(/0\/24$/, '10') },
    }))
    return JSON.stringify({ items })
  }

  #answers(command: readonly string[]): string {
    const [own = '', ...targets] = command.slice(7)
    return lines(targets.map((target) => `${target} 800 ${answer(this.seenAs(own))}`))
  }
}

/** What CoreDNS' whoami answers to somebody it sees as that address. */
export function answer(seen: string): string {
  return encode({
    type: 'response',
    id: 0x4b46,
    flags: AUTHORITATIVE_ANSWER,
    questions: [{ type: 'A', name: 'whoami' }],
    additionals: [{ type: 'A', name: 'whoami', data: seen }],
  }).toString('base64')
}

/** The cluster whose kubeconfig a command names. */
function clusterOf(command: readonly string[]): string {
  return /([^/]+)\.kubeconfig$/.exec(command[2] ?? '')?.[1] ?? ''
}

function lines(list: readonly string[]): string {
  return list.map((line) => `${line}\n`).join('')
}

/** The rule for one cluster's kubectl. */
export function kubectlOf(cluster: string, verb: string): RegExp {
  return new RegExp(`^kubectl .*/${cluster}\\.kubeconfig .*${verb}`)
}
