import { expect, test } from '@jest/globals'
import { listRoutes, parseRoutes } from '../../../src/commands/ip.js'

test('routes of all tables are read, single addresses as /32, without the default and what is local', () => {
  const output = JSON.stringify([
    { dst: 'default', gateway: '10.0.2.2', dev: 'eth0', flags: [] },
    { dst: '0.0.0.0/1', dev: 'tun0', table: '51820', flags: [] },
    { dst: '172.17.0.0/16', dev: 'docker0', protocol: 'kernel', scope: 'link', flags: ['linkdown'] },
    { dst: '10.9.8.7', gateway: '10.0.2.2', dev: 'eth0', flags: [] },
    { type: 'unreachable', dst: '10.20.0.0/16', flags: [] },
    { type: 'blackhole', dst: '10.21.0.0/16', dev: 'lo', flags: [] },
    { type: 'local', dst: '127.0.0.0/8', dev: 'lo', table: 'local', flags: [] },
    { type: 'broadcast', dst: '172.17.255.255', dev: 'docker0', table: 'local', flags: [] },
    { type: 'multicast', dst: '224.0.0.0/4', dev: 'eth0', flags: [] },
    { type: 'unicast', dst: '10.30.0.0/16', flags: [] },
  ])
  expect(parseRoutes(`${output}\n`)).toEqual([
    { destination: '0.0.0.0/1', device: 'tun0' },
    { destination: '172.17.0.0/16', device: 'docker0' },
    { destination: '10.9.8.7/32', device: 'eth0' },
    { destination: '10.20.0.0/16', device: 'unreachable' },
    { destination: '10.21.0.0/16', device: 'lo' },
    { destination: '10.30.0.0/16', device: 'unicast' },
  ])
})

test('of IPv6, what every link has for itself is left out', () => {
  const output = JSON.stringify([
    { dst: 'fc00:f853:ccd:e793::/64', dev: 'br-1', protocol: 'kernel', metric: 256, flags: ['linkdown'] },
    { dst: 'fd00::7', dev: 'wg0', metric: 1024, flags: [] },
    { dst: 'fe80::/64', dev: 'eth0', protocol: 'kernel', flags: [] },
    { dst: 'febf::1', dev: 'eth0', flags: [] },
    { dst: 'fec0::/64', dev: 'eth1', flags: [] },
    { dst: 'default', gateway: 'fd00::1', dev: 'eth0', flags: [] },
    { type: 'unreachable', dst: 'default', dev: 'lo', flags: [] },
    { type: 'unreachable', dst: 'fd12::/48', dev: 'lo', flags: [] },
    { type: 'local', dst: '::1', dev: 'lo', table: 'local', flags: [] },
    { type: 'anycast', dst: 'fd00::', dev: 'eth0', table: 'local', flags: [] },
    { type: 'multicast', dst: 'ff00::/8', dev: 'eth0', table: 'local', flags: [] },
    { dst: 'ff00::/8', dev: 'eth1', table: 'local', flags: [] },
  ])
  expect(parseRoutes(output)).toEqual([
    { destination: 'fc00:f853:ccd:e793::/64', device: 'br-1' },
    { destination: 'fd00::7/128', device: 'wg0' },
    { destination: 'fec0::/64', device: 'eth1' },
    { destination: 'fd12::/48', device: 'lo' },
  ])
})

test('each family has a command of its own, for all tables', () => {
  expect([listRoutes(4), listRoutes(6)].map((words) => words.join(' '))).toEqual([
    'ip -json -4 route show table all',
    'ip -json -6 route show table all',
  ])
})

test.each(['', '[]', '[ ]\n'])('a machine without routes prints %j', (output) => {
  expect(parseRoutes(output)).toEqual([])
})
