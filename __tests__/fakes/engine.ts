import { AUTHORITATIVE_ANSWER, encode } from 'dns-packet'
import { parse, stringify } from 'yaml'
import { addressAt, familyOf, machineCidr, overlap, parseCidr } from '../../src/model/cidr.js'
import type { DockerNetwork } from '../../src/plan/host-facts.js'
import { nodeNames, type NodeRole } from '../../src/model/kind-names.js'
import { nodeImage, nodeSubnets, nthPart } from './build.js'
import { FakeImages } from './images.js'
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

/** Of the API server, as kubectl prints it. */
const conflict =
  'Error from server (Conflict): Operation cannot be fulfilled on configmaps "coredns": the object has been modified; please apply your changes to the latest version and try again'

export const coreDnsImage = 'registry.k8s.io/coredns/coredns:v1.12.1'

export interface EngineContainer {
  readonly id: string
  readonly name: string
  readonly cluster: string
  readonly role: NodeRole | 'external-load-balancer'
  readonly run?: string
  /** Docker network it is on. */
  readonly network: string
  readonly addresses: readonly string[]
  readonly podCIDRs: readonly string[]
  /** Of its cluster. */
  readonly serviceSubnets: readonly string[]
  readonly stopped?: boolean
  /** What kind writes to `/kind/kubeadm.conf`. */
  readonly kubeadm?: string
}

export interface EngineVolume {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export interface EngineNetwork extends DockerNetwork {
  readonly run?: string
  /** Containers on it besides those of this engine's clusters. */
  readonly others?: number
}

/** A node or the deployment of CoreDNS, as the API of a cluster tells it. */
export interface StateItem {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly creationTimestamp?: string
  }
  readonly spec: object
  readonly status: object
}

/**
 * A Docker engine with kind and kubectl, as far as this project talks to them: what one command makes, the next one
 * sees. A test adds rules to the runner for what shall go wrong.
 */
export class FakeEngine {
  containers: EngineContainer[] = []
  /** What runs made besides nodes. */
  runContainers: { readonly id: string; readonly name: string; readonly run: string; readonly network?: string }[] = []
  /** The container that this process runs in, when it has a network of its own. */
  job: { readonly id: string; readonly name: string; networks: string[] } | undefined
  /** The images of the engine; the one that kind would use is there. */
  readonly images: FakeImages
  /** Names of the images on each node, besides its own. */
  readonly imagesOn = new Map<string, Set<string>>()
  /** Names of the registries that each node was taught. */
  readonly registriesOf = new Map<string, Set<string>>()
  networks: EngineNetwork[] = [{ id: 'b1', name: 'bridge', subnets: ['172.17.0.0/16'] }]
  volumes: EngineVolume[] = []
  /** Clusters whose nodes have no kubeadm config yet. */
  readonly unwritten = new Set<string>()
  /** Subnet that Docker chooses for a new network. */
  nextSubnet = '172.18.0.0/16'
  /** Which address of its network the nth container gets. */
  hostNumber = (nth: number): number => nth + 1
  /** Who another pod is seen as: itself, unless something masquerades. */
  seenAs = (podAddress: string): string => podAddress
  /** What the API tells of a cluster that is all ready, at the nth look from 1 on. */
  tells: (items: readonly StateItem[], cluster: string, look: number) => readonly StateItem[] = (items) => items
  /** What CoreDNS is configured with, by cluster; `kubeadmsCorefile` where nobody has changed it. */
  readonly corefiles = new Map<string, string>()
  /** Annotations on the pods of CoreDNS, by cluster. */
  readonly coreDnsAnnotations = new Map<string, Record<string, string>>()
  readonly #corefileVersions = new Map<string, string[]>()
  readonly #looks = new Map<string, number>()
  /** What each node was told to have, as the exec on it gave it; a restart empties it. */
  readonly wiring = new Map<string, string>()
  #ids = 0

