export interface Dialled {
  /** Name of the node. */
  readonly from: string
  /** Name of the node, or of the context for a service. */
  readonly to: string
  /** The dialling pod's own address; pods only. */
  readonly own?: string
  /** Address that the other side saw. */
  readonly seen?: string
  readonly reachable: boolean
}

export function proveFlat(
  kubeconfig: string,
  contexts: readonly string[],
): Promise<{ pods: Dialled[]; services: Dialled[] }>
