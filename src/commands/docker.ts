import type { DockerNetwork, HostFacts, Reservation } from '../plan/host-facts.js'
import { ownerDirectory } from '../kind-config/kind-config.js'
import type { HostPort } from '../kind-config/host-ports.js'
import type { NodeRole } from '../model/kind-names.js'
import type { PlaceFacts } from '../plan/place.js'

/** Arguments for docker, and readers of what it prints. */

const clusterLabel = 'io.x-k8s.kind.cluster'
const roleLabel = 'io.x-k8s.kind.role'
/** Label of the networks, volumes and containers that a run made, but for its nodes; its value is the run. */
export const runLabel = 'kind-flat-network.run'
/** Label of the volume that holds a run's reservation, as JSON. */
const reservedLabel = 'kind-flat-network.reserved'

export const dockerVersion = ['docker', '--version'] as const

export const engineInfo = ['docker', 'info', '--format', '{{json .}}'] as const

export function parseEngineInfo(output: string): Omit<HostFacts['engine'], 'sharesFiles'> {
  const info = JSON.parse(output) as {
    ServerVersion?: string
    NCPU?: number
    MemTotal?: number
    OSType?: string
    Architecture?: string
    DriverStatus?: [string, string][] | null
  }
  const architecture = info.Architecture ?? 'amd64'
  return {
    version: info.ServerVersion ?? '',
    cpus: info.NCPU ?? 1,
    memory: info.MemTotal ?? 0,
    platform: `${info.OSType ?? 'linux'}/${imageArchitectures[architecture] ?? architecture}`,
    // moby, `daemon/containerd/service.go`, `LayerStoreStatus`
    containerdImageStore: (info.DriverStatus ?? []).some(
      ([key, value]) => key === 'driver-type' && value === 'io.containerd.snapshotter.v1',
    ),
  }
}

/** Name of the machine that the engine runs on, and the directory there that holds its data. */
export function parseEnginePlace(output: string): { readonly hostname: string; readonly directory: string } {
  const { Name = '', DockerRootDir = '' } = JSON.parse(output) as { Name?: string; DockerRootDir?: string }
  return { hostname: Name, directory: DockerRootDir }
}

/** What of the engine decides whether nodes can run where it has no root rights; the fields that kind reads too. */
export function parseEngineRights(output: string): Pick<PlaceFacts, 'rootless' | 'cgroupVersion' | 'limits'> {
  const info = JSON.parse(output) as {
    CgroupDriver?: string
    CgroupVersion?: string
    MemoryLimit?: boolean
    PidsLimit?: boolean
    CPUShares?: boolean
    SecurityOptions?: string[] | null
  }
  return {
    rootless: (info.SecurityOptions ?? []).some((option) => option.split(',').includes('name=rootless')),
    cgroupVersion: info.CgroupVersion ?? '1',
    // without a driver the others mean nothing: https://github.com/moby/moby/issues/42151
    limits: info.CgroupDriver !== 'none' && [info.MemoryLimit, info.PidsLimit, info.CPUShares].every(Boolean),
  }
}

/** What an engine that does not answer as one has instead; 20.10 tells all of that with success, newer clients some. */
export function parseEngineTrouble(output: string): string | undefined {
  const { ServerErrors, ServerVersion } = JSON.parse(output) as { ServerErrors?: string[]; ServerVersion?: string }
  if (ServerErrors !== undefined && ServerErrors.length > 0) return ServerErrors.join('\n')
  return ServerVersion === '' ? 'Error reading remote info: no version' : undefined
}

/** The context in use: `DOCKER_HOST` goes before `DOCKER_CONTEXT`, and that before the one chosen with `docker context use`. */
export const inspectContext = ['docker', 'context', 'inspect', '--format', '{{json .}}'] as const

export function parseContext(output: string): PlaceFacts['context'] {
  const { Name, Endpoints } = JSON.parse(output) as { Name: string; Endpoints?: { docker?: { Host?: string } } }
  return { name: Name, endpoint: Endpoints?.docker?.Host ?? '' }
}

