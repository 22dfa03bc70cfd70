import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { areJoined, groupWarnings, whichMustDiffer } from '../../../src/plan/groups.js'
import { plan } from '../../fakes/build.js'

const member = (name: string, ...networks: string[]) => ({ name, networks })

describe('clusters', () => {
  const [a, b, c, d] = [member('a', 'x'), member('b', 'x', 'y'), member('c', 'y'), member('d', 'z')] as const
  const all = [a, b, c, d]

  test('that share a network are joined, and none is joined with itself', () => {
    expect(all.map((one) => all.filter((other) => areJoined(one, other)).map(({ name }) => name))).toEqual([
      ['b'],
      ['a', 'c'],
      ['b'],
      [],
    ])
  })

  test('must differ in their addresses when they are joined, or a third one is joined with both', () => {
    const mustDiffer = whichMustDiffer(all)
    expect([mustDiffer(a, b), mustDiffer(a, c), mustDiffer(a, d)]).toEqual([true, true, false])
    expect(whichMustDiffer([a, c, d])(a, c)).toBe(false)
  })
})

test('whose addresses must differ is what joined clusters, and those with one in common, say', () => {
  const networks = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(fc.array(networks, { minLength: 2, maxLength: 6 }), (drawn) => {
      const clusters = drawn.map((each, index) => member(String(index), ...each))
      const mustDiffer = whichMustDiffer(clusters)
      for (const one of clusters) {
        for (const other of clusters.filter((each) => each !== one)) {
          const inCommon = clusters.some((third) => areJoined(third, one) && areJoined(third, other))
          expect(mustDiffer(one, other)).toBe(areJoined(one, other) || inCommon)
        }
      }
    }),
  )
})

describe('a network that joins nobody', () => {
  test('is odd', () => {
    expect(groupWarnings([member('a', 'x', 'y'), member('b', 'y'), member('c', 'z')])).toEqual([
      'the network x has a alone and joins it with no other cluster',
      'the network z has c alone and joins it with no other cluster',
    ])
  })

  test('is no wonder with a single cluster', () => {
    expect(groupWarnings([member('a', 'x')])).toEqual([])
  })

  test('is a warning of the plan, not an error', () => {
    const { warnings } = plan({ clusters: '- a\n- b\n- {name: c, network: lonely}' })
    expect(warnings).toEqual(['the network lonely has c alone and joins it with no other cluster'])
  })
})
