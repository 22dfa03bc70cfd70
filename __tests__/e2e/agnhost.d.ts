export interface Dialled {
  /** Name of the node that dials, and its context. */
  readonly from: string
  readonly cluster: string
  /** Name of the node that is dialled; the context for a service; the name for a name. */
  readonly to: string
  readonly family: 'IPv4' | 'IPv6'
  /** The dialling pod's own address. */
  readonly own: string
  /** Address that the other side saw. */
  readonly seen?: string
  readonly reachable: boolean
}

export interface Proof {
  readonly pods: readonly (Dialled & { readonly toCluster: string })[]
  readonly services: readonly Dialled[]
  readonly names: readonly Dialled[]
  /** A name below cluster.local, dialled within each cluster. */
  readonly ownNames: readonly Pick<Dialled, 'from' | 'cluster' | 'to' | 'seen' | 'reachable'>[]
  /** What each cluster says of a name that nobody has. */
  readonly unknownNames: readonly { readonly cluster: string; readonly answer: string; readonly seconds: number }[]
}

export function proveFlat(
  kubeconfig: string,
  contexts: readonly string[],
  domains?: Readonly<Record<string, string>>,
): Promise<Proof>
