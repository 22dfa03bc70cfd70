import { describe, expect, test } from '@jest/globals'
import type { ServicePair } from '../../../src/plan/connectivity.js'
import type { ProvidedImage } from '../../../src/plan/node-images.js'
import { matrix, outputsOf, verdict } from '../../../src/report/flat-network.js'
import { apartPair, clusters, end, pair, record, runningNodes } from '../../fakes/build.js'

const made = record({ clusters: clusters(['east', 1, 1], ['west', 1, 0]) })
const nodes = runningNodes(made)
const [east, eastWorker, west] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
const pairs = [
  pair(east, west),
  pair(eastWorker, west, { source: '172.18.0.3', ownAddress: false }),
  pair(west, east, { latency: 0.04 }),
  { ...pair(west, eastWorker), reachable: false, ownAddress: false },
]

const services: ServicePair[] = [
  [east, 'west', true],
  [eastWorker, 'west', false],
  [west, 'east', true],
].map(([from, cluster, reachable]) => ({
  from: end(from as typeof east),
  to: { cluster: cluster as string, address: cluster === 'west' ? '10.193.0.20' : '10.192.0.20' },
  family: 'ipv4',
  joined: true,
  reachable: reachable as boolean,
}))

test('outputs hold the kubeconfigs, each cluster with its nodes, and the pairs', () => {
  const [one, two] = made.clusters as [(typeof made.clusters)[0], (typeof made.clusters)[0]]
  const withRest = {
    ...made,
    registry: 'localhost:49153',
    clusters: [{ ...one, loadBalancerSubnets: ['172.18.254.0/24'] }, two],
  }
  expect(outputsOf({ record: withRest, nodes, pairs, services })).toEqual({
    kubeconfig: '/tmp/run/kubeconfig',
    kubeconfigs: { east: '/tmp/run/east.kubeconfig', west: '/tmp/run/west.kubeconfig' },
    'kubeconfigs-internal': {
      east: '/tmp/run/east.internal.kubeconfig',
      west: '/tmp/run/west.internal.kubeconfig',
    },
    clusters: [
      {
        name: 'east',
        context: 'kind-east',
        networks: ['default'],
        podSubnet: '10.128.0.0/16',
        podSubnets: ['10.128.0.0/16'],
        serviceSubnet: '10.192.0.0/16',
        serviceSubnets: ['10.192.0.0/16'],
        loadBalancerSubnet: '172.18.254.0/24',
        loadBalancerSubnets: ['172.18.254.0/24'],
        nodes: [
          {
            name: 'east-control-plane',
            role: 'control-plane',
            address: '172.18.0.2',
            addresses: ['172.18.0.2'],
            podCIDR: '10.128.0.0/24',
            podCIDRs: ['10.128.0.0/24'],
          },
          {
            name: 'east-worker',
            role: 'worker',
            address: '172.18.0.3',
            addresses: ['172.18.0.3'],
            podCIDR: '10.128.1.0/24',
            podCIDRs: ['10.128.1.0/24'],
          },
        ],
      },
      {
        name: 'west',
        context: 'kind-west',
        networks: ['default'],
        podSubnet: '10.129.0.0/16',
        podSubnets: ['10.129.0.0/16'],
        serviceSubnet: '10.193.0.0/16',
        serviceSubnets: ['10.193.0.0/16'],
        loadBalancerSubnets: [],
        nodes: [
          {
            name: 'west-control-plane',
            role: 'control-plane',
            address: '172.18.0.4',
            addresses: ['172.18.0.4'],
            podCIDR: '10.129.0.0/24',
            podCIDRs: ['10.129.0.0/24'],
          },
        ],
      },
    ],
    connectivity: pairs,
    registry: 'localhost:49153',
    'service-connectivity': services,
    'cache-hit': false,
  })
})

test.each<[string, boolean, ProvidedImage['from'][]]>([
  ['there when all that the engine lacked came out of it', true, ['engine', 'cache']],
  ['not there when one had to be pulled', false, ['cache', 'registry']],
  ['not there when the engine lacked nothing', false, ['engine']],
])('the hit of the cache is %s', (_, hit, from) => {
  const nodeImages = from.map((each) => ({ reference: 'a', name: 'a', from: each, seconds: 1 }))
  expect(outputsOf({ record: made, nodes, nodeImages })['cache-hit']).toBe(hit)
})

