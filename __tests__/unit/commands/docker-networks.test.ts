import { describe, expect, test } from '@jest/globals'
import { createNetwork, listNetworks, parseNetworkRuns, parseNetworks } from '../../../src/commands/docker-networks.js'

describe('what docker prints', () => {
  test('of networks: subnets of every family, what Docker gives addresses out of, who has which, and how many', () => {
    const output = JSON.stringify([
      {
        Name: 'kind',
        Id: 'aa',
        EnableIPv6: true,
        IPAM: {
          Driver: 'default',
          Config: [{ Subnet: 'fc00:f853:ccd:e793::/64' }, { Subnet: '172.18.0.0/16', Gateway: '172.18.0.1' }],
        },
        Containers: {
          c1: { Name: 'east-worker', IPv4Address: '172.18.0.2/16', IPv6Address: 'fc00:f853:ccd:e793::2/64' },
          c2: { Name: 'west-worker', IPv4Address: '172.18.0.3/16', IPv6Address: '' },
        },
      },
      { Name: 'host', Id: 'bb', IPAM: { Driver: 'default', Config: [] }, Containers: {} },
      { Name: 'swarm', Id: 'cc', IPAM: { Config: null }, Containers: null },
      {
        Name: 'lab',
        Id: 'ee',
        IPAM: {
          Config: [
            {
              Subnet: '10.9.0.0/24',
              IPRange: '10.9.0.0/26',
              Gateway: '10.9.0.254',
              AuxiliaryAddresses: { router: '10.9.0.200' },
            },
          ],
        },
      },
      { Name: 'odd', Id: 'dd', IPAM: { Config: [{ Gateway: '10.0.0.1' }] } },
    ])
    expect(parseNetworks(output)).toEqual([
      {
        id: 'aa',
        name: 'kind',
        subnets: ['fc00:f853:ccd:e793::/64', '172.18.0.0/16'],
        ranges: [],
        used: ['172.18.0.1', '172.18.0.2', 'fc00:f853:ccd:e793::2', '172.18.0.3'],
        attached: [
          { id: 'c1', name: 'east-worker' },
          { id: 'c2', name: 'west-worker' },
        ],
      },
      { id: 'bb', name: 'host', subnets: [], ranges: [], used: [], attached: [] },
      { id: 'cc', name: 'swarm', subnets: [], ranges: [], used: [], attached: [] },
      {
        id: 'ee',
        name: 'lab',
        subnets: ['10.9.0.0/24'],
        ranges: ['10.9.0.0/26'],
        used: ['10.9.0.254', '10.9.0.200'],
        attached: [],
      },
      { id: 'dd', name: 'odd', subnets: [], ranges: [], used: ['10.0.0.1'], attached: [] },
    ])
  })

  test('of the runs of networks: those that are one, whatever somebody else labels so', () => {
    const output = ['["feedc0de"]', '["mine\\ncafe0001"]', '["cafe0001 "]', '[""]', ''].join('\n')
    expect(parseNetworkRuns(output)).toEqual(['feedc0de'])
  })
})

describe('what docker is told', () => {
  test.each([
    [{}, []],
    [{ name: 'kind' }, ['--filter', 'name=^kind$']],
    [{ name: 'kind.net' }, ['--filter', 'name=^kind\\.net$']],
    [{ name: 'a+b (c)' }, ['--filter', 'name=^a\\+b \\(c\\)$']],
    [{ run: 'feedc0de' }, ['--filter', 'label=kind-flat-network.run=feedc0de']],
  ])('networks are listed by %j', (filter, expected) => {
    expect(listNetworks(filter).slice(6)).toEqual(expected)
  })

  test('a network is made as kind makes it, with MTU and IPv6 only where there are any', () => {
    const bare = createNetwork('kind', 'feedc0de', {})
    expect(bare.slice(3)).toEqual([
      '--driver=bridge',
      '--opt=com.docker.network.bridge.enable_ip_masquerade=true',
      '--label=kind-flat-network.run=feedc0de',
      'kind',
    ])
    const full = createNetwork('kind', 'feedc0de', { mtu: 1450, ipv6Subnet: 'fc00::/64' })
    expect(full.filter((word) => !bare.includes(word))).toEqual([
      '--opt=com.docker.network.driver.mtu=1450',
      '--ipv6',
      '--subnet=fc00::/64',
    ])
  })
})
