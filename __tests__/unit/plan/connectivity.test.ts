import { describe, expect, test } from '@jest/globals'
import { fault, isSound, pairsOf, type Pair, type PairEnd } from '../../../src/plan/connectivity.js'
import type { RunRecord } from '../../../src/plan/run-record.js'
import { apartPair, end, node, pair, record, runningNodes } from '../../fakes/build.js'

const east = node()
const eastWorker = node({ name: 'east-worker', role: 'worker', addresses: ['172.18.0.3'], podCIDRs: ['10.128.1.0/24'] })
const west = node({
  cluster: 'west',
  name: 'west-control-plane',
  addresses: ['172.18.0.4'],
  podCIDRs: ['10.129.0.0/24'],
})

describe('pairsOf', () => {
  /** A record's pairs as lines; the ends are those of its running nodes. */
  const arrows = (made: RunRecord) => {
    const ends = runningNodes(made).flatMap((each) =>
      each.podCIDRs.map((podCIDR): PairEnd => end(each, podCIDR.includes(':') ? 'ipv6' : 'ipv4')),
    )
    const short = (name: string) => name.replace('-control-plane', '')
    return pairsOf(ends, ends, made.clusters).map(
      ({ from, to, family, joined }) => `${short(from.node)} ${joined ? '→' : '↛'} ${short(to.node)} ${family}`,
    )
  }
  const lists = (...entries: string[]) => record({ clusters: entries.map((entry) => `- {${entry}}`).join('\n') })

  test('are all ordered ones between different clusters', () => {
    expect(arrows(lists('name: east, workers: 1', 'name: west'))).toEqual([
      'east → west ipv4',
      'east-worker → west ipv4',
      'west → east ipv4',
      'west → east-worker ipv4',
    ])
  })

  test('are of the families that both clusters have', () => {
    expect(
      arrows(
        lists(
          'name: a, ip-family: dual',
          'name: b',
          'name: c, ip-family: dual',
          'name: d, ip-family: ipv6, network: x',
        ),
      ),
    ).toEqual([
      'a → b ipv4',
      'a → c ipv4',
      'a → c ipv6',
      'a ↛ d ipv6',
      'b → a ipv4',
      'b → c ipv4',
      'c → a ipv4',
      'c → b ipv4',
      'c → a ipv6',
      'c ↛ d ipv6',
      'd ↛ a ipv6',
      'd ↛ c ipv6',
    ])
  })

  test('tell those that must not be reachable: clusters that share no network', () => {
    expect(arrows(lists('name: a, network: one', 'name: b, network: [one, two]', 'name: c, network: two'))).toEqual([
      'a → b ipv4',
      'a ↛ c ipv4',
      'b → a ipv4',
      'b → c ipv4',
      'c ↛ a ipv4',
      'c → b ipv4',
    ])
  })

  test('leave out an apart cluster whose addresses mean somebody nearer', () => {
    const same = 'pod-subnet: 10.7.0.0/16'
    expect(
      arrows(lists(`name: a, network: one, ${same}`, 'name: b, network: one', `name: c, network: two, ${same}`)),
    ).toEqual(['a → b ipv4', 'b → a ipv4', 'c ↛ b ipv4'])
  })
})

describe('a pair', () => {
  const { source, latency, ...silent } = pair(east, west, { reachable: false, ownAddress: false })
  const masqueraded = pair(east, west, { source: '172.18.0.2', ownAddress: false })
  const leak: Pair = { ...apartPair(east, west), reachable: true, source: '10.128.0.10', ownAddress: true }

  test.each<[string, Pair, boolean, boolean]>([
    ['that saw the own address', pair(east, west), true, true],
    ['that was masqueraded', masqueraded, false, true],
    ['without an answer', silent, false, false],
    ['that is apart and silent', apartPair(east, west), true, true],
    ['that is apart and answers', leak, false, false],
    ['that is apart and answers a masqueraded one', { ...leak, ownAddress: false }, false, false],
  ])('%s is as it should be: %s', (_, seen, preserved, otherwise) => {
    expect([source, latency]).not.toContain(undefined)
    expect([isSound(seen, true), isSound(seen, false)]).toEqual([preserved, otherwise])
  })

  const nodeAt = new Map([east, eastWorker, west].map(({ name, addresses: [address = ''] }) => [address, name]))
  const ends = 'east-control-plane (pod 10.128.0.10) → west-control-plane (pod 10.129.0.10)'

  test.each<[string, Pair, string]>([
    [
      'a node that masquerades',
      { ...masqueraded, source: '172.18.0.3' },
      'seen as 172.18.0.3 of east-worker, not as 10.128.0.10',
    ],
    ['somebody unknown', { ...masqueraded, source: '172.18.0.1' }, 'seen as 172.18.0.1, not as 10.128.0.10'],
    ['nobody', silent, 'no answer'],
    ['who should not be there', leak, 'reachable, although the clusters share no network'],
  ])('names both ends and what was seen: %s', (_, seen, what) => {
    expect(fault(seen, nodeAt)).toBe(`${ends}: ${what}`)
  })
})
