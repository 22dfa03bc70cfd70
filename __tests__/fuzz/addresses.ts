/** Addresses and subnets as numbers, apart from `src`: an oracle must not have its faults. */

export interface Subnet {
  readonly text: string
  readonly version: 4 | 6
  readonly prefix: number
  readonly first: bigint
  readonly last: bigint
}

/** @throws when the text is not a subnet in the form that Kubernetes and the kernel print */
export function subnetOf(text: string): Subnet {
  const [address = '', prefix = ''] = text.split('/')
  const version = address.includes(':') ? 6 : 4
  const width = version === 6 ? 128 : 32
  const length = Number(prefix)
  if (!/^\d{1,3}$/.test(prefix) || length > width) throw new Error(`${text} has no prefix length`)
  const first = version === 6 ? ipv6Number(address) : ipv4Number(address)
  const hosts = 2n ** BigInt(width - length)
  if (first % hosts !== 0n) throw new Error(`${text} has host bits set`)
  return { text, version, prefix: length, first, last: first + hosts - 1n }
}

function ipv4Number(address: string): bigint {
  const octets = address.split('.')
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)) {
    throw new Error(`${address} is not an IPv4 address`)
  }
  return octets.reduce((number, octet) => number * 256n + BigInt(octet), 0n)
}

function ipv6Number(address: string): bigint {
  const halves = address.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const [before = [], after = []] = halves
  const missing = 8 - before.length - after.length
  const groups = halves.length === 2 ? [...before, ...Array<string>(missing).fill('0'), ...after] : before
  if (halves.length > 2 || groups.length !== 8 || !groups.every((group) => /^(0|[1-9a-f][0-9a-f]{0,3})$/.test(group))) {
    throw new Error(`${address} is not an IPv6 address as RFC 5952 writes it`)
  }
  return groups.reduce((number, group) => number * 65536n + BigInt(`0x${group}`), 0n)
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.version === other.version && !(one.last < other.first || other.last < one.first)
}

export function liesIn(inner: Subnet, outer: Subnet): boolean {
  return inner.version === outer.version && inner.first >= outer.first && inner.last <= outer.last
}

/** The subnet with host bits cleared: engines and users write them. `undefined` where the text is not a subnet. */
export function subnetAround(text: string): Subnet | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = address.includes(':') ? 6 : 4
  const width = version === 6 ? 128 : 32
  const length = Number(prefix ?? width)
  if (rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix ?? '0') || length > width) return undefined
  try {
    const number = version === 6 ? ipv6Number(address) : ipv4Number(address)
    const hosts = 2n ** BigInt(width - length)
    const first = number - (number % hosts)
    return { text, version, prefix: length, first, last: first + hosts - 1n }
  } catch {
    return undefined
  }
}

/**
 * Addresses that no pod and no Service can have: those that IANA's registries (RFC 6890) call not forwardable, multicast
 * (RFC 5771, RFC 4291), and what RFC 4291 keeps around the IPv6 loopback.
 */
const specialUse = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/64',
  '100:0:0:1::/64',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
  'fe80::/10',
  'ff00::/8',
].map(subnetOf)

/** Parts of those blocks that are forwardable: Teredo, benchmarking, AMT, AS112, ORCHIDv2 and drone identifiers. */
const forwardable = ['2001::/32', '2001:2::/48', '2001:3::/32', '2001:4:112::/48', '2001:20::/28', '2001:30::/28'].map(
  subnetOf,
)

/** The block of such addresses that a subnet has some of. */
export function specialUseIn(subnet: Subnet): Subnet | undefined {
  return forwardable.some((part) => liesIn(subnet, part))
    ? undefined
    : specialUse.find((each) => overlaps(subnet, each))
}
