import { expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { machine } from '../../../src/adapters/machine.js'

test('has the loopback among its addresses', () => {
  expect(machine.addresses()).toContain('127.0.0.1')
})

test('resolves names, and addresses to themselves', async () => {
  expect(await machine.resolve('localhost')).toBe('127.0.0.1')
  expect(await machine.resolve('fd00::5')).toBe('fd00::5')
  expect(await machine.resolve('no-such-name.invalid')).toBeUndefined()
})

test('knows who it is', () => {
  const tell = (...what: string[]) => execFileSync('id', what, { encoding: 'utf8' }).trim()
  expect(machine.user()).toEqual({ name: tell('--user', '--name'), uid: Number(tell('--user')) })
})

test('knows the group of a file, and that one is not there', async () => {
  expect(await machine.groupOf('/etc/passwd')).toBe(0)
  expect(await machine.groupOf('/nowhere/at/all')).toBeUndefined()
})

test('knows whether a port is in use, by address and protocol, and lets go of it again', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await Promise.all([once(server, 'listening'), once(socket, 'listening')])
  const { port: tcp } = server.address() as AddressInfo
  const { port: udp } = socket.address()
  const uses = (port: number, protocol: 'TCP' | 'UDP' | 'SCTP', address = '0.0.0.0') =>
    machine.usesPort({ address, port, protocol })
  try {
    expect(await uses(tcp, 'TCP')).toBe(true)
    expect(await uses(tcp, 'TCP', '127.0.0.1')).toBe(true)
    expect(await uses(tcp, 'TCP', '127.0.0.2')).toBe(false)
    expect(await uses(udp, 'UDP')).toBe(true)
    expect(await uses(tcp, 'SCTP')).toBe(false)
    // of another machine: that is for the engine to say
    expect(await uses(tcp, 'TCP', '192.0.2.1')).toBe(false)
  } finally {
    server.close()
    socket.close()
    await Promise.all([once(server, 'close'), once(socket, 'close')])
  }
  expect([await uses(tcp, 'TCP'), await uses(udp, 'UDP')]).toEqual([false, false])
  expect([await uses(tcp, 'TCP'), await uses(udp, 'UDP')]).toEqual([false, false])
})