test('outputs give what is of both address families twice: the primary one, and all', () => {
  const dual = record({
    clusters: '- {name: east, network: [blue, green]}',
    'ip-family': 'dual',
    'cross-cluster-dns': 'true',
  })
  expect(outputsOf({ record: dual, nodes: runningNodes(dual) }).clusters).toEqual([
    {
      name: 'east',
      context: 'kind-east',
      networks: ['blue', 'green'],
      domain: 'east.local',
      podSubnet: '10.128.0.0/16',
      podSubnets: ['10.128.0.0/16', 'fd00:10:128::/56'],
      serviceSubnet: '10.192.0.0/16',
      serviceSubnets: ['10.192.0.0/16', 'fd00:10:192::/112'],
      loadBalancerSubnets: [],
      nodes: [
        {
          name: 'east-control-plane',
          role: 'control-plane',
          address: '172.18.0.2',
          addresses: ['172.18.0.2', 'fc00:4b46::2'],
          podCIDR: '10.128.0.0/24',
          podCIDRs: ['10.128.0.0/24', 'fd00:10:128::/64'],
        },
      ],
    },
  ])
})

test('outputs of a run that verified nothing have no pairs', () => {
  expect(outputsOf({ record: made, nodes })).toMatchObject({ connectivity: [], registry: '' })
})

test('the verdict counts the pairs that answer and those seen with their own address', () => {
  expect(verdict({ pairs })).toBe("3/4 pod pairs reachable, 2/4 with the pod's own address")
})

test('the verdict tells of the pairs that are apart how many are silent', () => {
  const apart = [apartPair(east, west), { ...apartPair(west, east), reachable: true }]
  expect(verdict({ pairs: [...pairs, ...apart] })).toBe(
    "3/4 pod pairs reachable, 2/4 with the pod's own address, 1/2 apart pairs silent",
  )
  expect(verdict({ pairs: apart })).toBe('1/2 apart pairs silent')
})

test('the verdict counts the Services that each node reaches, and those that it must not reach', () => {
  expect(verdict({ pairs, services })).toBe(
    "3/4 pod pairs reachable, 2/4 with the pod's own address, 2/3 Services answer",
  )
  const apart = services.map((pair) => ({ ...pair, joined: false }))
  expect(verdict({ pairs: [], services })).toBe('no pair of nodes to prove')
  expect(verdict({ pairs: pairs.slice(0, 1), services: apart })).toBe(
    "1/1 pod pairs reachable, 1/1 with the pod's own address, 1/3 apart pairs silent",
  )
})

test('the verdict on no pair at all is that there was none', () => {
  expect(verdict({ pairs: [] })).toBe('no pair of nodes to prove')
})

describe('the matrix', () => {
  test('has a row and a column for each node, and says of each pair what was seen', () => {
    expect(matrix(pairs)).toEqual([
      ['from ↓ to →', 'east-control-plane', 'east-worker', 'west-control-plane'],
      ['east-control-plane', '·', '·', '✓ 1.3 ms'],
      ['east-worker', '·', '·', '≠ seen as 172.18.0.3'],
      ['west-control-plane', '✓ 0.0 ms', '✗ no answer', '·'],
    ])
  })

  test('says of two nodes what was seen in each address family, once when that is the same', () => {
    const dual = record({ clusters: clusters(['a', 1, 0], ['b', 1, 0], ['c', 1, 0]), 'ip-family': 'dual' })
    const [a, b, c] = runningNodes(dual) as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
    const six = { family: 'ipv6' as const }
    const seen = [
      pair(a, b),
      pair(a, b, { ...six, latency: 0.4 }),
      pair(a, c, { reachable: false }),
      pair(a, c, { ...six, reachable: false }),
      pair(b, a),
      pair(b, a, { ...six, reachable: false }),
      apartPair(b, c),
      apartPair(b, c, 'ipv6'),
      apartPair(c, b),
      { ...apartPair(c, b, 'ipv6'), reachable: true },
    ]
    expect(matrix(seen).slice(1)).toEqual([
      ['a-control-plane', '·', '✓ 1.3 / 0.4 ms', '✗ no answer'],
      ['b-control-plane', 'ipv4 ✓, ipv6 ✗ no answer', '·', 'apart'],
      ['c-control-plane', '·', 'ipv4 apart, ipv6 ✗ reachable', '·'],
    ])
  })

  test('does without times and sources that are not known', () => {
    const { latency, ...timeless } = pair(east, west)
    const { source, ...unseen } = pair(west, east, { ownAddress: false })
    expect([latency, source]).not.toContain(undefined)
    expect(matrix([timeless, unseen]).slice(1)).toEqual([
      ['east-control-plane', '·', '✓'],
      ['west-control-plane', '≠ seen as ?', '·'],
    ])
  })
})
