import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { cidrAt, parseCidr, type Cidr } from '../../../src/model/cidr.js'
import { allot } from '../../../src/plan/subnets.js'

const texts = (count: number, supernet: string, taken: string[], shortest: number, longest: number) => {
  const result = allot(count, parseCidr(supernet), taken.map(parseCidr), { shortest, longest })
  return 'subnets' in result ? result.subnets.map(({ text }) => text) : result
}

describe('allot', () => {
  test.each<[string, Parameters<typeof texts>, ReturnType<typeof texts>]>([
    ['takes the largest subnets allowed, lowest first', [2, '10.0.0.0/8', [], 16, 24], ['10.0.0.0/16', '10.1.0.0/16']],
    [
      'takes smaller ones when not all fit',
      [3, '10.0.0.0/15', [], 16, 24],
      ['10.0.0.0/17', '10.0.128.0/17', '10.1.0.0/17'],
    ],
    [
      'steps over what is taken',
      [2, '10.0.0.0/8', ['10.0.0.0/16', '10.2.3.0/24'], 16, 24],
      ['10.1.0.0/16', '10.3.0.0/16'],
    ],
    ['steps over what is wider than its own step', [1, '10.0.0.0/8', ['10.0.0.0/9'], 16, 24], ['10.128.0.0/16']],
    [
      'steps over what begins before the supernet',
      [1, '10.64.0.0/10', ['10.0.0.0/9'], 16, 24],
      { fits: 0, prefix: 24 },
    ],
    ['uses a supernet whole', [1, '10.7.0.0/20', [], 16, 24], ['10.7.0.0/20']],
    ['ends at the last address there is', [1, '255.255.255.0/24', [], 16, 24], ['255.255.255.0/24']],
    [
      'tells the most that fit, at the largest size at which they do',
      [9, '10.0.0.0/22', [], 16, 24],
      { fits: 4, prefix: 24 },
    ],
    [
      'finds nothing in a supernet smaller than the smallest subnet',
      [1, '10.0.0.0/25', [], 16, 24],
      { fits: 0, prefix: 24 },
    ],
    [
      'does the same with IPv6',
      [3, 'fd00::/54', ['fd00:0:0:100::/64', '10.0.0.0/8'], 56, 64],
      ['fd00::/56', 'fd00:0:0:200::/56', 'fd00:0:0:300::/56'],
    ],
    [
      'ends at the last IPv6 address there is',
      [2, 'ffff:ffff:ffff:ffff::/64', ['ffff:ffff:ffff:ffff::/65'], 64, 64],
      { fits: 0, prefix: 64 },
    ],
    ['finds nothing where all is taken', [1, '10.0.0.0/16', ['10.0.0.0/8'], 16, 24], { fits: 0, prefix: 24 }],
  ])('%s', (_, given, expected) => {
    expect(texts(...given)).toEqual(expected)
  })

  test('steps over a large obstacle at once, not address by address', () => {
    const started = performance.now()
    expect(texts(1, '0.0.0.0/0', ['0.0.0.0/1'], 28, 28)).toEqual(['128.0.0.0/28'])
    // 2^27 steps take seconds, one takes none
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('gives what trying one block after the other gives', () => {
    const supernet = parseCidr('10.0.0.0/24')
    const subnet = fc
      .record({ at: fc.nat(511), prefix: fc.integer({ min: 25, max: 32 }) })
      .map(({ at, prefix }) => cidrAt('ipv4', supernet.first - 128n + BigInt(at), prefix))
    const isFree = (block: Cidr, taken: readonly Cidr[]) =>
      taken.every((other) => other.last < block.first || block.last < other.first)
    const tried = (count: number, taken: readonly Cidr[]) => {
      let most = { fits: 0, prefix: 29 }
      for (const prefix of [26, 27, 28, 29]) {
        const blocks = Array.from({ length: 2 ** (prefix - 24) }, (_, index) =>
          cidrAt('ipv4', supernet.first + BigInt(index * 2 ** (32 - prefix)), prefix),
        )
        const free = blocks.filter((block) => isFree(block, taken)).slice(0, count)
        if (free.length === count) return free.map(({ text }) => text)
        if (free.length > most.fits) most = { fits: free.length, prefix }
      }
      return most
    }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(subnet, { maxLength: 12 }), (count, taken) => {
        const result = allot(count, supernet, taken, { shortest: 26, longest: 29 })
        expect('subnets' in result ? result.subnets.map(({ text }) => text) : result).toEqual(tried(count, taken))
      }),
      { numRuns: 1000 },
    )
  })
})
