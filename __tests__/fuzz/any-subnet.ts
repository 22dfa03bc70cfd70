import fc, { type Arbitrary } from 'fast-check'
import { garbage, piece } from './any-text.js'

export type Family = 'ipv4' | 'ipv6'

/** The first and the last prefix length. */
type Range = readonly [shortest: number, longest: number]

/** Subnets of a field. It is small, so that they meet often. */
function subnetIn(family: Family, field: string, [shortest, longest]: Range): Arbitrary<string> {
  const [address = '', length] = field.split('/')
  const width = family === 'ipv4' ? 32 : 128
  const base = family === 'ipv4' ? ipv4Number(address) : ipv6Number(address)
  return fc
    .tuple(
      fc.bigInt({ min: 0n, max: 2n ** BigInt(width - Number(length)) - 1n }),
      fc.integer({ min: shortest, max: longest }),
    )
    .map(([offset, prefix]) => {
      const size = 2n ** BigInt(width - prefix)
      const number = ((base + offset) / size) * size
      return `${family === 'ipv4' ? ipv4Text(number) : ipv6Text(number)}/${String(prefix)}`
    })
}

function ipv4Number(address: string): bigint {
  return address.split('.').reduce((number, octet) => number * 256n + BigInt(octet), 0n)
}

/** Of an address whose last groups are zero. */
function ipv6Number(address: string): bigint {
  const groups = address.replace('::', '').split(':')
  return (
    groups.reduce((number, group) => number * 65536n + BigInt(`0x${group}`), 0n) << BigInt(16 * (8 - groups.length))
  )
}

function ipv4Text(number: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((number >> shift) % 256n)).join('.')
}

function ipv6Text(number: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((number >> BigInt(16 * (7 - index))) % 65536n).toString(16))
  return groups.join(':').replace(/(:0){2,}$/, '::')
}

/** Prefix lengths that fit, and now and then any other. */
function subnetOf(family: Family, fields: readonly string[], fitting: Range): Arbitrary<string> {
  const any: Range = family === 'ipv4' ? [4, 32] : [40, 128]
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...fields).chain((field) => subnetIn(family, field, fitting)) },
    { weight: 1, arbitrary: fc.constantFrom(...fields).chain((field) => subnetIn(family, field, any)) },
    { weight: 3, arbitrary: specialUse[family] },
  )
}

const specialUse = {
  ipv4: fc.constantFrom(
    ...['0.0.0.0/8', '127.0.0.0/16', '127.0.53.0/24', '169.254.0.0/16', '224.0.0.0/16', '239.0.0.0/12', '240.0.0.0/4'],
    ...['255.255.0.0/16', '255.255.255.0/24', '0.0.0.0/12', '0.0.0.0/0'],
    ...['192.0.0.0/24', '192.0.0.0/16', '192.0.2.0/24', '198.51.100.0/24', '198.51.0.0/16', '203.0.113.0/24'],
    ...['203.0.112.0/23', '192.0.1.0/24', '198.51.101.0/24'],
  ),
  ipv6: fc.constantFrom(
    ...['::/64', '::/112', '::ffff:a00:0/112', 'fe80::/64', 'fe80::/112', 'ff02::/64', 'ff02::/112', '::1/128', '::/0'],
    ...[
      '100:0:0:1::/64',
      '100::/60',
      '100:0:0:1::/112',
      '2001:1::/64',
      '2001:100::/56',
      '2001:40::/112',
      '2001:3::/64',
    ],
    ...['2001:db8::/56', '2001:db8:1::/112', '3fff::/56', '3fff:fff::/112', '2001:2::/56', '2001:20::/112'],
  ),
}

const podSubnet = {
  ipv4: subnetOf('ipv4', ['10.0.0.0/10', '172.16.0.0/12', '10.128.0.0/12'], [16, 23]),
  ipv6: subnetOf('ipv6', ['fd00:20::/44', 'fd00:10:128::/48'], [52, 63]),
}

const serviceSubnet = {
  ipv4: subnetOf('ipv4', ['10.64.0.0/10', '172.16.0.0/12', '10.192.0.0/12'], [16, 24]),
  ipv6: subnetOf('ipv6', ['fd00:30::/44', 'fd00:10:192::/96', 'fd00:20::/44'], [108, 124]),
}

/** A subnet that something on a machine has, or that an input names. */
export const subnet: Arbitrary<string> = fc.oneof(...Object.values(podSubnet), ...Object.values(serviceSubnet))

export const noSubnet: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...['10.0.0.0', '10.0.0.0/', '/16', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/016', '10.0.0.0/16/16', '10.0.0.1/16'],
    ...[
      '010.0.0.0/16',
      '0x0a.0.0.0/16',
      '10.0/16',
      '10/8',
      '167772160/8',
      '1.2.3.4.5/8',
      '256.0.0.0/8',
      '10.0.0.0/1e1',
    ],
    ...['fd00::/129', 'fd00::/1.5', 'fd00::1/64', 'fd00:::/64', 'fd00::1::/64', 'fe80::%eth0/64', '[fd00::]/64'],
    ...['10.0.0.0/16 10.1.0.0/16', '10.0.0.0/16,', ',', '10.0.0.0/16;10.1.0.0/16', '१०.0.0.0/8', '10.0.0.0／16', '*'],
  ),
  piece,
  garbage,
)

/** One of each family, in either order. */
function oneOfEach(of: Readonly<Record<Family, Arbitrary<string>>>, families: readonly Family[]): Arbitrary<string> {
  const each = fc.tuple(...families.map((family) => of[family]))
  return fc
    .tuple(each, fc.integer({ min: 0, max: 9 }), fc.constantFrom(',', ', '))
    .map(([list, chance, separator]) => (chance === 0 ? list.toReversed() : list).join(separator))
}

export function podSubnets(families: readonly Family[]): Arbitrary<string> {
  return oneOfEach(podSubnet, families)
}

export function serviceSubnets(families: readonly Family[]): Arbitrary<string> {
  return oneOfEach(serviceSubnet, families)
}
