import { expect, test } from '@jest/globals'
import { parseRoutes } from '../../../src/commands/ip.js'

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

test.each(['', '[]', '[ ]\n'])('a machine without routes prints %j', (output) => {
  expect(parseRoutes(output)).toEqual([])
})
