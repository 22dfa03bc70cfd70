import { cidrAt, contains, overlap, parseCidr, type Cidr } from './cidr.js'

/** A block of addresses that routers do not forward, or a part of one. */
export interface SpecialUse {
  readonly subnet: Cidr
  /** The whole block, what it is for, and who says so: `127.0.0.0/8 (loopback, RFC 1122)`. */
  readonly name: string
}

/**
 * The blocks that are not forwardable by IANA's special-purpose address registries (RFC 6890 and its updates, as of
 * October 2025), multicast, and what lies around the IPv6 loopback.
 */
const notForwardable = [
  ['0.0.0.0/8', 'this network', 'RFC 791'],
  ['127.0.0.0/8', 'loopback', 'RFC 1122'],
  ['169.254.0.0/16', 'link-local', 'RFC 3927'],
  ['192.0.0.0/24', 'IETF protocol assignments', 'RFC 6890'],
  ['192.0.2.0/24', 'documentation', 'RFC 5737'],
  ['198.51.100.0/24', 'documentation', 'RFC 5737'],
  ['203.0.113.0/24', 'documentation', 'RFC 5737'],
  ['224.0.0.0/4', 'multicast', 'RFC 5771'],
  ['240.0.0.0/4', 'reserved', 'RFC 1112'],
  ['::/128', 'unspecified address', 'RFC 4291'],
  ['::1/128', 'loopback', 'RFC 4291'],
  ['::ffff:0:0/96', 'IPv4-mapped', 'RFC 4291'],
  ['::/64', 'reserved by the IETF', 'RFC 4291'],
  ['100:0:0:1::/64', 'dummy prefix', 'RFC 9780'],
  ['2001::/23', 'IETF protocol assignments', 'RFC 2928'],
  ['2001:db8::/32', 'documentation', 'RFC 3849'],
  ['3fff::/20', 'documentation', 'RFC 9637'],
  ['fe80::/10', 'link-local', 'RFC 4291'],
  ['ff00::/8', 'multicast', 'RFC 4291'],
] as const

/** Forwardable parts of those blocks, as far as a cluster's subnet fits into them. */
const forwardable = ['2001::/32', '2001:2::/48', '2001:3::/32', '2001:4:112::/48', '2001:20::/28', '2001:30::/28'].map(
  parseCidr,
)

/** Addresses that no cluster can have: pods and Services with such an address cannot be reached from another node. */
export const specialUse: readonly SpecialUse[] = notForwardable.flatMap(([block, use, source]) =>
  without(parseCidr(block), forwardable).map((subnet) => ({ subnet, name: `${block} (${use}, ${source})` })),
)

/** What is left of a subnet, as few subnets as possible. */
function without(subnet: Cidr, holes: readonly Cidr[]): Cidr[] {
  if (holes.some((hole) => contains(hole, subnet))) return []
  if (!holes.some((hole) => overlap(hole, subnet))) return [subnet]
  return [subnet.first, subnet.last].flatMap((end) => without(cidrAt(subnet.family, end, subnet.prefix + 1), holes))
}
