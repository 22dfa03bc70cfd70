/** How kind names things: `pkg/cluster/internal/providers/common/namer.go` and `pkg/cluster/internal/kubeconfig`. */

export const nodeRoles = ['control-plane', 'worker'] as const
export type NodeRole = (typeof nodeRoles)[number]

/** Names of a cluster's nodes in the order of their roles: `a-control-plane`, `a-worker`, `a-worker2`. */
export function nodeNames(cluster: string, roles: readonly NodeRole[]): string[] {
  const seen = new Map<NodeRole, number>()
  return roles.map((role) => {
    const count = (seen.get(role) ?? 0) + 1
    seen.set(role, count)
    return `${cluster}-${role}${count > 1 ? String(count) : ''}`
  })
}

/** The container kind puts before several control planes. */
export function loadBalancerName(cluster: string): string {
  return `${cluster}-external-load-balancer`
}

/** The container that a cluster's API is asked at. */
export function apiServerContainer(cluster: string, controlPlanes: number): string {
  return controlPlanes > 1 ? loadBalancerName(cluster) : nodeNames(cluster, ['control-plane']).join()
}

export function contextName(cluster: string): string {
  return `kind-${cluster}`
}

/** Longest host name and label value that Linux and Kubernetes take. */
const longestHostName = 63

/** What is wrong with a cluster's name, and what would be right; `undefined` when it is fine. */
export function nameProblem(name: string, containerNames: readonly string[]): string | undefined {
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
    return 'is no DNS label; use lower-case letters, digits and -, with a letter or digit at both ends'
  }
  const longest = containerNames.reduce((a, b) => (b.length > a.length ? b : a), '')
  if (longest.length > longestHostName) {
    const room = longestHostName - (longest.length - name.length)
    return `is too long: ${longest} has ${String(longest.length)} characters, a host name at most ${String(longestHostName)}; use at most ${String(room)} characters`
  }
  return undefined
}
