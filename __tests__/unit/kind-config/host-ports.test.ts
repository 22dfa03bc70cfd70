import { describe, expect, test } from '@jest/globals'
import { describePort, fixedPorts, portsMeet, type HostPort } from '../../../src/kind-config/host-ports.js'

const places = { nodes: 'clusters[0].config.nodes', networking: 'config.networking' }

describe('fixed ports', () => {
  test('are those of the nodes and of the API server, with their places', () => {
    const nodes = [
      { extraPortMappings: [{ containerPort: 80, hostPort: 8080 }] },
      {},
      {
        extraPortMappings: [
          { containerPort: 53 },
          { containerPort: 53, hostPort: 53, listenAddress: '::1', protocol: 'UDP' as const },
        ],
      },
    ]
    expect(fixedPorts(nodes, { apiServerPort: 6443 }, ['ipv4'], places)).toEqual([
      { address: '127.0.0.1', port: 6443, protocol: 'TCP', place: 'config.networking.apiServerPort' },
      {
        address: '0.0.0.0',
        port: 8080,
        protocol: 'TCP',
        place: 'clusters[0].config.nodes[0].extraPortMappings[0].hostPort',
      },
      { address: '::1', port: 53, protocol: 'UDP', place: 'clusters[0].config.nodes[2].extraPortMappings[1].hostPort' },
    ])
  })

  test('are not 0 and -1, which stand for any that is free', () => {
    const nodes = [
      {
        extraPortMappings: [
          { containerPort: 1, hostPort: 0 },
          { containerPort: 2, hostPort: -1 },
        ],
      },
    ]
    expect(fixedPorts(nodes, { apiServerPort: -1 }, ['ipv4'], places)).toEqual([])
  })

  test.each([
    [['ipv4'], '127.0.0.1', '0.0.0.0'],
    [['ipv4', 'ipv6'], '127.0.0.1', '0.0.0.0'],
    [['ipv6'], '::1', '::'],
  ] as const)('listen where kind lets them in a cluster of %j', (families, apiServer, node) => {
    const nodes = [{ extraPortMappings: [{ containerPort: 80, hostPort: 80 }] }]
    const addresses = fixedPorts(nodes, { apiServerPort: 1 }, families, places).map(({ address }) => address)
    expect(addresses).toEqual([apiServer, node])
  })
})

describe('ports meet', () => {
  const port = (address: string, number = 80, protocol: HostPort['protocol'] = 'TCP') => ({
    address,
    port: number,
    protocol,
  })
  test.each<[HostPort, HostPort, boolean]>([
    [port('127.0.0.1'), port('127.0.0.1'), true],
    [port('127.0.0.1'), port('127.0.0.2'), false],
    [port('127.0.0.1'), port('0.0.0.0'), true],
    [port('::'), port('127.0.0.1'), true],
    [port('::1'), port('0:0:0:0:0:0:0:1'), true],
    [port('0.0.0.0'), port('0.0.0.0', 81), false],
    [port('0.0.0.0'), port('0.0.0.0', 80, 'UDP'), false],
  ])('%j and %j: %j', (one, other, meet) => {
    expect([portsMeet(one, other), portsMeet(other, one)]).toEqual([meet, meet])
  })
})

test('a port is written as Docker writes it', () => {
  expect(describePort({ address: '0.0.0.0', port: 80, protocol: 'TCP' })).toBe('0.0.0.0:80/tcp')
  expect(describePort({ address: '::1', port: 53, protocol: 'UDP' })).toBe('[::1]:53/udp')
})
