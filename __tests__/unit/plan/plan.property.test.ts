import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { InputError } from '../../../src/errors.js'
import { cidrAt, overlap, parseCidr, type Cidr } from '../../../src/plan/cidr.js'
import { makePlan, type Plan } from '../../../src/plan/plan.js'
import { facts, request, run } from '../../fakes/build.js'

/** Subnets of 10.0.0.0/8 and 172.16.0.0/12 alone, so that they get into each other's way often. */
const subnet = (shortest: number, longest: number) => {
  const address = fc.constantFrom('10.0.0.0/8', '172.16.0.0/12').chain((within) => {
    const { first, last } = parseCidr(within)
    return fc.integer({ min: first, max: last })
  })
  return fc.tuple(address, fc.integer({ min: shortest, max: longest })).map(([at, prefix]) => cidrAt(at, prefix).text)
}

const cluster = fc.record(
  {
    'control-planes': fc.integer({ min: 1, max: 3 }),
    workers: fc.integer({ min: 0, max: 5 }),
    'pod-subnet': subnet(10, 25),
    'service-subnet': subnet(12, 28),
  },
  { requiredKeys: [] },
)

const asked = fc.record({
  list: fc.array(cluster, { minLength: 1, maxLength: 5 }),
  podSupernet: subnet(8, 20),
  serviceSupernet: subnet(8, 20),
  networks: fc.array(subnet(14, 28), { maxLength: 4 }),
  routes: fc.array(subnet(8, 32), { maxLength: 2 }),
})

test('a plan never lets two subnets meet, nor any meet what the machine has, or there is an input error', () => {
  const seen = { plans: 0, errors: 0 }
  fc.assert(
    fc.property(asked, ({ list, podSupernet, serviceSupernet, networks, routes }) => {
      const given = request({
        clusters: JSON.stringify(list),
        'pod-supernet': podSupernet,
        'service-supernet': serviceSupernet,
      })
      const machine = facts({
        networks: networks.map((text, index) => ({ id: String(index), name: `n${String(index)}`, subnets: [text] })),
        routes: routes.map((destination) => ({ destination, device: 'eth0' })),
      })
      let made: Plan
      try {
        made = makePlan(given, machine, run)
        seen.plans++
      } catch (error) {
        seen.errors++
        if (!(error instanceof InputError)) throw error
        expect(error.problems.length).toBeGreaterThan(0)
        return
      }
      const all = made.clusters.flatMap(({ podSubnet, serviceSubnet }) => [podSubnet, serviceSubnet].map(parseCidr))
      const taken = [...networks, ...routes].map(parseCidr)
      for (const [index, one] of all.entries()) {
        expect([...all.slice(index + 1), ...taken].filter((other) => overlap(one, other))).toEqual([])
      }
      const inside = (inner: Cidr, outer: Cidr) => outer.first <= inner.first && inner.last <= outer.last
      for (const [index, { podSubnet, serviceSubnet, nodes }] of made.clusters.entries()) {
        const wanted = list[index] ?? {}
        // every node gets a /24 of the pod subnet
        expect(2 ** (24 - parseCidr(podSubnet).prefix)).toBeGreaterThanOrEqual(nodes.length)
        expect(nodes).toHaveLength((wanted['control-planes'] ?? 1) + (wanted.workers ?? 0))
        if (wanted['pod-subnet'] !== undefined) expect(podSubnet).toBe(wanted['pod-subnet'])
        else expect(inside(parseCidr(podSubnet), parseCidr(podSupernet))).toBe(true)
        if (wanted['service-subnet'] !== undefined) expect(serviceSubnet).toBe(wanted['service-subnet'])
        else expect(inside(parseCidr(serviceSubnet), parseCidr(serviceSupernet))).toBe(true)
      }
    }),
    { numRuns: 1000 },
  )
  // both ends of the property were reached
  expect(Math.min(seen.plans, seen.errors)).toBeGreaterThan(100)
})
