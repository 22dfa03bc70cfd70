import { describe, expect, test } from '@jest/globals'
import { brokenPair, pairsOf } from '../../../src/plan/connectivity.js'
import { end, node, pair } from '../../fakes/build.js'

const east = node()
const eastWorker = node({ name: 'east-worker', role: 'worker', address: '172.18.0.3', podCIDR: '10.128.1.0/24' })
const west = node({
  cluster: 'west',
  name: 'west-control-plane',
  address: '172.18.0.4',
  podCIDR: '10.129.0.0/24',
})

test('pairs are all ordered ones between different clusters', () => {
  const pairs = pairsOf([east, eastWorker, west].map(end))
  expect(pairs.map(({ from, to }) => `${from.node} → ${to.node}`)).toEqual([
    'east-control-plane → west-control-plane',
    'east-worker → west-control-plane',
    'west-control-plane → east-control-plane',
    'west-control-plane → east-worker',
  ])
})

describe('brokenPair', () => {
  const nodes = [east, eastWorker, west]

  test('finds nothing wrong with an answer that saw the own address', () => {
    expect(brokenPair(pair(east, west), nodes, true)).toBeUndefined()
  })

  test.each([
    ['a node', '172.18.0.3', 'seen as 172.18.0.3 of east-worker, not as 10.128.0.10'],
    ['somebody unknown', '172.18.0.1', 'seen as 172.18.0.1, not as 10.128.0.10'],
  ])('tells who was seen when %s masquerades', (_, source, what) => {
    expect(brokenPair(pair(east, west, { source, ownAddress: false }), nodes, true)).toBe(
      `east-control-plane (pod 10.128.0.10) → west-control-plane (pod 10.129.0.10): ${what}`,
    )
  })

  test('minds no masquerade when the source is not to be preserved', () => {
    expect(brokenPair(pair(east, west, { source: '172.18.0.2', ownAddress: false }), nodes, false)).toBeUndefined()
  })

  test.each([true, false])('names both ends of a silent pair (source preserved: %s)', (preserved) => {
    const { source, latency, ...silent } = pair(east, west, { reachable: false, ownAddress: false })
    expect([source, latency]).not.toContain(undefined)
    expect(brokenPair(silent, nodes, preserved)).toBe(
      'east-control-plane (pod 10.128.0.10) → west-control-plane (pod 10.129.0.10): no answer',
    )
  })
})