/** The engine tells the kernel's names of architectures; images have Go's. */
const imageArchitectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' }

export const listContainers = ['docker', 'ps', '--all', '--no-trunc', '--format', '{{json .}}'] as const

export function parseContainers(output: string): HostFacts['containers'] {
  return jsonLines<{ Names: string; Labels: string; Ports?: string }>(output).map(({ Names, Labels, Ports = '' }) => {
    const cluster = label(Labels, clusterLabel)
    const ports = publishedPorts(Ports)
    return { name: Names, ...(cluster !== undefined && { cluster }), ...(ports.length > 0 && { ports }) }
  })
}

/** `0.0.0.0:8080->80/tcp, :::8080->80/tcp, [::1]:9000-9001->9000-9001/udp`; newer clients write IPv6 in brackets. */
function publishedPorts(text: string): HostPort[] {
  return text.split(', ').flatMap((mapping) => {
    const [, address = '', first = '', last = first, protocol = ''] =
      /^\[?([\d.]+|[\da-f:]+?)\]?:(\d+)(?:-(\d+))?->[\d-]+\/(tcp|udp|sctp)$/.exec(mapping) ?? []
    if (address === '') return []
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => ({
      address,
      port: Number(first) + index,
      protocol: protocol.toUpperCase() as HostPort['protocol'],
    }))
  })
}

/** `docker ps` joins labels with commas; a value with a comma in it can only confuse labels that are not kind's. */
function label(labels: string, name: string): string | undefined {
  return labels
    .split(',')
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)
}

export function listNetworks(filter: { readonly name?: string; readonly run?: string } = {}): string[] {
  return [
    'docker',
    'network',
    'ls',
    '--no-trunc',
    '--format',
    '{{.ID}}',
    ...(filter.name === undefined ? [] : ['--filter', `name=^${filter.name}$`]),
    ...(filter.run === undefined ? [] : ['--filter', `label=${runLabel}=${filter.run}`]),
  ]
}

/** The run of every network that a run made. */
export const listNetworkRuns = [
  'docker',
  'network',
  'ls',
  '--filter',
  `label=${runLabel}`,
  '--format',
  `{{.Label "${runLabel}"}}`,
] as const

export function inspectNetworks(ids: readonly string[]): string[] {
  return ['docker', 'network', 'inspect', ...ids]
}

/** A network, with the running containers that are attached to it. */
export interface InspectedNetwork extends DockerNetwork {
  /** The run that created it. */
  readonly run?: string
  readonly attached: readonly { readonly id: string; readonly name: string }[]
}

export function parseNetworks(output: string): InspectedNetwork[] {
  const networks = JSON.parse(output) as {
    Id: string
    Name: string
    IPAM?: {
      Config?:
        | {
            Subnet?: string
            IPRange?: string
            Gateway?: string
            AuxiliaryAddresses?: Record<string, string> | null
          }[]
        | null
    }
    Labels?: Record<string, string> | null
    Containers?: Record<string, { Name?: string; IPv4Address?: string; IPv6Address?: string }> | null
  }[]
  return networks.map(({ Id, Name, IPAM, Labels, Containers }) => {
    const pools = IPAM?.Config ?? []
    const attached = Object.entries(Containers ?? {})
    const run = Labels?.[runLabel]
    const used = [
      ...pools.flatMap(({ Gateway, AuxiliaryAddresses }) => [Gateway, ...Object.values(AuxiliaryAddresses ?? {})]),
      ...attached.flatMap(([, { IPv4Address, IPv6Address }]) => [IPv4Address, IPv6Address]),
    ]
    return {
      id: Id,
      name: Name,
      subnets: pools.flatMap(({ Subnet }) => Subnet || []),
      ranges: pools.flatMap(({ IPRange }) => IPRange || []),
      // with the length of a prefix, or without
      used: used.flatMap((address) => address?.replace(/\/.*$/, '') || []),
      ...(run !== undefined && { run }),
      attached: attached.map(([id, { Name: name = id }]) => ({ id, name })),
    }
  })
}

