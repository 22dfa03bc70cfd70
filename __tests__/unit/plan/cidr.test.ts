import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { cidrAt, CidrError, overlap, parseCidr, sizeOf } from '../../../src/plan/cidr.js'

describe('parseCidr', () => {
  test.each([
    ['10.0.0.0/8', 167772160, 184549375],
    ['0.0.0.0/0', 0, 4294967295],
    ['255.255.255.255/32', 4294967295, 4294967295],
    ['192.168.1.128/25', 3232235904, 3232236031],
  ])('reads %s with both bounds', (text, first, last) => {
    expect(parseCidr(text)).toEqual({ text, first, last, prefix: Number(text.split('/')[1]) })
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

  test('asks for a prefix length where there is none', () => {
    expect(() => parseCidr('10.4.0.0')).toThrow(new CidrError('has no prefix length; give one, such as 10.4.0.0/16'))
  })

  test('tells which subnet an address with host bits lies in', () => {
    expect(() => parseCidr('10.4.7.9/16')).toThrow(new CidrError('has host bits set; the subnet is 10.4.0.0/16'))
  })

  test.each(['fd00::/64', '::/0', '::ffff:10.0.0.0/104'])('says that %s is IPv6', (text) => {
    expect(() => parseCidr(text)).toThrow(new CidrError('is an IPv6 subnet; give an IPv4 subnet such as 10.128.0.0/16'))
  })
})

describe('arithmetic', () => {
  const address = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const prefix = fc.integer({ min: 0, max: 32 })
  const subnet = fc.tuple(address, prefix).map(([at, length]) => cidrAt(at, length))

  test('what cidrAt makes is read back the same, holds its address and has its size', () => {
    fc.assert(
      fc.property(address, prefix, (at, length) => {
        const made = cidrAt(at, length)
        expect(parseCidr(made.text)).toEqual(made)
        expect(made.first <= at && at <= made.last).toBe(true)
        expect(made.last - made.first + 1).toBe(sizeOf(length))
        expect(made.first % sizeOf(length)).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })

  test('two subnets overlap exactly when the shorter prefix holds the other, whichever is asked first', () => {
    fc.assert(
      fc.property(subnet, subnet, (one, other) => {
        const [wide, narrow] = one.prefix <= other.prefix ? [one, other] : [other, one]
        const holds = cidrAt(narrow.first, wide.prefix).text === wide.text
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
  ])('%s and %s overlap: %s, either way round', (one, other, expected) => {
    const [a, b] = [parseCidr(one), parseCidr(other)]
    expect([overlap(a, b), overlap(b, a)]).toEqual([expected, expected])
  })
})