  constructor(private readonly world: FakeWorld) {
    const { runner } = world
    this.images = new FakeImages(world)
    this.images.names.add(nodeImage)
    runner.on('docker image inspect', ({ command: [, , , name = ''] }) =>
      this.images.names.has(name)
        ? JSON.stringify([{ Id: `sha256:${name}`, RepoTags: [name] }])
        : fails(`[]\nError: No such image: ${name}`),
    )
    runner.on('docker image save', ({ command }) => this.#saveImages(command))
    runner.on('docker run', ({ command }) => this.#runContainer(command))
    runner.on('docker container port', ({ command }) => this.#publishedPort(command[3]))
    runner.on('docker --version', 'Docker version 28.3.0, build 38b7060\n')
    runner.on('kind version --quiet', '0.33.0\n')
    runner.on('kubectl version', '{"clientVersion":{"gitVersion":"v1.34.4"}}')
    runner.on('docker info', '{"ServerVersion":"28.3.0","NCPU":4,"MemTotal":16000000000}')
    runner.on(
      'docker context inspect',
      '{"Name":"default","Endpoints":{"docker":{"Host":"unix:///var/run/docker.sock"}}}\n',
    )
    runner.on('docker network connect', ({ command: [, , , network = ''] }) => {
      this.job?.networks.push(network)
      return ''
    })
    runner.on('docker network disconnect --force', ({ command: [, , , , network = ''] }) => {
      const { job } = this
      if (job?.networks.includes(network) !== true) {
        return fails(`Error response from daemon: container ${String(job?.id)} is not connected to network ${network}`)
      }
      job.networks = job.networks.filter((name) => name !== network)
      return ''
    })
    runner.on('ip -json', '[{"dst":"default","dev":"eth0"},{"dst":"192.168.1.0/24","dev":"eth0"}]')
    runner.on('ip -json -6', '[]')
    runner.on(/^docker ps --all --format .*json/, () => this.containers.map((each) => this.#listed(each)).join('\n'))
    runner.on(/^docker ps .*label=kind-flat-network.run/, () =>
      lines(this.runContainers.map(({ id, name, run }) => JSON.stringify([id, name, run]))),
    )
    runner.on(/^docker ps .*--filter network=/, ({ command }) =>
      this.#listContainersOn(/^network=(.*)$/.exec(command[5] ?? '')?.[1] ?? ''),
    )
    runner.on(/^docker ps .*--quiet/, () => lines(this.containers.map(({ id }) => id)))
    runner.on('docker container inspect', ({ command }) => this.#inspectContainers(command.slice(3)))
    runner.on('docker rm', ({ command }) => this.remove(command.slice(4)))
    runner.on('docker network ls', ({ command }) => this.#listNetworks(command))
    runner.on(/docker network ls .*\.Label/, () =>
      lines(this.networks.flatMap(({ run }) => (run === undefined ? [] : JSON.stringify([run])))),
    )
    runner.on('docker network inspect', ({ command }) => this.#inspectNetworks(command.slice(3)))
    runner.on('docker network inspect bridge --format', '1500\n')
    runner.on('docker network create', ({ command }) => this.#createNetwork(command))
    runner.on('docker network rm', ({ command }) => this.#removeNetwork(command[3]))
    runner.on('docker volume create', ({ command }) => this.#createVolume(command))
    runner.on('docker volume ls', () => this.#listVolumes())
    runner.on('docker volume rm --force', ({ command }) => this.#removeVolumes(command.slice(4)))
    runner.on('docker cp', ({ command }) => this.#copyOut(command[2] ?? ''))
    runner.on('kind create cluster', (call) => this.#createCluster(call))
    runner.on('kind get kubeconfig', ({ command }) => this.#kubeconfig(command.at(-1) ?? ''))
    runner.on(/^kubectl .* wait /, '')
    runner.on(/^kubectl .* get nodes,/, ({ command }) => this.#clusterState(clusterOf(command)))
    runner.on(/^kubectl .* get configmap\/coredns/, ({ command }) => this.#coreDns(clusterOf(command)))
    runner.on(/^kubectl .* patch .*\/coredns/, ({ command }) => this.#patchCoreDns(command))
    runner.on(/^kubectl .* (apply|rollout|delete|get customresourcedefinition\/\S+) /, '')
    runner.on(/^kubectl .* get pods,services/, ({ command }) => this.#probes(clusterOf(command)))
    runner.on(/^docker exec .*kind-flat-network\/wiring/s, ({ command }) =>
      this.#wire(command[2] ?? '', command[7] ?? ''),
    )
    runner.on(/^kubectl .* patch service\/kube-dns/, '')
    runner.on(/^docker exec .*nsenter/s, ({ command }) => this.#answers(command))
    runner.on(/^docker exec .* images check /s, ({ command }) => this.#lacks(command, false))
    runner.on(/^docker exec --interactive .* images import /s, ({ command }) => this.#lacks(command, true))
    runner.on(/^docker exec .* bash -c .*certs\.d/s, ({ command: [, , node = '', , , , , registry = ''] }) => {
      this.registriesOf.set(node, new Set(this.registriesOf.get(node)).add(registry))
      return ''
    })
    runner.on(/^docker exec \S+ rm -rf .*certs\.d/, ({ command: [, , node = '', , , path = ''] }) => {
      this.registriesOf.get(node)?.delete(path.split('/').at(-1) ?? '')
      return ''
    })
  }

  /** Containers of a cluster, as kind makes them. */
  add(
    cluster: string,
    roles: readonly EngineContainer['role'][],
    run: string | undefined,
    podSubnet = '10.0.0.0/16',
    network = 'kind',
    serviceSubnet = '10.96.0.0/16',
  ) {
    const names = nodeNames(
      cluster,
      roles.filter((role) => role !== 'external-load-balancer'),
    )
    const podSubnets = podSubnet.split(',')
    let nodes = 0
    for (const role of roles) {
      const number = ++this.#ids
      const addresses = podSubnets.map((subnet) =>
        addressAt(parseCidr(nodeSubnets[familyOf(subnet)]), this.hostNumber(number)),
      )
      const serviceSubnets = serviceSubnet.split(',')
      const common = { id: `c${String(number)}`, cluster, role, network, addresses, serviceSubnets }
      if (role === 'external-load-balancer') {
        this.containers.push({ ...common, name: `${cluster}-external-load-balancer`, podCIDRs: [] })
      } else {
        const podCIDRs = podSubnets.map((subnet) => nthPart(subnet, nodes))
        const kubeadm = kubeadmConfigOf(podSubnet, serviceSubnet)
        const owner = run === undefined ? {} : { run }
        this.containers.push({ ...common, name: names[nodes++] ?? '', podCIDRs, kubeadm, ...owner })
      }
    }
  }

  #listed({ name, cluster }: EngineContainer): string {
    return JSON.stringify([name, cluster, ''])
  }

  /** Has this process run in a container of the engine, on a network that is none of the clusters'. */
  runInContainer(network = 'bridge'): void {
    const id = 'f00'.padEnd(64, '0')
    this.job = { id, name: 'job', networks: [network] }
    this.world.files.content.set(
      '/proc/self/mountinfo',
      `701 689 254:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n`,
    )
  }

  #inspectContainers(names: readonly string[]) {
    if (this.job !== undefined && names.includes(this.job.id)) {
      const { id, name, networks } = this.job
      const settings = { Networks: Object.fromEntries(networks.map((network) => [network, {}])) }
      const [NetworkMode] = networks
      return JSON.stringify([
        { Id: id, Name: `/${name}`, Config: {}, HostConfig: { NetworkMode }, NetworkSettings: settings },
      ])
    }
    const found = this.containers.filter(({ id, name }) => names.includes(id) || names.includes(name))
    if (found.length < names.length) return fails('[]\nError: No such container: somebody')
    return JSON.stringify(
      found.map(({ id, name, cluster, role, run, network, addresses, stopped = false }) => ({
        Id: id,
        Name: `/${name}`,
        Config: { Labels: { 'io.x-k8s.kind.cluster': cluster, 'io.x-k8s.kind.role': role } },
        Mounts: [{ Destination: '/var' }, ...(run === undefined ? [] : [{ Destination: `/kind-flat-network/${run}` }])],
        State: { Running: !stopped },
        NetworkSettings: { Networks: { [network]: stopped ? { IPAddress: '' } : addressesOf(addresses) } },
      })),
    )
  }

  /** What `docker rm` does. */
  remove(ids: readonly string[]): string {
    this.containers = this.containers.filter(({ id }) => !ids.includes(id))
    this.runContainers = this.runContainers.filter(({ id }) => !ids.includes(id))
    return lines(ids)
  }

  #listNetworks(command: readonly string[]): string {
    const filter = command.at(-2) === '--filter' ? (command.at(-1) ?? '') : ''
    const name = /^name=(.*)$/.exec(filter)?.[1]
    const run = /^label=kind-flat-network\.run=(.*)$/.exec(filter)?.[1]
    return lines(
      this.networks
        .filter((network) => name === undefined || new RegExp(name).test(network.name))
        .filter((network) => run === undefined || network.run === run)
        .map(({ id }) => id),
    )
  }

  /** Containers that have a network; only those that run hold on to it. */
  #onNetwork({ name, others = 0 }: EngineNetwork) {
    const containers = [...this.containers, ...this.runContainers]
    const there: { readonly id: string; readonly name: string; readonly stopped?: boolean }[] = [
      ...Array.from({ length: others }, (_, index) => ({ id: `o${String(index)}`, name: `other-${String(index)}` })),
      ...(this.job?.networks.includes(name) === true ? [this.job] : []),
      ...containers.filter(({ network }) => network === name),
    ]
    return { all: there, running: there.filter(({ stopped }) => stopped !== true) }
  }

  #listContainersOn(network: string): string {
    const found = this.networks.filter(({ name }) => name === network).flatMap((each) => this.#onNetwork(each).all)
    return lines(found.map(({ id, name }) => JSON.stringify([id, name, network])))
  }

  #inspectNetworks(ids: readonly string[]) {
    const found = this.networks.filter(({ id }) => ids.includes(id))
    if (found.length < ids.length) return fails('[]\nError: No such network: somebody')
    return JSON.stringify(
      found.map((network) => ({
        Id: network.id,
        Name: network.name,
        IPAM: { Config: network.subnets.map((Subnet) => ({ Subnet })) },
        ...(network.run !== undefined && { Labels: { 'kind-flat-network.run': network.run } }),
        Containers: Object.fromEntries(this.#onNetwork(network).running.map(({ id, name }) => [id, { Name: name }])),
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
    if (this.#onNetwork(network).running.length > 0)
      return fails(`error while removing network: network has active endpoints`)
    this.networks = this.networks.filter((each) => each !== network)
    return `${network.id}\n`
  }

  /** A volume that is there stays as it is. */
  #createVolume(command: readonly string[]): string {
    const name = command.at(-1) ?? ''
    const pairs = command.filter((word) => word.startsWith('--label=')).map((word) => word.slice(8).split(/=(.*)/s, 2))
    const labels = Object.fromEntries(pairs) as EngineVolume['labels']
    if (!this.volumes.some((volume) => volume.name === name)) this.volumes.push({ name, labels })
    return `${name}\n`
  }

  #listVolumes(): string {
    return lines(
      this.volumes.map(({ name, labels }) =>
        JSON.stringify([name, labels['kind-flat-network.run'] ?? '', labels['kind-flat-network.reserved'] ?? '']),
      ),
    )
  }

  #removeVolumes(names: readonly string[]): string {
    this.volumes = this.volumes.filter(({ name }) => !names.includes(name))
    return lines(names)
  }

  /** A tar stream: a header of 512 bytes with the name, the file filled up to such blocks, and two empty ones. */
  #copyOut(from: string) {
    const [container = '', path = ''] = from.split(':')
    const found = this.containers.find(({ id, name }) => id === container || name === container)
    if (found === undefined) return fails(`Error response from daemon: No such container: ${container}`)
    if (found.kubeadm === undefined || this.unwritten.has(found.cluster) || path !== '/kind/kubeadm.conf') {
      return fails(`Error response from daemon: Could not find the file ${path} in container ${container}`)
    }
    const header = `kubeadm.conf\0\0\0\0${'0100600\0'}ustar\0` + '00root'
    return header.padEnd(512, '\0') + found.kubeadm.padEnd(Math.ceil(found.kubeadm.length / 512) * 512 + 1024, '\0')
  }

  #createCluster({ command, options }: Call): string {
    const { name, networking, nodes } = parse(options.input ?? '') as {
      name: string
      networking: { podSubnet: string; serviceSubnet: string }
      nodes: { role: NodeRole; extraMounts: { containerPath: string }[] }[]
    }
    const run = nodes[0]?.extraMounts.at(-1)?.containerPath.split('/').at(-1)
    const roles = nodes.map(({ role }) => role)
    const several = roles.filter((role) => role === 'control-plane').length > 1
    const network = options.environment?.['KIND_EXPERIMENTAL_DOCKER_NETWORK']
    this.add(
      name,
      [...(several ? (['external-load-balancer'] as const) : []), ...roles],
      run,
      networking.podSubnet,
      network,
      networking.serviceSubnet,
    )
    this.world.files.content.set(command.at(-1) ?? '', this.#kubeconfig(name))
    return ` • Starting control-plane 🕹️  ...\n ✓ Starting control-plane 🕹️\nSet kubectl context to "kind-${name}"\nHave a nice day! 👋\n`
  }

  #kubeconfig(cluster: string): string {
    const context = `kind-${cluster}`
    return stringify({
      clusters: [{ name: context, cluster: { server: `https://127.0.0.1:4000${String(this.#ids)}` } }],
      contexts: [{ name: context, context: { cluster: context, user: context } }],
      users: [{ name: context, user: {} }],
    })
  }

  #saveImages(command: readonly string[]): string {
    const path = command[command.indexOf('--output') + 1] ?? ''
    this.world.files.content.set(path, 'an archive')
    return ''
  }

  #runContainer(command: readonly string[]) {
    const value = (flag: string) => command.find((word) => word.startsWith(flag))?.slice(flag.length) ?? ''
    const [name, network] = [value('--name='), value('--network=')]
    if (!this.networks.some((each) => each.name === network)) return fails(`network ${network} not found`)
    const id = `r${String(++this.#ids)}`
    this.runContainers.push({ id, name, network, run: value('--label=kind-flat-network.run=') })
    return `${id}\n`
  }

  #publishedPort(name: string | undefined) {
    return this.runContainers.some((each) => each.name === name)
      ? '127.0.0.1:49153\n'
      : fails(`Error response from daemon: No such container: ${String(name)}`)
  }

  /** Prints the images that a node lacks, and gives them to it or does not. */
  #lacks(command: readonly string[], give: boolean): string {
    const [, , node = '', ...words] = command.filter((word) => word !== '--interactive')
    const wanted = words.filter((_, index) => words[index + 1]?.startsWith('sha256:') === true)
    const has = this.imagesOn.get(node) ?? new Set<string>()
    const missing = wanted.filter((name) => !has.has(name))
    if (give) this.imagesOn.set(node, new Set([...has, ...missing]))
    return lines(missing)
  }

  #nodesOf(cluster: string): EngineContainer[] {
    return this.containers.filter((each) => each.cluster === cluster && each.role !== 'external-load-balancer')
  }

  #clusterState(cluster: string): string {
    const look = (this.#looks.get(cluster) ?? 0) + 1
    this.#looks.set(cluster, look)
    const nodes = this.#nodesOf(cluster).map(({ name, podCIDRs, stopped = false }) => ({
      kind: 'Node',
      metadata: { name },
      spec: { podCIDR: podCIDRs[0], podCIDRs },
      status: { conditions: [{ type: 'Ready', status: stopped ? 'Unknown' : 'True' }] },
    }))
    const coreDns = {
      kind: 'Deployment',
      metadata: { name: 'coredns', generation: 1 },
      spec: { replicas: 2, template: { spec: { containers: [{ image: coreDnsImage }] } } },
      status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
    }
    const dns = {
      kind: 'Service',
      metadata: { name: 'kube-dns' },
      spec: {
        clusterIPs: this.#serviceSubnetsOf(cluster)
          .slice(0, 1)
          .map((subnet) => addressAt(parseCidr(subnet), 10)),
      },
      status: {},
    }
    return JSON.stringify({ items: this.tells([...nodes, coreDns, dns], cluster, look) })
  }

  #coreDns(cluster: string): string {
    const annotations = this.coreDnsAnnotations.get(cluster)
    const { corefile, resourceVersion } = this.#storedCorefile(cluster)
    return JSON.stringify({
      items: [
        { kind: 'ConfigMap', metadata: { resourceVersion }, data: { Corefile: corefile } },
        { kind: 'Deployment', metadata: {}, spec: { template: { metadata: { ...(annotations && { annotations }) } } } },
      ],
    })
  }

  /** A Corefile, and its version, which everybody's change renews. */
  #storedCorefile(cluster: string): { corefile: string; resourceVersion: string } {
    const corefile = this.corefiles.get(cluster) ?? kubeadmsCorefile
    const versions = this.#corefileVersions.get(cluster) ?? []
    if (versions.at(-1) !== corefile) versions.push(corefile)
    this.#corefileVersions.set(cluster, versions)
    return { corefile, resourceVersion: String(versions.length) }
  }

  #patchCoreDns(command: readonly string[]) {
    const cluster = clusterOf(command)
    const { metadata, data, spec } = JSON.parse(command.at(-1)?.replace(/^--patch=/, '') ?? '') as {
      metadata?: { resourceVersion: string }
      data?: { Corefile: string }
      spec?: { template: { metadata: { annotations: Record<string, string> } } }
    }
    if (metadata !== undefined && metadata.resourceVersion !== this.#storedCorefile(cluster).resourceVersion) {
      return fails(conflict)
    }
    if (data !== undefined) this.corefiles.set(cluster, data.Corefile)
    if (spec !== undefined) this.coreDnsAnnotations.set(cluster, spec.template.metadata.annotations)
    return 'coredns patched\n'
  }

  #probes(cluster: string): string {
    const pods = this.#nodesOf(cluster).map(({ name, podCIDRs }) => ({
      kind: 'Pod',
      metadata: {},
      spec: { nodeName: name },
      status: {
        podIPs: podCIDRs.map((podCIDR) => ({ ip: podIn(podCIDR) })),
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    }))
    const clusterIPs = this.#serviceSubnetsOf(cluster).map(serviceIn)
    return JSON.stringify({ items: [...pods, { kind: 'Service', metadata: {}, spec: { clusterIPs } }] })
  }

  #serviceSubnetsOf(cluster: string): readonly string[] {
    return this.#nodesOf(cluster)[0]?.serviceSubnets ?? []
  }

  /** Tells the lines that are new on the node, and those that are gone. */
  #wire(node: string, wanted: string): string {
    const [before = [], after = []] = [this.wiring.get(node) ?? '', wanted].map((text) =>
      text.split('\n').filter((line) => line !== ''),
    )
    this.wiring.set(node, wanted)
    return lines([
      ...before.filter((line) => !after.includes(line)).map((line) => `${line} removed`),
      ...after.filter((line) => !before.includes(line)).map((line) => `${line} added`),
    ])
  }

  #isUnreachable(node: string, address: string): boolean {
    const target = machineCidr(address)
    return (this.wiring.get(node) ?? '').split('\n').some((line) => {
      const [, destination] = /^unreachable (.*)$/.exec(line) ?? []
      return destination !== undefined && target !== undefined && overlap(parseCidr(destination), target)
    })
  }

  #answers(command: readonly string[]): string {
    const targets = command.slice(8).map((target) => target.split(',')[0] ?? '')
    const node = command[2] ?? ''
    const own = this.containers.filter(({ name }) => name === node).flatMap(({ podCIDRs }) => podCIDRs.map(podIn))
    const ownIn = (target: string) => own.find((address) => familyOf(address) === familyOf(target)) ?? ''
    return lines(
      targets.map((target) =>
        this.#isUnreachable(node, target) ? `${target} - -` : `${target} 800 ${answer(this.seenAs(ownIn(target)))}`,
      ),
    )
  }
}

/** The parts of a kubeadm config, as kind writes it, that tell the cluster's subnets, and what stands around them. */
export function kubeadmConfigOf(podSubnet: string, serviceSubnet: string): string {
  return [
    { apiServer: { certSANs: ['localhost'] }, kind: 'ClusterConfiguration', networking: { podSubnet, serviceSubnet } },
    { kind: 'InitConfiguration', nodeRegistration: { kubeletExtraArgs: { 'node-ip': '172.18.0.2' } } },
    { kind: 'KubeProxyConfiguration', mode: 'iptables' },
  ]
    .map((document) => stringify(document))
    .join('---\n')
}

/** What CoreDNS' whoami answers to somebody it sees as that address. */
export function answer(seen: string): string {
  return encode({
    type: 'response',
    id: 0x4b46,
    flags: AUTHORITATIVE_ANSWER,
    questions: [{ type: 'A', name: 'whoami' }],
    additionals: [{ type: familyOf(seen) === 'ipv4' ? 'A' : 'AAAA', name: 'whoami', data: seen }],
  }).toString('base64')
}

/** The probe's address on a node with that podCIDR: the tenth. */
function podIn(podCIDR: string): string {
  return addressAt(parseCidr(podCIDR), 10)
}

/** The probe's Service in a cluster with that service subnet: the twentieth address. */
export function serviceIn(serviceSubnet: string): string {
  return addressAt(parseCidr(serviceSubnet), 20)
}

/** As `docker inspect` tells the addresses on a network. */
function addressesOf(addresses: readonly string[]): object {
  const of = (family: string) => addresses.find((address) => familyOf(address) === family) ?? ''
  return { IPAddress: of('ipv4'), GlobalIPv6Address: of('ipv6') }
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
