import { parseAllDocuments } from 'yaml'
import { machineCidr } from '../model/cidr.js'

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
  const list = (setting: 'podSubnet' | 'serviceSubnet') => {
    const subnets = String(cluster?.networking?.[setting] ?? '')
      .split(',')
      .map((subnet) => subnet.trim())
      .filter((subnet) => subnet !== '')
    if (subnets.every((subnet) => machineCidr(subnet) !== undefined)) return subnets
    throw new Error(`${setting} is not a subnet in ${kubeadmConfig}`)
  }
  return { podSubnets: list('podSubnet'), serviceSubnets: list('serviceSubnet') }
}

/** Whoever made the node may have written anything. */
interface ClusterConfiguration {
  readonly kind?: unknown
  readonly networking?: { readonly podSubnet?: unknown; readonly serviceSubnet?: unknown } | null
}
