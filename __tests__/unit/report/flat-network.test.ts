import { describe, expect, test } from '@jest/globals'
import { matrix, outputsOf, verdict } from '../../../src/report/flat-network.js'
import { clusters, pair, record, runningNodes } from '../../fakes/build.js'

const made = record({ clusters: clusters(['east', 1, 1], ['west', 1, 0]) })
const nodes = runningNodes(made)
const [east, eastWorker, west] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
const pairs = [
  pair(east, west),
  pair(eastWorker, west, { source: '172.18.0.3', ownAddress: false }),
  pair(west, east, { latency: 0.04 }),
  { ...pair(west, eastWorker), reachable: false, ownAddress: false },
]

test('outputs hold the kubeconfigs, each cluster with its nodes, and the pairs', () => {
  expect(outputsOf({ record: made, nodes, pairs })).toEqual({
    kubeconfig: '/tmp/run/kubeconfig',
    kubeconfigs: { east: '/tmp/run/east.kubeconfig', west: '/tmp/run/west.kubeconfig' },
    clusters: [
      {
        name: 'east',
        context: 'kind-east',
        podSubnet: '10.128.0.0/16',
        serviceSubnet: '10.192.0.0/16',
        nodes: [
          { name: 'east-control-plane', role: 'control-plane', address: '172.18.0.2', podCIDR: '10.128.0.0/24' },
          { name: 'east-worker', role: 'worker', address: '172.18.0.3', podCIDR: '10.128.1.0/24' },
        ],
      },
      {
        name: 'west',
        context: 'kind-west',
        podSubnet: '10.129.0.0/16',
        serviceSubnet: '10.193.0.0/16',
        nodes: [{ name: 'west-control-plane', role: 'control-plane', address: '172.18.0.4', podCIDR: '10.129.0.0/24' }],
      },
    ],
    connectivity: pairs,
  })
})

test('outputs of a run that verified nothing have no pairs', () => {
  expect(outputsOf({ record: made, nodes }).connectivity).toEqual([])
})

test('the verdict counts the pairs that answer and those seen with their own address', () => {
  expect(verdict(pairs)).toBe("3/4 pod pairs reachable, 2/4 with the pod's own address")
  expect(verdict([])).toBe("0/0 pod pairs reachable, 0/0 with the pod's own address")
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
