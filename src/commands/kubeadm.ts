import { parseAllDocuments } from 'yaml'

/** Where kind keeps a node's kubeadm config (`pkg/cluster/internal/create/actions/config`). */
export const kubeadmConfig = '/kind/kubeadm.conf'

/** The subnets of a cluster, one of each of its address families. */
export interface ClusterSubnets {
  readonly podSubnets: readonly string[]
  readonly serviceSubnets: readonly string[]
}

/**
 * Reads them from a node's kubeadm config.
 * @throws when the text is no kubeadm config of a cluster
 */
export function parseSubnets(config: string): ClusterSubnets {
  const documents = parseAllDocuments(config).map((document) => document.toJS() as ClusterConfiguration | null)
  const cluster = documents.find((document) => document?.kind === 'ClusterConfiguration')
  if (cluster === undefined) throw new Error(`no ClusterConfiguration in ${kubeadmConfig}`)
  const list = (subnets?: string) => subnets?.split(',').map((subnet) => subnet.trim()) ?? []
  const { podSubnet, serviceSubnet } = cluster?.networking ?? {}
  return { podSubnets: list(podSubnet), serviceSubnets: list(serviceSubnet) }
}

interface ClusterConfiguration {
  readonly kind?: string
  readonly networking?: { readonly podSubnet?: string; readonly serviceSubnet?: string }
}
