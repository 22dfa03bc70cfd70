/** What the plan must know of the machine; plain data, as the engine and the kernel tell it. */
export interface HostFacts {
  readonly engine: {
    readonly version: string
    readonly cpus: number
    /** In bytes. */
    readonly memory: number
  }
  /** Inotify instances that one user may have; not told on other systems than Linux. */
  readonly inotifyInstances?: number
  readonly networks: readonly DockerNetwork[]
  readonly routes: readonly HostRoute[]
  readonly containers: readonly ExistingContainer[]
  /** The files that the user wants written. */
  readonly files: readonly { readonly path: string; readonly exists: boolean; readonly directoryExists: boolean }[]
}

export interface DockerNetwork {
  readonly id: string
  readonly name: string
  /** Of every family, as Docker writes them. */
  readonly subnets: readonly string[]
}

export interface HostRoute {
  /** `10.0.0.0/24` */
  readonly destination: string
  readonly device: string
}

export interface ExistingContainer {
  readonly name: string
  /** Name of the kind cluster it is a node of. */
  readonly cluster?: string
}
