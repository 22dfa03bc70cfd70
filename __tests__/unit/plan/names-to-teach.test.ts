import { expect, test } from '@jest/globals'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import { dnsServers, namesToTeach } from '../../../src/plan/names-to-teach.js'
import { record } from '../../fakes/build.js'

const dns = { 'cross-cluster-dns': 'true' }
const clustersOf = (given: GivenInputs) => record(given).clusters

test("a cluster's DNS service has the tenth address of each service subnet", () => {
  const [cluster] = clustersOf({ 'ip-family': 'dual', 'service-supernet': '10.5.0.0/16,fd00:5::/112' })
  expect(cluster === undefined ? [] : dnsServers(cluster)).toEqual(['10.5.0.10', 'fd00:5::a'])
})

test('a cluster learns its own domain, and of joined clusters the domains and the servers of shared families', () => {
  const list = [
    '- {name: a, network: one, ip-family: dual}',
    '- {name: b, network: [one, two]}',
    '- {name: c, network: two}',
  ]
  const all = clustersOf({ clusters: list.join('\n'), ...dns })
  const taught = all.map((own) => namesToTeach(own, all, own.name !== 'c'))
  expect(taught).toEqual([
    { domain: 'a.local', peers: [{ domain: 'b.local', servers: ['10.193.0.10'] }], upstream: true },
    {
      domain: 'b.local',
      peers: [
        { domain: 'a.local', servers: ['10.192.0.10'] },
        { domain: 'c.local', servers: ['10.194.0.10'] },
      ],
      upstream: true,
    },
    { domain: 'c.local', peers: [{ domain: 'b.local', servers: ['10.193.0.10'] }], upstream: false },
  ])
})

test('without domains there is nothing but the upstream to tell', () => {
  const all = clustersOf({})
  expect(all.map((own) => namesToTeach(own, all, true))).toEqual([
    { peers: [], upstream: true },
    { peers: [], upstream: true },
  ])
})
