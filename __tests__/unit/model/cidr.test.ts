import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  addressAt,
  canonicalAddress,
  cidrAt,
  CidrError,
  families,
  familyOf,
  machineCidr,
  ofFamily,
  overlap,
  parseCidr,
  sizeOf,
  type Family,
} from '../../../src/model/cidr.js'

describe('parseCidr', () => {
  test.each<[string, Family, bigint, bigint]>([
    ['10.0.0.0/8', 'ipv4', 167772160n, 184549375n],
    ['0.0.0.0/0', 'ipv4', 0n, 4294967295n],
    ['255.255.255.255/32', 'ipv4', 4294967295n, 4294967295n],
    ['192.168.1.128/25', 'ipv4', 3232235904n, 3232236031n],
    ['::/0', 'ipv6', 0n, 2n ** 128n - 1n],
    ['::1/128', 'ipv6', 1n, 1n],
    ['fd00:10:128::/56', 'ipv6', 0xfd0000100128n << 80n, (0xfd0000100128n << 80n) + 2n ** 72n - 1n],
  ])('reads %s with both bounds', (text, family, first, last) => {
    expect(parseCidr(text)).toEqual({ family, text, first, last, prefix: Number(text.split('/')[1]) })
  })

  test.each(['', '10', '10/8', '10.0.0/24', '10.0.0.0.0/24', '010.0.0.0/8', '0xa.0.0.0/8', '256.0.0.0/8', 'a.b.c.d/8'])(
    'refuses the address of "%s"',
    (text) => {
      expect(() => parseCidr(text)).toThrow(
        new CidrError('is no subnet; give address and prefix length, such as 10.128.0.0/16'),
      )
    },
  )

  test.each(['/', '/33', '/016', '/-1', '/8.0', '/8 ', '/ 8', '/x', '/255.0.0.0', '/8/8', '/8/'])(
    'refuses "%s" behind an address',
    (prefix) => {
      expect(() => parseCidr(`10.0.0.0${prefix}`)).toThrow(
        new CidrError('is no subnet; give address and prefix length, such as 10.128.0.0/16'),
      )
    },
  )

  test.each([
    'fd00:::/64',
    'fd00::1::/64',
    'fd00::/129',
    'fd00::/064',
    'fe80::1%eth0/64',
    'fd00:10/64',
    ':/64',
    'g::/64',
  ])('refuses "%s", and shows an IPv6 subnet', (text) => {
    expect(() => parseCidr(text)).toThrow(
      new CidrError('is no subnet; give address and prefix length, such as fd00:10:128::/56'),
    )
  })

  test.each([
    ['10.4.0.0', '10.4.0.0/16'],
    ['fd00:7::', 'fd00:7::/56'],
  ])('asks for a prefix length where there is none: %s', (text, example) => {
    expect(() => parseCidr(text)).toThrow(new CidrError(`has no prefix length; give one, such as ${example}`))
  })

  test.each([
    ['10.4.7.9/16', '10.4.0.0/16'],
    ['2001:db8::1:0:0:0/64', '2001:db8::/64'],
    ['fd00::10.0.0.1/120', 'fd00::a00:0/120'],
  ])('tells which subnet %s with host bits lies in', (text, subnet) => {
    expect(() => parseCidr(text)).toThrow(new CidrError(`has host bits set; the subnet is ${subnet}`))
  })

  test.each([
    ['FD00:0:0:1::/64', 'fd00:0:0:1::/64'],
    ['fd00:0010:0128:0000::/56', 'fd00:10:128::/56'],
    ['::ffff:0a00:0000/104', '::ffff:a00:0/104'],
  ])('writes %s in one way: %s', (text, canonical) => {
    expect(parseCidr(text).text).toBe(canonical)
  })
})

