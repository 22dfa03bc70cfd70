import { parse, stringify } from 'yaml'
import * as z from 'zod'
import { familyOf } from '../model/cidr.js'

/** As far as it is used here; the rest is handed on. */
const schema = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.looseObject({}) })),
  contexts: z.array(z.unknown()),
  users: z.array(z.unknown()),
})

/** @throws {Error} which says nothing of the content: keys are in it */
function read(text: string): z.infer<typeof schema> {
  try {
    return schema.parse(parse(text))
  } catch {
    throw new Error(
      'a kubeconfig that kind wrote cannot be read: it is not YAML with clusters, contexts and users; create the clusters again',
    )
  }
}

/** Port of a kind cluster's API server in its container (kind, `pkg/cluster/internal/providers/common/constants.go`). */
const apiServerPort = 6443

/** One kubeconfig with the contexts of all; those that it is made of have a context each. */
export function mergeKubeconfigs(texts: readonly string[], currentContext: string | undefined): string {
  const parts = texts.map(read)
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
  const kubeconfig = read(text)
  return stringify({
    ...kubeconfig,
    clusters: kubeconfig.clusters.map((each) => ({
      ...each,
      cluster: { ...each.cluster, server: `https://${host}:${String(apiServerPort)}`, 'tls-server-name': name },
    })),
  })
}
