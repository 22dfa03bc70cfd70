/** Clusters that share a network (a group, not a Docker network) are joined; all others are kept apart. */

interface Member {
  readonly name: string
  readonly networks: readonly string[]
}

export function areJoined(one: Member, other: Member): boolean {
  return one.name !== other.name && one.networks.some((network) => other.networks.includes(network))
}

/** Whether some cluster must tell the addresses of both from each other: they are joined, or have a joined cluster in common. */
export function mustDiffer(one: Member, other: Member, clusters: readonly Member[]): boolean {
  return areJoined(one, other) || clusters.some((third) => areJoined(third, one) && areJoined(third, other))
}

/** What is odd about the groups: those that join nobody. */
export function groupWarnings(clusters: readonly Member[]): string[] {
  if (clusters.length < 2) return []
  return [...new Set(clusters.flatMap(({ networks }) => networks))].flatMap((network) => {
    const members = clusters.filter(({ networks }) => networks.includes(network))
    if (members.length > 1) return []
    return `the network ${network} has ${members.map(({ name }) => name).join(', ')} alone and joins it with no other cluster`
  })
}
