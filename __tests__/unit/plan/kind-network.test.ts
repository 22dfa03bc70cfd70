import { expect, test } from '@jest/globals'
import { isIPv6 } from 'node:net'
import { candidateIpv6Subnets } from '../../../src/plan/kind-network.js'

test('the first candidate for the network "kind" is the one kind itself makes everywhere', () => {
  expect(candidateIpv6Subnets('kind')[0]).toBe('fc00:f853:ccd:e793::/64')
})

test('there are five different candidates, each an IPv6 subnet, and other ones for another name', () => {
  const candidates = candidateIpv6Subnets('kind')
  expect(new Set(candidates).size).toBe(5)
  expect(candidates.every((subnet) => isIPv6(subnet.replace(/\/64$/, '')))).toBe(true)
  expect(candidateIpv6Subnets('other').filter((subnet) => candidates.includes(subnet))).toEqual([])
})
