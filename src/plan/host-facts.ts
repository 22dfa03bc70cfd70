import type { ImageToLoad } from './image-loading.js'
import type { HostPort } from '../kind-config/host-ports.js'
import type { NodeRole } from '../model/kind-names.js'
import type { Place } from './place.js'
import type { Reservation, UnreadableReservation } from './reservation.js'
import type { ToolFacts } from './tools.js'

/** What the plan must know of the machine; plain data, as the engine and the kernel tell it. */
export interface HostFacts {
  readonly engine: {
    readonly version: string
    readonly cpus: number
    /** In bytes. */
    readonly memory: number
    /** Platform of its images: `linux/amd64`. */
    readonly platform: string
    /** Its images are kept by containerd, so an image of several platforms may be there in part only. */
    readonly containerdImageStore: boolean
    /** It runs on this machine, so a path means the same to it. */
    readonly sharesFiles: boolean
  }
  readonly place: Place
  readonly tools: ToolFacts
  /** What the images stand for that the clusters are to get. */
  readonly images: readonly ImageToLoad[]
  /** Inotify instances that one user may have; not told on other systems than Linux. */
  readonly inotifyInstances?: number
  /** Whether the kernel has IPv6. */
  readonly ipv6: boolean
  readonly networks: readonly DockerNetwork[]
  readonly routes: readonly HostRoute[]
  /** Addresses that this machine asks for names; the engine asks them for the nodes. */
  readonly nameservers: readonly string[]
  readonly containers: readonly ExistingContainer[]
  /** The wanted ports that something on this machine uses already; none where the engine is elsewhere. */
  readonly usedPorts: readonly HostPort[]
  /** What the runs on the engine take, made already or about to be. */
  readonly reservations: readonly (Reservation & { readonly run: string })[]
  /** What is taken there is not known. */
  readonly unreadableReservations: readonly UnreadableReservation[]
  /** The kind clusters on the engine that no reservation names, with their pod and service subnets as far as known. */
  readonly clusters: readonly { readonly name: string; readonly subnets: readonly string[] }[]
  /** The clusters of the wanted names that exist; told only where they may be reused. */
  readonly reusable?: readonly ExistingCluster[]
  /** The files that the user wants written. */
  readonly files: readonly { readonly path: string; readonly exists: boolean; readonly directoryExists: boolean }[]
}

export interface DockerNetwork {
  readonly id: string
  readonly name: string
  /** Of every family, as Docker writes them. */
  readonly subnets: readonly string[]
  /** The parts that Docker gives addresses out of, where it was told any: `IPRange`. */
  readonly ranges?: readonly string[]
  /** Addresses of gateways, containers and whoever else has one. */
  readonly used?: readonly string[]
}

export interface HostRoute {
  /** `10.0.0.0/24`, `fd00:10::/64` */
  readonly destination: string
  readonly device: string
}

export interface ExistingContainer {
  readonly name: string
  /** Name of the kind cluster it is a node of. */
  readonly cluster?: string
  /** The run that made it; kind's load balancers carry none. */
  readonly run?: string
  /** What it publishes on the engine's machine, while it runs. */
  readonly ports?: readonly HostPort[]
}

/** A kind cluster that exists, whoever made it. */
export interface ExistingCluster {
  readonly name: string
  /** The run that made it. */
  readonly run?: string
  readonly podSubnets: readonly string[]
  readonly serviceSubnets: readonly string[]
  readonly nodes: readonly { readonly name: string; readonly role: NodeRole }[]
  readonly dockerNetworks: readonly string[]
}
