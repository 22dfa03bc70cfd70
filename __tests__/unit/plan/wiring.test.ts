import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { overlap, parseCidr } from '../../../src/plan/cidr.js'
import { planWiring } from '../../../src/plan/wiring.js'
import { clusters, record, runningNodes } from '../../fakes/build.js'

describe('planWiring', () => {
  const two = record({ clusters: clusters(['east', 1, 1], ['west', 1, 0]) })

  test('routes every peer node and every peer service subnet, and keeps the source toward peers', () => {
    expect(planWiring(two, runningNodes(two))).toEqual([
      {
        node: 'east-control-plane',
        routes: [
          { destination: '10.129.0.0/24', via: '172.18.0.4' },
          { destination: '10.193.0.0/16', via: '172.18.0.4' },
        ],
        keepSource: ['10.129.0.0/16'],
      },
      {
        node: 'east-worker',
        routes: [
          { destination: '10.129.0.0/24', via: '172.18.0.4' },
          { destination: '10.193.0.0/16', via: '172.18.0.4' },
        ],
        keepSource: ['10.129.0.0/16'],
      },
      {
        node: 'west-control-plane',
        routes: [
          { destination: '10.128.0.0/24', via: '172.18.0.2' },
          { destination: '10.128.1.0/24', via: '172.18.0.3' },
          { destination: '10.192.0.0/16', via: '172.18.0.2' },
        ],
        keepSource: ['10.128.0.0/16'],
      },
    ])
  })

  test('leaves service subnets and sources alone when told so', () => {
    const bare = { ...two, routeServices: false, preserveSourceIp: false }
    const [wiring] = planWiring(bare, runningNodes(two))
    expect(wiring).toEqual({
      node: 'east-control-plane',
      routes: [{ destination: '10.129.0.0/24', via: '172.18.0.4' }],
      keepSource: [],
    })
  })

  test('needs nothing in a single cluster', () => {
    const alone = record({ clusters: '1', workers: '1' })
    expect(planWiring(alone, runningNodes(alone)).map(({ routes, keepSource }) => [routes, keepSource])).toEqual([
      [[], []],
      [[], []],
    ])
  })
})

test('in any run each node has one route for each peer node, by that node, and none into its own cluster', () => {
  const size = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 4 }))
  fc.assert(
    fc.property(fc.array(size, { minLength: 1, maxLength: 6 }), (sizes) => {
      const made = record({ clusters: clusters(...sizes.map(([c, w], index) => [`c${String(index)}`, c, w] as const)) })
      const nodes = runningNodes(made)
      const wirings = planWiring(made, nodes)
      expect(wirings.map(({ node }) => node)).toEqual(nodes.map(({ name }) => name))
      for (const [index, { routes }] of wirings.entries()) {
        const own = made.clusters.find(({ name }) => name === nodes[index]?.cluster)
        const peers = nodes.filter(({ cluster }) => cluster !== own?.name)
        for (const peer of peers) {
          expect(routes.filter(({ destination }) => destination === peer.podCIDR)).toEqual([
            { destination: peer.podCIDR, via: peer.address },
          ])
        }
        expect(new Set(routes.map(({ destination }) => destination)).size).toBe(routes.length)
        expect(routes).toHaveLength(peers.length + made.clusters.length - 1)
        for (const { destination, via } of routes) {
          const target = made.clusters.find(({ podSubnet, serviceSubnet }) =>
            [podSubnet, serviceSubnet].some((subnet) => overlap(parseCidr(subnet), parseCidr(destination))),
          )
          expect(target?.name).not.toBe(own?.name)
          expect(nodes.find(({ address }) => address === via)?.cluster).toBe(target?.name)
        }
      }
    }),
    { numRuns: 300 },
  )
})
