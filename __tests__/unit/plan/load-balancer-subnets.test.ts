import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { addressAt, familyOf, machineCidr, overlap, parseCidr, type Cidr } from '../../../src/model/cidr.js'
import type { DockerNetwork } from '../../../src/plan/host-facts.js'
import { chooseLoadBalancerSubnets, nodesInTheWay } from '../../../src/plan/load-balancer-subnets.js'
import { Problems } from '../../../src/model/problems.js'
import type { LoadBalancer } from '../../../src/plan/request.js'

type Member = Parameters<typeof chooseLoadBalancerSubnets>[1][number]

function member(name: string, overrides: Partial<Member> = {}): Member {
  return { input: `clusters[${name}]`, name, families: ['ipv4'], nodes: [{ role: 'control-plane' }], ...overrides }
}

const existing: Omit<NonNullable<Member['existing']>, 'name'> = {
  podSubnets: [],
  serviceSubnets: [],
  nodes: [{ name: 'a', role: 'control-plane' }],
  dockerNetworks: [],
}

function choose(
  clusters: readonly Member[],
  network: Partial<DockerNetwork> | undefined,
  reservations: Parameters<typeof chooseLoadBalancerSubnets>[4] = [],
  loadBalancer: LoadBalancer = 'metallb',
) {
  const problems = new Problems()
  const shared = network && { id: 'n1', name: 'kind', subnets: [], ...network }
  const of = chooseLoadBalancerSubnets(problems, clusters, { loadBalancer }, shared, reservations)
  return { parts: clusters.map(of), problems: problems.found }
}

const east = member('east')
const west = member('west')

