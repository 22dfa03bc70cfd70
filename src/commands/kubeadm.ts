import { parseAllDocuments } from 'yaml'

/** Where kind keeps a node's kubeadm config (`pkg/cluster/internal/create/actions/config`). */
export const kubeadmConfig = '/kind/kubeadm.conf'

/**
 * Pod and service subnets of a cluster, of every family.
 * @throws when the text is no kubeadm config of a cluster
 */
export function parseSubnets(config: string): string[] {
  const documents = parseAllDocuments(config).map((document) => document.toJS() as ClusterConfiguration | null)
  const cluster = documents.find((document) => document?.kind === 'ClusterConfiguration')
  if (cluster === undefined) throw new Error(`no ClusterConfiguration in ${kubeadmConfig}`)
  const { podSubnet, serviceSubnet } = cluster?.networking ?? {}
  return [podSubnet, serviceSubnet].flatMap((subnets) => subnets?.split(',') ?? []).map((subnet) => subnet.trim())
}

interface ClusterConfiguration {
  readonly kind?: string
  readonly networking?: { readonly podSubnet?: string; readonly serviceSubnet?: string }
}
