import { expect, test } from '@jest/globals'
import { isIPv6 } from 'node:net'
import { candidateIpv6Subnets } from '../../../src/plan/kind-network.js'

/** The values that kind's own tests hold (`pkg/cluster/internal/providers/docker/network_test.go`). */
test.each([
  ['kind', 0, 'fc00:f853:ccd:e793::/64'],
  ['foo', 1, 'fc00:8edf:7f02:ec8f::/64'],
  ['foo', 2, 'fc00:9968:306b:2c65::/64'],
  ['kind2', 0, 'fc00:444c:147a:44ab::/64'],
  ['kin', 0, 'fc00:fcd9:c2be:8e23::/64'],
  ['mysupernetwork', 0, 'fc00:7ae1:1e0d:b4d4::/64'],
])('for the network %s, attempt %i takes the subnet that kind takes', (name, attempt, subnet) => {
  expect(candidateIpv6Subnets(name)[attempt]).toBe(subnet)
})

test('there are five candidates, all different, each an IPv6 subnet', () => {
  const candidates = candidateIpv6Subnets('kind')
  expect([candidates.length, new Set(candidates).size]).toEqual([5, 5])
  expect(candidates.every((subnet) => isIPv6(subnet.replace(/\/64$/, '')))).toBe(true)
})