/** MTU of Docker's default network, which kind gives its own network too. */
export const defaultNetworkMtu = [
  'docker',
  'network',
  'inspect',
  'bridge',
  '--format',
  '{{index .Options "com.docker.network.driver.mtu"}}',
] as const

/** The network as kind itself makes it (`pkg/cluster/internal/providers/docker/network.go`), with a label of ours. */
export function createNetwork(
  name: string,
  run: string,
  options: { readonly mtu?: number; readonly ipv6Subnet?: string },
): string[] {
  return [
    'docker',
    'network',
    'create',
    '--driver=bridge',
    '--opt=com.docker.network.bridge.enable_ip_masquerade=true',
    ...(options.mtu === undefined ? [] : [`--opt=com.docker.network.driver.mtu=${String(options.mtu)}`]),
    ...(options.ipv6Subnet === undefined ? [] : ['--ipv6', `--subnet=${options.ipv6Subnet}`]),
    `--label=${runLabel}=${run}`,
    name,
  ]
}

export function removeNetwork(id: string): string[] {
  return ['docker', 'network', 'rm', id]
}

export function connectNetwork(network: string, container: string): string[] {
  return ['docker', 'network', 'connect', network, container]
}

/** By force, which takes a stopped container off too. */
export function disconnectNetwork(network: string, container: string): string[] {
  return ['docker', 'network', 'disconnect', '--force', network, container]
}

/** The volume whose maker has the engine for itself. */
export const engineLock = 'kind-flat-network-lock'

/** The volume that keeps what a run takes. */
export function reservationVolume(run: string): string {
  return `kind-flat-network-${run}`
}

/**
 * Makes a volume, or leaves the one of that name as it is, with the labels of its maker, and succeeds all the same: the
 * engine decides one name after the other (moby, `volume/service/store.go`, `VolumeStore.Create`).
 */
export function createVolume(name: string, run: string, reservation?: Reservation): string[] {
  return [
    'docker',
    'volume',
    'create',
    `--label=${runLabel}=${run}`,
    ...(reservation === undefined ? [] : [`--label=${reservedLabel}=${JSON.stringify(reservation)}`]),
    name,
  ]
}

/** The volumes of all runs. */
export const listVolumes = [
  'docker',
  'volume',
  'ls',
  '--filter',
  `label=${runLabel}`,
  '--format',
  `{{.Name}} {{.Label "${runLabel}"}} {{.Label "${reservedLabel}"}}`,
] as const

/** A volume that a run made. */
export interface Volume {
  readonly name: string
  readonly run: string
  readonly reservation?: Reservation
}

export function parseVolumes(output: string): Volume[] {
  return parseLines(output).map((line) => {
    const [name = '', run = '', ...reserved] = line.split(' ')
    const text = reserved.join(' ')
    return { name, run, ...(text !== '' && { reservation: JSON.parse(text) as Reservation }) }
  })
}

/** Volumes that are not there are fine. */
export function removeVolumes(names: readonly string[]): string[] {
  return ['docker', 'volume', 'rm', '--force', ...names]
}

/** IDs of the containers of all kind clusters, whoever made them. */
export const listKindContainers = [
  'docker',
  'ps',
  '--all',
  '--quiet',
  '--no-trunc',
  '--filter',
  `label=${clusterLabel}`,
] as const

/** The containers of all runs, but for nodes. */
export const listRunContainers = [
  'docker',
  'ps',
  '--all',
  '--no-trunc',
  '--filter',
  `label=${runLabel}`,
  '--format',
  `{{.ID}} {{.Names}} {{.Label "${runLabel}"}}`,
] as const

