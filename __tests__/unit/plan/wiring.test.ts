import { describe, expect, test } from '@jest/globals'
import { planWiring } from '../../../src/plan/wiring.js'
import { clusters, record, runningNodes } from '../../fakes/build.js'

const lists = (...entries: string[]) => record({ clusters: entries.map((entry) => `- {${entry}}`).join('\n') })
const wiringOf = (made: ReturnType<typeof record>, node: string) =>
  planWiring(made, runningNodes(made)).find((wiring) => wiring.node === node)

describe('planWiring', () => {
  const two = record({ clusters: clusters(['east', 1, 1], ['west', 1, 0]) })

  test('routes every peer node and every peer service subnet, and keeps the source toward peers', () => {
    const toWest = {
      routes: [
        { destination: '10.129.0.0/24', via: ['172.18.0.4'] },
        { destination: '10.193.0.0/16', via: ['172.18.0.4'] },
      ],
      keepSource: ['10.129.0.0/16'],
      subnets: ['10.129.0.0/16', '10.193.0.0/16'],
    }
    expect(planWiring(two, runningNodes(two))).toEqual([
      { node: 'east-control-plane', ...toWest },
      { node: 'east-worker', ...toWest },
      {
        node: 'west-control-plane',
        routes: [
          { destination: '10.128.0.0/24', via: ['172.18.0.2'] },
          { destination: '10.128.1.0/24', via: ['172.18.0.3'] },
          { destination: '10.192.0.0/16', via: ['172.18.0.2', '172.18.0.3'] },
        ],
        keepSource: ['10.128.0.0/16'],
        subnets: ['10.128.0.0/16', '10.192.0.0/16'],
      },
    ])
  })

  test('leaves service subnets and sources alone when told so', () => {
    const bare = { ...two, routeServices: false, preserveSourceIp: false }
    const [wiring] = planWiring(bare, runningNodes(two))
    expect(wiring).toEqual({
      node: 'east-control-plane',
      routes: [{ destination: '10.129.0.0/24', via: ['172.18.0.4'] }],
      keepSource: [],
      // a route that somebody else put there would still be wrong
      subnets: ['10.129.0.0/16', '10.193.0.0/16'],
    })
  })

  test('needs nothing in a single cluster', () => {
    const alone = record({ clusters: '1', workers: '1' })
    expect(planWiring(alone, runningNodes(alone)).map(({ node, ...needs }) => [node, needs])).toEqual([
      ['cluster1-control-plane', { routes: [], keepSource: [], subnets: [] }],
      ['cluster1-worker', { routes: [], keepSource: [], subnets: [] }],
    ])
  })

  test('spreads services over at most eight nodes, control planes first', () => {
    const made = record({ clusters: clusters(['a', 1, 0], ['b', 2, 9]) })
    const nodes = runningNodes(made)
    const services = planWiring(made, nodes)[0]?.routes.at(-1)
    const first = ['control-plane', 'control-plane2', 'worker', 'worker2', 'worker3', 'worker4', 'worker5', 'worker6']
    expect(services).toEqual({
      destination: '10.193.0.0/16',
      via: first.flatMap((name) => nodes.find((node) => node.name === `b-${name}`)?.addresses ?? []),
    })
    expect(services?.via).toHaveLength(8)
  })

  test('goes only through the nodes that are there', () => {
    const nodes = runningNodes(two).filter(({ name }) => name !== 'east-control-plane')
    expect(planWiring(two, nodes).map(({ node, routes }) => [node, routes.map(({ via }) => via)])).toEqual([
      ['east-worker', [['172.18.0.4'], ['172.18.0.4']]],
      ['west-control-plane', [['172.18.0.3'], ['172.18.0.3']]],
    ])
  })

  test('has nothing toward a cluster of which no node is there but that others have no say', () => {
    const nodes = runningNodes(two).filter(({ cluster }) => cluster === 'west')
    expect(planWiring(two, nodes)).toEqual([
      {
        node: 'west-control-plane',
        routes: [],
        keepSource: ['10.128.0.0/16'],
        subnets: ['10.128.0.0/16', '10.192.0.0/16'],
      },
    ])
  })
})

