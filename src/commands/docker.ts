import { posix } from 'node:path'
import type { HostFacts } from '../plan/host-facts.js'
import { ownerDirectory } from '../kind-config/kind-config.js'
import type { HostPort } from '../kind-config/host-ports.js'
import { nodeRoles } from '../model/kind-names.js'
import type { PlaceFacts } from '../plan/place.js'
import { isRunId } from '../plan/run-record.js'

/** Arguments for docker, and readers of what it prints. */

const clusterLabel = 'io.x-k8s.kind.cluster'
const roleLabel = 'io.x-k8s.kind.role'
/** Label of the networks, volumes and containers that a run made, but for its nodes; its value is the run. */
export const runLabel = 'kind-flat-network.run'

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

/** A row for each object: a JSON list of texts, since a label may hold whatever could separate them. */
export function rows(...fields: readonly string[]): string {
  return `[${fields.map((field) => `{{json ${field}}}`).join(',')}]`
}

export function labelField(label: string): string {
  return `(.Label "${label}")`
}

export function parseRows(output: string): string[][] {
  return parseLines(output).map((line) => JSON.parse(line) as string[])
}

export const listContainers = [
  'docker',
  'ps',
  '--all',
  '--format',
  rows('.Names', labelField(clusterLabel), '.Ports'),
] as const

export function parseContainers(output: string): HostFacts['containers'] {
  return parseRows(output).map(([name = '', cluster = '', published = '']) => {
    const ports = publishedPorts(published)
    return { name, ...(cluster !== '' && { cluster }), ...(ports.length > 0 && { ports }) }
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
  rows('.ID', '.Names', labelField(runLabel)),
] as const

/** Every container that has a network, also one that is stopped: it cannot start again without. */
export function listContainersOn(network: string): string[] {
  const filter = ['--filter', `network=${network}`]
  return ['docker', 'ps', '--all', '--no-trunc', ...filter, '--format', rows('.ID', '.Names', '.Networks')]
}

/** Those of exactly that network: the engine takes its name for the beginning of an id, too. */
export function parseContainersOn(network: string, output: string): { readonly id: string; readonly name: string }[] {
  return parseRows(output)
    .filter(([, , networks = '']) => networks.split(',').includes(network))
    .map(([id = '', name = '']) => ({ id, name }))
}

/** A container that is no node of a cluster. */
export interface RunContainer {
  readonly id: string
  readonly name: string
  readonly run: string
}

export function parseRunContainers(output: string): RunContainer[] {
  return parseRows(output).flatMap(([id = '', name = '', run = '']) => (isRunId(run) ? [{ id, name, run }] : []))
}

export function inspectContainers(names: readonly string[]): string[] {
  return ['docker', 'container', 'inspect', ...names]
}

const containerRoles = [...nodeRoles, 'external-load-balancer'] as const
type ContainerRole = (typeof containerRoles)[number]

/** A container of a kind cluster. */
export interface KindContainer {
  readonly id: string
  readonly name: string
  readonly cluster: string
  /** Left out where the label says something else, or nothing: kind did not make it. */
  readonly role?: ContainerRole
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
    Config?: { Labels?: Record<string, string> | null }
    State?: { Running?: boolean }
    Mounts?: { Destination: string }[] | null
    NetworkSettings?: { Networks?: Record<string, { IPAddress?: string; GlobalIPv6Address?: string }> | null }
  }[]
  return containers.map((container) => {
    const labels = container.Config?.Labels ?? {}
    const role = containerRoles.find((each) => each === labels[roleLabel])
    const run = ownerOf(container.Mounts ?? [])
    return {
      id: container.Id,
      name: container.Name.replace(/^\//, ''),
      cluster: labels[clusterLabel] ?? '',
      ...(role !== undefined && { role }),
      running: container.State?.Running === true,
      ...(run !== undefined && { run }),
      addresses: Object.fromEntries(
        Object.entries(container.NetworkSettings?.Networks ?? {}).map(([name, { IPAddress, GlobalIPv6Address }]) => [
          name,
          [IPAddress, GlobalIPv6Address].flatMap((address) => address || []),
        ]),
      ),
    }
  })
}

/** The run whose mark is among the mounts; with marks of several runs a container is nobody's. */
function ownerOf(mounts: readonly { readonly Destination?: string }[]): string | undefined {
  const marks = mounts
    .map(({ Destination = '' }) => posix.parse(Destination))
    .filter(({ dir, base }) => dir === ownerDirectory && isRunId(base))
  const [run, ...others] = new Set(marks.map(({ base }) => base))
  return others.length === 0 ? run : undefined
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

/** The lines of an output: ids, names, one for each object. */
export function parseLines(output: string): string[] {
  return output.split('\n').filter((line) => line !== '')
}
