import { isIPv4, isIPv6 } from 'node:net'
import { ip2long, long2ip } from 'netmask'

/** An IPv4 subnet: `text` is its canonical form, `first` and `last` are its bounds as numbers, both inclusive. */
export interface Cidr {
  readonly text: string
  readonly first: number
  readonly last: number
  readonly prefix: number
}

/** A text that is no subnet; the message says what it is and what would be right. */
export class CidrError extends Error {}

/**
 * Reads `address/prefix` strictly: four decimal octets without leading zeros, a prefix, no host bits.
 * netmask itself takes `10`, hex octets and host bits without a word.
 * @throws {CidrError} naming the remedy
 */
export function parseCidr(text: string): Cidr {
  const [address = '', prefix, ...rest] = text.split('/')
  if (isIPv6(address)) throw new CidrError('is an IPv6 subnet; give an IPv4 subnet such as 10.128.0.0/16')
  if (
    !isIPv4(address) ||
    rest.length > 0 ||
    (prefix !== undefined && !/^(0|[1-9]\d?)$/.test(prefix)) ||
    Number(prefix) > 32
  ) {
    throw new CidrError('is no subnet; give address and prefix length, such as 10.128.0.0/16')
  }
  if (prefix === undefined) throw new CidrError(`has no prefix length; give one, such as ${address}/16`)
  const network = cidrAt(ip2long(address), Number(prefix))
  if (network.first !== ip2long(address)) {
    throw new CidrError(`has host bits set; the subnet is ${network.text}`)
  }
  return network
}

/** The subnet of that prefix length in which an address (a number) lies. */
export function cidrAt(address: number, prefix: number): Cidr {
  const first = address - (address % sizeOf(prefix))
  return { text: `${long2ip(first)}/${String(prefix)}`, first, last: first + sizeOf(prefix) - 1, prefix }
}

/**
 * The subnet that a machine itself told, `undefined` when it is not IPv4. Host bits pass: engines before Docker 25 keep
 * those of `docker network create --subnet`.
 */
export function machineCidr(text: string): Cidr | undefined {
  const [address = '', prefix = '32'] = text.split('/')
  return isIPv4(address) ? cidrAt(ip2long(address), Number(prefix)) : undefined
}

/** Addresses in a subnet of that prefix length. */
export function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix)
}

export function overlap(one: Cidr, other: Cidr): boolean {
  return one.first <= other.last && other.first <= one.last
}