describe('in two address families', () => {
  test('each destination goes through addresses of its own family', () => {
    const made = record({ clusters: '2', 'ip-family': 'dual' })
    expect(wiringOf(made, 'cluster1-control-plane')).toEqual({
      node: 'cluster1-control-plane',
      routes: [
        { destination: '10.129.0.0/24', via: ['172.18.0.3'] },
        { destination: 'fd00:10:128:100::/64', via: ['fc00:4b46::3'] },
        { destination: '10.193.0.0/16', via: ['172.18.0.3'] },
        { destination: 'fd00:10:192::1:0/112', via: ['fc00:4b46::3'] },
      ],
      keepSource: ['10.129.0.0/16', 'fd00:10:128:100::/56'],
      subnets: ['10.129.0.0/16', 'fd00:10:128:100::/56', '10.193.0.0/16', 'fd00:10:192::1:0/112'],
    })
  })

  test('a cluster learns nothing of a family that it does not have', () => {
    const made = lists('name: both, ip-family: dual', 'name: four', 'name: six, ip-family: ipv6, network: x')
    expect(wiringOf(made, 'four-control-plane')).toEqual({
      node: 'four-control-plane',
      routes: [
        { destination: '10.128.0.0/24', via: ['172.18.0.2'] },
        { destination: '10.192.0.0/16', via: ['172.18.0.2'] },
      ],
      keepSource: ['10.128.0.0/16'],
      subnets: ['10.128.0.0/16', '10.192.0.0/16'],
    })
    expect(wiringOf(made, 'six-control-plane')?.routes).toEqual([
      { destination: 'fd00:10:128::/56', via: [] },
      { destination: 'fd00:10:192::/112', via: [] },
    ])
  })
})

describe('clusters that share no network', () => {
  test('are unreachable for each other, pods and services, and still ours to look after', () => {
    const made = lists('name: a, network: one', 'name: b, network: [one, two]', 'name: c, network: two')
    expect(wiringOf(made, 'a-control-plane')).toEqual({
      node: 'a-control-plane',
      routes: [
        { destination: '10.129.0.0/24', via: ['172.18.0.3'] },
        { destination: '10.193.0.0/16', via: ['172.18.0.3'] },
        { destination: '10.130.0.0/16', via: [] },
        { destination: '10.194.0.0/16', via: [] },
      ],
      keepSource: ['10.129.0.0/16'],
      subnets: ['10.129.0.0/16', '10.193.0.0/16', '10.130.0.0/16', '10.194.0.0/16'],
    })
    expect(wiringOf(made, 'b-control-plane')?.routes.filter(({ via }) => via.length === 0)).toEqual([])
  })

  test('are made unreachable once where several use the same subnet', () => {
    const same = 'pod-subnet: 10.7.0.0/16'
    const made = lists('name: a', `name: b, network: one, ${same}`, `name: c, network: two, ${same}`)
    const { routes = [], subnets = [] } = wiringOf(made, 'a-control-plane') ?? {}
    expect(routes.map(({ destination }) => destination)).toEqual(['10.7.0.0/16', '10.193.0.0/16', '10.194.0.0/16'])
    expect(subnets).toHaveLength(3)
  })

  test('are not made unreachable where their addresses mean the cluster itself or a joined one', () => {
    const made = lists(
      'name: a, network: one, pod-subnet: 10.7.0.0/16',
      'name: b, network: one, service-subnet: 10.9.0.0/20',
      'name: c, network: two, pod-subnet: 10.7.0.0/17, service-subnet: 10.9.0.0/24',
    )
    expect(wiringOf(made, 'a-control-plane')?.subnets).toEqual(['10.128.0.0/16', '10.9.0.0/20'])
    expect(wiringOf(made, 'a-control-plane')?.routes.filter(({ via }) => via.length === 0)).toEqual([])
  })
})
