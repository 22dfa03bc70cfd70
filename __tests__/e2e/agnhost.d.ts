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

export function proveFlat(
  kubeconfig: string,
  contexts: readonly string[],
  domains?: Readonly<Record<string, string>>,
): Promise<{ pods: (Dialled & { readonly toCluster: string })[]; services: Dialled[]; names: Dialled[] }>
