import { parse, stringify } from 'yaml'
import { familyOf } from '../model/cidr.js'

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: object }[]
  readonly contexts: readonly unknown[]
  readonly users: readonly unknown[]
}

/** Port of a kind cluster's API server in its container (kind, `pkg/cluster/internal/providers/common/constants.go`). */
const apiServerPort = 6443

/** One kubeconfig with the contexts of all; those that it is made of have a context each. */
export function mergeKubeconfigs(texts: readonly string[], currentContext: string | undefined): string {
  const parts = texts.map((text) => parse(text) as Kubeconfig)
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': currentContext,
    preferences: {},
    clusters: parts.flatMap((part) => part.clusters),
    contexts: parts.flatMap((part) => part.contexts),
    users: parts.flatMap((part) => part.users),
  })
}

/**
 * A cluster's kubeconfig for whoever reaches its nodes. The name is what the certificate holds in any case: of a load
 * balancer it has no address, and none that a node got later.
 * @param name of the container that listens there
 */
export function atNodeAddress(text: string, address: string, name: string): string {
  const host = familyOf(address) === 'ipv6' ? `[${address}]` : address
  const kubeconfig = parse(text) as Kubeconfig
  return stringify({
    ...kubeconfig,
    clusters: kubeconfig.clusters.map((each) => ({
      ...each,
      cluster: { ...each.cluster, server: `https://${host}:${String(apiServerPort)}`, 'tls-server-name': name },
    })),
  })
}