/** A container that is no node of a cluster. */
export interface RunContainer {
  readonly id: string
  readonly name: string
  readonly run: string
}

export function parseRunContainers(output: string): RunContainer[] {
  return parseLines(output).map((line) => {
    const [id = '', name = '', run = ''] = line.split(' ')
    return { id, name, run }
  })
}

export function inspectContainers(names: readonly string[]): string[] {
  return ['docker', 'container', 'inspect', ...names]
}

/** A container of a kind cluster. */
export interface KindContainer {
  readonly id: string
  readonly name: string
  readonly cluster: string
  readonly role: NodeRole | 'external-load-balancer'
  /** The run that made it; kind's load balancers carry none. */
  readonly run?: string
  readonly running: boolean
  /** Addresses of each family by the name of the network. */
  readonly addresses: Readonly<Record<string, readonly string[]>>
}

export function parseKindContainers(output: string): KindContainer[] {
  const containers = JSON.parse(output) as {
    Id: string
    Name: string
    Config: { Labels?: Record<string, string> | null }
    State?: { Running?: boolean }
    Mounts?: { Destination: string }[] | null
    NetworkSettings?: { Networks?: Record<string, { IPAddress?: string; GlobalIPv6Address?: string }> | null }
  }[]
  return containers.map((container) => {
    const labels = container.Config.Labels ?? {}
    const owner = container.Mounts?.find(({ Destination }) => Destination.startsWith(`${ownerDirectory}/`))
    return {
      id: container.Id,
      name: container.Name.replace(/^\//, ''),
      cluster: labels[clusterLabel] ?? '',
      role: (labels[roleLabel] ?? '') as KindContainer['role'],
      running: container.State?.Running === true,
      ...(owner !== undefined && { run: owner.Destination.slice(ownerDirectory.length + 1) }),
      addresses: Object.fromEntries(
        Object.entries(container.NetworkSettings?.Networks ?? {}).map(([name, { IPAddress, GlobalIPv6Address }]) => [
          name,
          [IPAddress, GlobalIPv6Address].flatMap((address) => address || []),
        ]),
      ),
    }
  })
}

/** A container as it sees itself: its name for itself, and its networks. */
export function parseOwnContainer(
  output: string,
): NonNullable<PlaceFacts['container']> & { readonly hostname: string } {
  const [container] = JSON.parse(output) as [
    {
      Id: string
      Name: string
      Config: { Hostname?: string }
      HostConfig: { NetworkMode?: string }
      NetworkSettings?: { Networks?: Record<string, unknown> | null }
    },
  ]
  return {
    id: container.Id,
    name: container.Name.replace(/^\//, ''),
    hostname: container.Config.Hostname ?? '',
    networkMode: container.HostConfig.NetworkMode ?? '',
    networks: Object.keys(container.NetworkSettings?.Networks ?? {}),
  }
}

/** Containers with their anonymous volumes. */
export function removeContainers(ids: readonly string[]): string[] {
  return ['docker', 'rm', '--force', '--volumes', ...ids]
}

/** A bash script in a container; `values` are its positional parameters. */
export function execScript(container: string, script: string, values: readonly string[]): string[] {
  return ['docker', 'exec', container, 'bash', '-c', script, 'bash', ...values]
}

/** A file out of a container, running or not, as a tar stream. */
export function copyOut(container: string, path: string): string[] {
  return ['docker', 'cp', `${container}:${path}`, '-']
}

/** The text of the one file in a tar stream: all else in there is short, and filled up with zeros. */
export function parseCopiedText(tar: string): string {
  return tar.split('\0').reduce((longest, part) => (part.length > longest.length ? part : longest), '')
}

function jsonLines<T>(output: string): T[] {
  return parseLines(output).map((line) => JSON.parse(line) as T)
}

/** The lines of an output: ids, names, one for each object. */
export function parseLines(output: string): string[] {
  return output.split('\n').filter((line) => line !== '')
}
