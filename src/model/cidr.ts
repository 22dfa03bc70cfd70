import { isIPv4, isIPv6 } from 'node:net'
import { ip2long, long2ip } from 'netmask'

export const families = ['ipv4', 'ipv6'] as const
export type Family = (typeof families)[number]

/** A subnet: `text` is its canonical form, `first` and `last` are its bounds as numbers, both inclusive. */
export interface Cidr {
  readonly family: Family
  readonly text: string
  readonly first: bigint
  readonly last: bigint
  readonly prefix: number
}

/** A text that is no subnet; the message says what it is and what would be right. */
export class CidrError extends Error {}

const example: Record<Family, string> = { ipv4: '10.128.0.0/16', ipv6: 'fd00:10:128::/56' }

/**
 * Reads `address/prefix` strictly: no leading zeros in octets, no zones, a prefix, no host bits. netmask itself takes
 * `10`, hex octets and host bits without a word.
 * @throws {CidrError} naming the remedy
 */
export function parseCidr(text: string): Cidr {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = familyOf(address)
  if (!isAddress(address) || rest.length > 0 || (prefix !== undefined && !isPrefix(prefix, family))) {
    throw new CidrError(`is no subnet; give address and prefix length, such as ${example[family]}`)
  }
  if (prefix === undefined) {
    throw new CidrError(`has no prefix length; give one, such as ${address}/${family === 'ipv4' ? '16' : '56'}`)
  }
  const network = cidrAt(family, toNumber(address), Number(prefix))
  if (network.first !== toNumber(address)) throw new CidrError(`has host bits set; the subnet is ${network.text}`)
  return network
}

/** The subnet of that prefix length in which an address (a number) lies. */
export function cidrAt(family: Family, address: bigint, prefix: number): Cidr {
  const size = sizeOf(family, prefix)
  const first = address - (address % size)
  return { family, text: `${toText(family, first)}/${String(prefix)}`, first, last: first + size - 1n, prefix }
}

/**
 * The subnet that a machine itself told; `undefined` for what is none. Host bits pass: engines before Docker 25 keep
 * those of `docker network create --subnet`.
 */
export function machineCidr(text: string): Cidr | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = familyOf(address)
  if (!isAddress(address) || rest.length > 0 || (prefix !== undefined && !isPrefix(prefix, family))) return undefined
  return cidrAt(family, toNumber(address), prefix === undefined ? bits[family] : Number(prefix))
}

/** The n-th address of a subnet, counted from 0, in its canonical form. */
export function addressAt({ family, first }: Cidr, index: number): string {
  return toText(family, first + BigInt(index))
}

/** The canonical form of an address, so that two of them can be compared as texts (RFC 5952). */
export function canonicalAddress(address: string): string {
  return isAddress(address) ? toText(familyOf(address), toNumber(address)) : address
}

/** The family of an address or a subnet. */
export function familyOf(text: string): Family {
  return text.includes(':') ? 'ipv6' : 'ipv4'
}

/** Those of a list that are of a family. */
export function ofFamily(texts: readonly string[], family: Family): string[] {
  return texts.filter((text) => familyOf(text) === family)
}

/** Addresses in a subnet of that prefix length. */
export function sizeOf(family: Family, prefix: number): bigint {
  return 1n << BigInt(bits[family] - prefix)
}

export function overlap(one: Cidr, other: Cidr): boolean {
  return one.family === other.family && one.first <= other.last && other.first <= one.last
}

/** Whether the second subnet lies wholly in the first. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last
}

/**
 * Tells whether a subnet overlaps one of many, without a look at each: of two subnets that overlap one lies in the other.
 */
export function overlapsOneOf(subnets: readonly Cidr[]): (subnet: Cidr) => boolean {
  const outermostOf = (family: Family) => outermost(subnets.filter((subnet) => subnet.family === family))
  const known: Record<Family, readonly Cidr[]> = { ipv4: outermostOf('ipv4'), ipv6: outermostOf('ipv6') }
  return (subnet) => {
    const candidates = known[subnet.family]
    let [begin, end] = [0, candidates.length]
    while (begin < end) {
      const middle = Math.floor((begin + end) / 2)
      if ((candidates[middle] as Cidr).first <= subnet.last) begin = middle + 1
      else end = middle
    }
    const nearest = candidates[begin - 1]
    return nearest !== undefined && overlap(nearest, subnet)
  }
}

/** Those subnets of one family that lie in none of the others, from the lowest to the highest. */
export function outermost(subnets: readonly Cidr[]): Cidr[] {
  const found: Cidr[] = []
  for (const subnet of subnets.toSorted(byFirstAddress)) {
    const before = found.at(-1)
    if (before === undefined || before.last < subnet.first) found.push(subnet)
  }
  return found
}

/** Of two that begin with the same address, the larger one comes first. */
function byFirstAddress(one: Cidr, other: Cidr): number {
  if (one.first !== other.first) return one.first < other.first ? -1 : 1
  return one.prefix - other.prefix
}

const bits: Record<Family, number> = { ipv4: 32, ipv6: 128 }

function isPrefix(text: string, family: Family): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= bits[family]
}

function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'))
}

/** netmask keeps the numbers of IPv6 addresses to itself. */
function toNumber(address: string): bigint {
  if (isIPv4(address)) return BigInt(ip2long(address))
  const [before = [], after = []] = canonicalIPv6(address)
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  return BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`)
}

function toText(family: Family, address: bigint): string {
  if (family === 'ipv4') return long2ip(Number(address))
  return canonicalIPv6(
    address
      .toString(16)
      .padStart(32, '0')
      .replace(/.{4}(?=.)/g, '$&:'),
  )
}

/** As URLs write it, which is RFC 5952's way (WHATWG URL, "IPv6 serializer"). */
function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}
