import { groupBy } from '../model/group-by.js'

/** Clusters that share a network (a group, not a Docker network) are joined; all others are kept apart. */

interface Member {
  readonly name: string
  readonly networks: readonly string[]
}

export function areJoined(one: Member, other: Member): boolean {
  return one.name !== other.name && one.networks.some((network) => other.networks.includes(network))
}

/** The members of each network. */
function membersOf(clusters: readonly Member[]): [network: string, members: Member[]][] {
  const memberships = clusters.flatMap((member) => member.networks.map((network) => ({ network, member })))
  return [...groupBy(memberships, ({ network }) => network)].map(([network, group]) => [
    network,
    group.map(({ member }) => member),
  ])
}

/**
 * Tells of two clusters whether somebody must tell their addresses from each other: they are joined, or have a joined
 * cluster in common. What that takes is worked out once, since a thousand clusters make half a million pairs.
 */
export function whichMustDiffer(clusters: readonly Member[]): (one: Member, other: Member) => boolean {
  const members = new Map(membersOf(clusters))
  const known = new Map<string, ReadonlySet<string>>()
  /** The networks of all members of one. */
  const around = (network: string): ReadonlySet<string> => {
    const networks = known.get(network) ?? new Set(members.get(network)?.flatMap((member) => member.networks))
    known.set(network, networks)
    return networks
  }
  return (one, other) =>
    one.networks.map(around).some((networks) => other.networks.some((network) => networks.has(network)))
}

/** What is odd about the groups: those that join nobody. */
export function groupWarnings(clusters: readonly Member[]): string[] {
  if (clusters.length < 2) return []
  return membersOf(clusters).flatMap(([network, [first, ...others]]) =>
    first === undefined || others.length > 0
      ? []
      : [`the network ${network} has ${first.name} alone and joins it with no other cluster`],
  )
}
