import { isIP } from 'node:net'
import { canonicalAddress } from '../model/cidr.js'
import { isLoopback } from './image-reference.js'
import type { Problems } from '../model/problems.js'
import { shortenList } from '../shorten.js'

/** Where this process is, as seen from the engine. */
export interface Place {
  /** Where the engine listens: `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2376`, `ssh://me@there`. */
  readonly endpoint: string
  /** What names the endpoint, for messages: `DOCKER_HOST` or `the Docker context <name>`. */
  readonly named: string
  /** The container of that engine whose network this process has; left out outside of containers, and where it has the network of the engine's machine. */
  readonly container?: EngineContainer
  /** The machine of a remote endpoint, as an address where its name resolves; left out where what the engine publishes on its loopback is in reach here. */
  readonly remote?: string
  readonly rootless: boolean
  /** What a rootless engine lacks for the nodes of a cluster; left out where it lacks nothing. */
  readonly rootlessLacks?: 'cgroup v2' | 'delegated cgroup controllers'
}

export interface EngineContainer {
  readonly id: string
  readonly name: string
  readonly networks: readonly string[]
}

/** What client, engine and kernel tell of where this process is. */
export interface PlaceFacts {
  /** The Docker context in use, and where it says that the engine listens. */
  readonly context: { readonly name: string; readonly endpoint: string }
  readonly rootless: boolean
  readonly cgroupVersion: string
  /** The engine can limit memory, processes and shares of the processors. */
  readonly limits: boolean
  /** The container whose network this process has, with its mode: `host`, `none`, `bridge`, the name of a network. */
  readonly container?: EngineContainer & { readonly networkMode: string }
  /** Of this machine. */
  readonly addresses: readonly string[]
  /** What the name of the endpoint's machine resolves to. */
  readonly resolved?: string
}

/** Where the client looks for an engine when nothing tells it. */
const defaultEndpoint = 'unix:///var/run/docker.sock'

/** The machine in an endpoint: a name, or an address without brackets; `undefined` where the endpoint is a file. */
export function machineOf(endpoint: string): string | undefined {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url === undefined || !['tcp:', 'http:', 'https:', 'ssh:'].includes(url.protocol)) return undefined
  return url.hostname.replace(/^\[(.*)\]$/, '$1') || undefined
}

/** What names an endpoint. The client calls what `DOCKER_HOST` says `default` too, as it calls its own default. */
export function nameOfEndpoint({ name, endpoint }: PlaceFacts['context']): string {
  return name === 'default' && endpoint !== defaultEndpoint ? 'DOCKER_HOST' : `the Docker context ${name}`
}

/** Pure. */
export function decidePlace(facts: PlaceFacts): Place {
  const { context, rootless } = facts
  const common = {
    endpoint: context.endpoint,
    named: nameOfEndpoint(context),
    rootless,
    ...(rootless && rootlessLacks(facts)),
  }
  if (facts.container !== undefined && facts.container.networkMode !== 'host') {
    const { id, name, networks } = facts.container
    return { ...common, container: { id, name, networks } }
  }
  const machine = machineOf(context.endpoint)
  const address = facts.resolved ?? machine
  const isHere = address === undefined || isOfLoopback(address) || facts.addresses.includes(address)
  return isHere ? common : { ...common, remote: address }
}

/** kind wants the same of a rootless engine (`pkg/cluster/internal/create/create.go`, `validateProvider`). */
function rootlessLacks({ cgroupVersion, limits }: PlaceFacts): Pick<Place, 'rootlessLacks'> {
  if (cgroupVersion !== '2') return { rootlessLacks: 'cgroup v2' }
  return limits ? {} : { rootlessLacks: 'delegated cgroup controllers' }
}

/** Loopback, and the addresses that stand for any: who connects to those gets to loopback. */
function isOfLoopback(address: string): boolean {
  return isLoopback(address) || ['0.0.0.0', '::'].includes(canonicalAddress(address))
}

/** A cluster that is to be made, and where its kind config says that its API server is published. */
export interface PublishedCluster {
  readonly name: string
  /** `networking.apiServerAddress`; kind's own default is the loopback. */
  readonly apiServerAddress?: unknown
}

/**
 * Tells what cannot work at a place. kind publishes an API server on `apiServerAddress`, and puts that in the
 * kubeconfig and on the certificate (`providers/docker/provision.go`, `kubeadm/config.go`: `certSANs`).
 */
export function checkPlace(place: Place, clusters: readonly PublishedCluster[], problems: Problems): void {
  const { endpoint, named, container, remote } = place
  if (place.rootlessLacks !== undefined) {
    const remedy =
      place.rootlessLacks === 'cgroup v2'
        ? 'boot its machine with it, or use an engine that is not rootless'
        : 'set Delegate=yes for user@.service of systemd'
    const more = 'https://kind.sigs.k8s.io/docs/user/rootless/'
    problems.add(named, endpoint, `is a rootless engine without ${place.rootlessLacks}; ${remedy} (${more})`)
  }
  if (container?.networks.includes('none') === true) {
    const message = `is out of reach for this container ${container.name} but for its socket: it has no network; start it with one`
    problems.add(named, endpoint, message)
  }
  if (remote === undefined) return
  const hidden = clusters.filter(({ apiServerAddress: address }) => !isUsable(address))
  if (hidden.length === 0) return
  const whose = shortenList(hidden.map(({ name }) => name))
  const address = isIP(remote) === 0 ? `<address of ${remote}>` : remote
  const remedy = `give config: "networking: { apiServerAddress: ${address} }", or run there`
  const why = `is another machine, and the API servers of ${whose} would be published on its loopback alone`
  problems.add(named, endpoint, `${why}; ${remedy}`)
}

function isUsable(address: unknown): boolean {
  return typeof address === 'string' && isIP(address) !== 0 && !isOfLoopback(address)
}
