/** The most that an input may ask for or hold, each with what bounds it. */

/** All nodes of a run are ports of one Linux bridge, which has 1023 (`BR_MAX_PORTS`, `net/bridge/br_private.h`). */
export const mostNodes = 1000
/** Each has a node at least. */
export const mostClusters = mostNodes
/** A thousand nodes with twenty settings each. */
export const mostValues = 20 * mostNodes
/** A thousand nodes with 4 KB each. */
export const longestYaml = 4 * 1024 * mostNodes
/** Longer lists of images, mounts or patches are a mistake in the script that writes them. */
export const mostItems = 1000

/** Longest label of a host name (RFC 1035), and longest value of a Kubernetes label. */
export const longestLabel = 63
/** Longest domain name (RFC 1035). */
export const longestDomain = 253
/** No key has more than that of a Kubernetes label: prefix, slash and name. */
export const longestKey = longestDomain + 1 + longestLabel
/** Longest path without the zero at its end (`PATH_MAX`, `linux/limits.h`). */
export const longestPath = 4095
/** `NameTotalLengthMax` and the tag of `distribution/reference`. */
export const longestImageName = 255
export const longestTag = 128
/** Name, tag, and a digest `@sha256:…`. */
export const longestImage = longestImageName + 1 + longestTag + 1 + 'sha256:'.length + 64
/** `MAX_LENGTH` of semver. */
export const longestVersion = 256
/** Two IPv6 subnets have at most 99 characters, with blanks between them a few more. */
export const longestSubnets = 128
/** Docker itself sets no bound for names of networks; one that is longer fits on no screen. */
export const longestNetworkName = 128
/** What everybody should take of an address (RFC 9110, section 4.1). */
export const longestUrl = 8000
/** A day: no cluster takes longer, and timers of Node end at 24.8 days. */
export const longestWaitSeconds = 24 * 60 * 60

/** What is wrong with a text that is longer than what reads it takes, to be put after it; `undefined` when it fits. */
export function tooLong({ length }: string, most: number): string | undefined {
  return length > most ? `has ${String(length)} characters; use at most ${String(most)}` : undefined
}

/** What is wrong with a list of too many items, to be put after it; `undefined` when it fits. */
export function tooMany({ length }: readonly unknown[], most: number): string | undefined {
  return length > most ? `has ${String(length)} items; use at most ${String(most)}` : undefined
}