describe('machineCidr', () => {
  test.each([
    ['10.1.2.3/24', '10.1.2.0/24'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['fd00::1', 'fd00::1/128'],
    ['FD00:0::5/64', 'fd00::/64'],
  ])('takes what a machine tells: %s is %s', (text, subnet) => {
    expect(machineCidr(text)?.text).toBe(subnet)
  })

  test.each([
    ...['', 'default', 'fe80::1%eth0/64', '10.1.2/24'],
    ...['10.1.2.0/', '10.1.2.0/x', '10.1.2.0/33', '10.1.2.0/-1', '10.1.2.0/24.5', '10.1.2.0/24/8', 'fd00::/129'],
  ])('finds no subnet in "%s"', (text) => {
    expect(machineCidr(text)).toBeUndefined()
  })
})

describe('addresses', () => {
  test.each([
    ['10.96.0.0/16', 10, '10.96.0.10'],
    ['10.0.0.0/16', 256, '10.0.1.0'],
    ['fd00:10:192::/112', 10, 'fd00:10:192::a'],
    ['fd00:10:192::/112', 0x10000 - 1, 'fd00:10:192::ffff'],
  ])('of %s the one at %i is %s', (subnet, index, address) => {
    expect(addressAt(parseCidr(subnet), index)).toBe(address)
  })

  test.each([
    ['FD00:0:0::0A', 'fd00::a'],
    ['fd00::10.0.0.1', 'fd00::a00:1'],
    ['10.0.0.1', '10.0.0.1'],
    ['nothing', 'nothing'],
  ])('%s is written %s', (address, canonical) => {
    expect(canonicalAddress(address)).toBe(canonical)
  })

  test('are of one family or the other', () => {
    const texts = ['10.0.0.1', 'fd00::1', '10.0.0.0/8', '::/0']
    expect(texts.map(familyOf)).toEqual(['ipv4', 'ipv6', 'ipv4', 'ipv6'])
    expect(families.map((family) => ofFamily(texts, family))).toEqual([
      ['10.0.0.1', '10.0.0.0/8'],
      ['fd00::1', '::/0'],
    ])
  })
})

describe('arithmetic', () => {
  const place = fc.oneof(
    fc.tuple(
      fc.constant('ipv4' as const),
      fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
      fc.integer({ min: 0, max: 32 }),
    ),
    fc.tuple(
      fc.constant('ipv6' as const),
      fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
      fc.integer({ min: 0, max: 128 }),
    ),
  )
  const subnet = place.map(([family, at, length]) => cidrAt(family, at, length))

  test('what cidrAt makes is read back the same, holds its address and has its size', () => {
    fc.assert(
      fc.property(place, ([family, at, length]) => {
        const made = cidrAt(family, at, length)
        expect(parseCidr(made.text)).toEqual(made)
        expect(made.first <= at && at <= made.last).toBe(true)
        expect(made.last - made.first + 1n).toBe(sizeOf(family, length))
        expect(made.first % sizeOf(family, length)).toBe(0n)
      }),
      { numRuns: 1000 },
    )
  })

  test('two subnets overlap exactly when the shorter prefix holds the other, whichever is asked first', () => {
    fc.assert(
      fc.property(subnet, subnet, (one, other) => {
        const [wide, narrow] = one.prefix <= other.prefix ? [one, other] : [other, one]
        const holds = wide.family === narrow.family && cidrAt(wide.family, narrow.first, wide.prefix).text === wide.text
        expect(overlap(one, other)).toBe(holds)
        expect(overlap(other, one)).toBe(holds)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['10.0.0.0/24', '10.0.1.0/24', false],
    ['10.0.0.0/24', '10.0.0.255/32', true],
    ['10.0.0.0/24', '10.0.0.0/32', true],
    ['10.0.0.0/23', '10.0.1.0/24', true],
    ['0.0.0.0/0', '203.0.113.0/24', true],
    ['fd00::/64', 'fd00::ffff:0:0:0/128', true],
    ['fd00::/64', 'fd00:0:0:1::/64', false],
    ['0.0.0.0/0', '::/0', false],
  ])('%s and %s overlap: %s, either way round', (one, other, expected) => {
    const [a, b] = [parseCidr(one), parseCidr(other)]
    expect([overlap(a, b), overlap(b, a)]).toEqual([expected, expected])
  })
})