describe('chooseLoadBalancerSubnets', () => {
  test.each<[string, Partial<DockerNetwork>, readonly Member[], string[][]]>([
    [
      'takes the largest parts from the top end, but for the one with the broadcast address',
      { subnets: ['172.18.0.0/16'] },
      [east, west],
      [['172.18.254.0/24'], ['172.18.253.0/24']],
    ],
    [
      'takes smaller ones in a smaller network',
      { subnets: ['192.168.16.0/24'] },
      [east, west],
      [['192.168.16.192/27'], ['192.168.16.160/27']],
    ],
    [
      'gives one of each family, the primary one first',
      { subnets: ['fc00:f853:ccd:e793::/64', '172.18.0.0/16'] },
      [member('dual', { families: ['ipv6', 'ipv4'] }), east],
      [['fc00:f853:ccd:e793:ffff:ffff:fffe:0/112', '172.18.254.0/24'], ['172.18.253.0/24']],
    ],
    [
      'steps over addresses in use',
      { subnets: ['172.18.0.0/16'], used: ['172.18.0.1', '172.18.254.7'] },
      [east],
      [['172.18.253.0/24']],
    ],
    [
      "stays outside of the range that Docker gives addresses out of, also where that is the network's upper part",
      { subnets: ['10.7.0.0/24'], ranges: ['10.7.0.128/25'] },
      [east],
      [['10.7.0.64/26']],
    ],
    [
      'takes a range that is the whole network for none',
      { subnets: ['10.7.0.0/24'], ranges: ['10.7.0.0/24'] },
      [east],
      [['10.7.0.128/26']],
    ],
    [
      'reads the host bits that an older engine leaves in',
      { subnets: ['172.18.0.9/16'] },
      [east],
      [['172.18.254.0/24']],
    ],
  ])('%s', (_, network, clusters, parts) => {
    expect(choose(clusters, network)).toEqual({ parts, problems: [] })
  })

  test('gives nothing before the network is there', () => {
    expect(choose([east], undefined)).toEqual({ parts: [[]], problems: [] })
  })

  test('leaves what other runs have, and a cluster that is taken over what it has', () => {
    const had = [
      { loadBalancerSubnets: { other: ['172.18.254.0/24'] } },
      {},
      { loadBalancerSubnets: { east: ['172.18.7.0/24', 'fd00::/112'], west: ['172.18.253.0/24'] } },
    ]
    const taken = member('east', { existing: { ...existing, name: 'east' } })
    expect(choose([west, taken], { subnets: ['172.18.0.0/16'] }, had).parts).toEqual([
      ['172.18.252.0/24'],
      ['172.18.7.0/24'],
    ])
  })

  test('gives a cluster that is taken over another part when what it had is of another network', () => {
    const taken = member('east', { existing: { ...existing, name: 'east' } })
    const had = [{ loadBalancerSubnets: { east: ['172.19.254.0/24'] } }]
    expect(choose([taken], { subnets: ['172.18.0.0/16'] }, had).parts).toEqual([['172.18.254.0/24']])
  })

  test('a network that is too small is a problem where load balancers need it', () => {
    const many = Array.from({ length: 8 }, (_, index) => member(`c${String(index)}`))
    const { parts, problems } = choose(many, { subnets: ['10.7.0.0/24'] })
    expect(parts.flat()).toEqual([])
    expect(problems).toEqual([
      {
        input: 'docker-network',
        value: 'kind',
        message:
          "is too small for 8 clusters' load balancers: besides what Docker gives to containers, 10.7.0.0/24 has room for 7 of /28; give a larger one, or load-balancer: none",
      },
    ])
    expect(choose(many, { subnets: ['10.7.0.0/24'] }, [], 'none').problems).toEqual([])
    expect(choose(many, { subnets: ['10.7.0.0/24'] }, [], 'cloud-provider-kind').problems).toEqual([])
  })

  test('a lower half that all containers do not fit into is too small', () => {
    const nodes = Array.from({ length: 28 }, () => ({ role: 'worker' }) as const)
    const big = member('big', { nodes: [{ role: 'control-plane' }, ...nodes] })
    const network = { subnets: ['10.7.0.0/26'], used: ['10.7.0.1'] }
    expect(choose([big], network).parts).toEqual([['10.7.0.32/28']])
    expect(choose([big], { ...network, used: ['10.7.0.1', '10.7.0.2'] }).problems).toHaveLength(1)
    // kind puts a load balancer of its own before several control planes
    const two = member('two', { nodes: [{ role: 'control-plane' }, { role: 'control-plane' }, ...nodes.slice(1)] })
    expect(choose([two], network).problems).toHaveLength(1)
    // what is there already has its address
    expect(choose([{ ...two, existing: { ...existing, name: 'two' } }], network).problems).toEqual([])
  })

  test('control planes without a worker are a problem for MetalLB, which a single node is not', () => {
    const three = member('three', { nodes: Array.from({ length: 3 }, () => ({ role: 'control-plane' }) as const) })
    const network = { subnets: ['172.18.0.0/16'] }
    expect(choose([three, east], network).problems).toEqual([
      { input: 'clusters[three].workers', value: 0, message: expect.stringContaining('leaves 3 control planes alone') },
    ])
    expect(choose([three], undefined).problems).toHaveLength(1)
    expect(choose([three], network, [], 'none').problems).toEqual([])
    const withWorker = member('four', { nodes: [...three.nodes, { role: 'worker' }] })
    expect(choose([withWorker], network).problems).toEqual([])
    // what is there already counts, not what is asked for
    expect(choose([{ ...three, existing: { ...existing, name: 'three' } }], network).problems).toEqual([])
  })

  test('clusters that all have their parts ask nothing of a network that is full', () => {
    const taken = member('east', { existing: { ...existing, name: 'east' } })
    const had = [{ loadBalancerSubnets: { east: ['10.7.0.16/28'] } }]
    expect(choose([taken], { subnets: ['10.7.0.0/27'] }, had)).toEqual({ parts: [['10.7.0.16/28']], problems: [] })
    expect(choose([taken, west], { subnets: ['10.7.0.0/27'] }, had).problems).toHaveLength(1)
  })

  test('parts are disjoint, of the right families, within the network and away from whoever else is there', () => {
    fc.assert(
      fc.property(anyNetwork, anyClusters, fc.nat(6), ({ network, ipv4, ipv6 }, clusters, others) => {
        const first = choose(
          Array.from({ length: others }, (_, index) => member(`other${String(index)}`, { families: ['ipv4', 'ipv6'] })),
          network,
        )
        const reservations = first.parts.map((parts, index) => ({
          loadBalancerSubnets: { [`other${String(index)}`]: parts },
        }))
        const { parts, problems } = choose(clusters, network, reservations)
        expect(choose(clusters, network, reservations).parts).toEqual(parts)
        if (problems.length === 0) {
          expect(parts.map((each) => each.map(familyOf))).toEqual(clusters.map(({ families }) => families))
        }
        const all = [...first.parts, ...parts].flat().map(parseCidr)
        const wrong = all.filter((part, index) => {
          const subnet = parseCidr(part.family === 'ipv4' ? ipv4 : ipv6)
          const ranges = network.ranges.map(parseCidr).filter(({ family }) => family === part.family)
          const others = [...all.slice(0, index), ...network.used.map(parseHost), ...ranges]
          return (
            others.some((other) => overlap(part, other)) ||
            part.first <= subnet.first + 1n ||
            part.last >= subnet.last ||
            (ranges.length === 0 && part.first - subnet.first < subnet.last - part.first)
          )
        })
        expect(wrong).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})

function parseHost(address: string): Cidr {
  return machineCidr(address) as Cidr
}

/** A network of both families; a range is one of its quarters. */
const anyNetwork = fc
  .record({
    ipv4: fc.constantFrom('172.18.0.0/16', '192.168.32.0/20', '10.9.8.0/24', '10.9.8.64/26', '10.9.8.64/27'),
    ipv6: fc.constantFrom('fc00:f853:ccd:e793::/64', 'fd00:7::/112', 'fd00:7::/120'),
    used: fc.array(fc.tuple(fc.boolean(), fc.nat(65_535)), { maxLength: 12 }),
    ranges: fc.array(fc.tuple(fc.boolean(), fc.nat(3)), { maxLength: 1 }),
  })
  .map(({ ipv4, ipv6, used, ranges }) => {
    const of = (first: boolean) => parseCidr(first ? ipv4 : ipv6)
    const sizes = (subnet: Cidr) =>
      Number(subnet.last - subnet.first > 65_535n ? 65_536n : subnet.last - subnet.first + 1n)
    return {
      ipv4,
      ipv6,
      network: {
        subnets: [ipv6, ipv4],
        used: used.map(([first, index]) => addressAt(of(first), index % sizes(of(first)))),
        ranges: ranges.map(([first, quarter]) => {
          const subnet = of(first)
          const size = (subnet.last - subnet.first + 1n) / 4n
          const prefix = subnet.prefix + 2
          return `${addressAt({ ...subnet, first: subnet.first + BigInt(quarter) * size }, 0)}/${String(prefix)}`
        }),
      },
    }
  })

const anyClusters = fc
  .array(
    fc.tuple(fc.constantFrom<Member['families']>(['ipv4'], ['ipv6'], ['ipv4', 'ipv6'], ['ipv6', 'ipv4']), fc.nat(4)),
    {
      maxLength: 12,
    },
  )
  .map((list) =>
    list.map(([families, workers], index) =>
      member(`c${String(index)}`, {
        families,
        nodes: [{ role: 'control-plane' }, ...Array.from({ length: workers }, () => ({ role: 'worker' }) as const)],
      }),
    ),
  )

describe('nodesInTheWay', () => {
  const clusters = [
    { name: 'east', loadBalancerSubnets: ['172.18.254.0/24', 'fd00::fffe:0/112'] },
    { name: 'west', loadBalancerSubnets: ['172.18.253.0/24'] },
  ]

  test('tells every node with an address out of a part, in either family', () => {
    expect(
      nodesInTheWay(clusters, [
        { name: 'a', addresses: ['172.18.0.2', 'fd00:0::FFFE:7'] },
        { name: 'b', addresses: ['172.18.253.255', 'fd00::2'] },
      ]),
    ).toEqual([
      "node a has fd00::fffe:7, out of fd00::fffe:0/112 of east's load balancers",
      "node b has 172.18.253.255, out of 172.18.253.0/24 of west's load balancers",
    ])
  })

  test('is content with nodes elsewhere', () => {
    expect(
      nodesInTheWay(clusters, [{ name: 'a', addresses: ['172.18.252.255', '172.18.255.0', 'fd00::ffff:0'] }]),
    ).toEqual([])
  })
})
