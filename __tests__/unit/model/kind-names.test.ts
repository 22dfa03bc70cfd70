import { describe, expect, test } from '@jest/globals'
import { contextName, loadBalancerName, nameProblem, nodeNames } from '../../../src/model/kind-names.js'

describe('names as kind gives them', () => {
  test('number the nodes of a role from the second on', () => {
    const roles = ['control-plane', 'control-plane', 'worker', 'control-plane', 'worker', 'worker'] as const
    expect(nodeNames('east', roles)).toEqual([
      'east-control-plane',
      'east-control-plane2',
      'east-worker',
      'east-control-plane3',
      'east-worker2',
      'east-worker3',
    ])
  })

  test('are the load balancer and the context', () => {
    expect([loadBalancerName('east'), contextName('east')]).toEqual(['east-external-load-balancer', 'kind-east'])
  })
})

describe('nameProblem', () => {
  test.each(['a', '0', 'a-b', 'a1', '1a', 'x'.repeat(49)])('takes %s', (name) => {
    expect(nameProblem(name, [`${name}-control-plane`])).toBeUndefined()
  })

  test.each(['', 'East', 'a.b', 'a_b', '-a', 'a-', 'ä', 'a b', 'a\n', '/etc'])('refuses "%s": no DNS label', (name) => {
    expect(nameProblem(name, [`${name}-control-plane`])).toBe(
      'is no DNS label; use lower-case letters, digits and -, with a letter or digit at both ends',
    )
  })

  test('measures the longest container name and tells how long the name may be', () => {
    const name = 'x'.repeat(50)
    expect(nameProblem(name, [`${name}-worker`, `${name}-control-plane`])).toBe(
      `is too long: ${name}-control-plane has 64 characters, a host name at most 63; use at most 49 characters`,
    )
    expect(nameProblem(name, [`${name}-worker`])).toBeUndefined()
  })
})
