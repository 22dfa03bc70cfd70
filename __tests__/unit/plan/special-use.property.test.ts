import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { InputError } from '../../../src/errors.js'
import type { Plan } from '../../../src/plan/plan.js'
import { plan } from '../../fakes/build.js'

/** The numbers of a subnet, by arithmetic of this file alone. */
function boundsOf(text: string): { family: 4 | 6; first: bigint; last: bigint } {
  const [address = '', prefix = ''] = text.split('/')
  if (!address.includes(':')) {
    const first = address.split('.').reduce((number, octet) => number * 256n + BigInt(octet), 0n)
    return { family: 4, first, last: first + (1n << BigInt(32 - Number(prefix))) - 1n }
  }
  const [left = '', right] = address.split('::')
  const groups = (part: string) => part.split(':').filter((group) => group !== '')
  const zeros = right === undefined ? 0 : 8 - groups(left).length - groups(right).length
  const all = [...groups(left), ...Array<string>(zeros).fill('0'), ...groups(right ?? '')]
  const first = all.reduce((number, group) => number * 65536n + BigInt(`0x${group}`), 0n)
  return { family: 6, first, last: first + (1n << BigInt(128 - Number(prefix))) - 1n }
}

/** First and last address of what nobody may have, written out. */
const forbidden = [
  ['0.0.0.0', '0.255.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['169.254.0.0', '169.254.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
  ['0:0:0:0:0:0:0:0', '0:0:0:0:0:0:0:1'],
  ['0:0:0:0:0:ffff:0:0', '0:0:0:0:0:ffff:ffff:ffff'],
  ['100:0:0:1:0:0:0:0', '100:0:0:1:ffff:ffff:ffff:ffff'],
  ['2001:40:0:0:0:0:0:0', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['2001:db8:0:0:0:0:0:0', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['3fff:0:0:0:0:0:0:0', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['fe80:0:0:0:0:0:0:0', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['ff00:0:0:0:0:0:0:0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
].map(([first = '', last = '']) => {
  const host = (address: string) => boundsOf(`${address}/${address.includes(':') ? '128' : '32'}`)
  return { text: `${first}-${last}`, family: host(first).family, first: host(first).first, last: host(last).first }
})

const octets = (address: bigint) => [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.')
const groups = (address: bigint) =>
  Array.from({ length: 8 }, (_, index) => ((address >> BigInt(112 - 16 * index)) & 65535n).toString(16)).join(':')

/** A subnet that begins near an end of such a block, or anywhere. */
function subnets(family: 4 | 6, prefixes: { min: number; max: number }): fc.Arbitrary<string> {
  const bits = family === 4 ? 32 : 128
  const ends = forbidden.filter((block) => block.family === family).flatMap(({ first, last }) => [first, last])
  const near = fc
    .tuple(fc.constantFrom(...ends), fc.bigInt({ min: -2n, max: 2n }), fc.integer(prefixes))
    .map(([end, step, prefix]) => ({ address: end + step * (1n << BigInt(bits - prefix)), prefix }))
  const anywhere = fc
    .tuple(fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }), fc.integer(prefixes))
    .map(([address, prefix]) => ({ address, prefix }))
  return fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: anywhere }).map(({ address, prefix }) => {
    const size = 1n << BigInt(bits - prefix)
    const inside = ((address % (1n << BigInt(bits))) + (1n << BigInt(bits))) % (1n << BigInt(bits))
    const first = inside - (inside % size)
    return `${family === 4 ? octets(first) : groups(first)}/${String(prefix)}`
  })
}

const asked = fc.constantFrom<4 | 6>(4, 6).chain((family) =>
  fc.record({
    family: fc.constant(family),
    pods: fc.option(subnets(family, family === 4 ? { min: 8, max: 24 } : { min: 48, max: 64 })),
    services: fc.option(subnets(family, family === 4 ? { min: 12, max: 28 } : { min: 108, max: 124 })),
    podSupernet: fc.option(subnets(family, family === 4 ? { min: 0, max: 20 } : { min: 0, max: 60 })),
    serviceSupernet: fc.option(subnets(family, family === 4 ? { min: 0, max: 24 } : { min: 0, max: 116 })),
  }),
)

test('no plan has a subnet that meets a block which routers do not forward', () => {
  const seen = { plans: 0, refused: 0 }
  fc.assert(
    fc.property(asked, ({ family, pods, services, podSupernet, serviceSupernet }) => {
      const first = {
        ...(pods !== null && { 'pod-subnet': pods }),
        ...(services !== null && { 'service-subnet': services }),
      }
      let made: Plan
      try {
        made = plan(
          {
            clusters: JSON.stringify([first, {}]),
            'ip-family': family === 4 ? 'ipv4' : 'ipv6',
            'pod-supernet': podSupernet ?? '',
            'service-supernet': serviceSupernet ?? '',
          },
          { networks: [], routes: [] },
        )
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        seen.refused++
        return
      }
      seen.plans++
      const all = made.clusters.flatMap(({ podSubnets, serviceSubnets }) => [...podSubnets, ...serviceSubnets])
      for (const text of all) {
        const subnet = boundsOf(text)
        const met = forbidden.find(
          (block) => block.family === subnet.family && block.first <= subnet.last && subnet.first <= block.last,
        )
        if (met !== undefined) throw new Error(`${text} meets ${met.text}`)
      }
    }),
    { numRuns: 2000 },
  )
  expect(Math.min(seen.plans, seen.refused)).toBeGreaterThan(200)
})
