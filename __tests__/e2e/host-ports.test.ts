import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { docker, nodeImage, registryImage } from './support/engine.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(120_000)

const container = 'flat-e2e-port'
let server: Server
let socket: Socket
let terminal: Terminal

beforeAll(async () => {
  terminal = await Terminal.open()
  server = createServer().listen(0, '127.0.0.1')
  socket = createSocket('udp4').bind(0, '127.0.0.1')
  await Promise.all([once(server, 'listening'), once(socket, 'listening')])
  await docker('run', '--detach', `--name=${container}`, '--publish=127.0.0.1::5000', registryImage)
})

afterAll(async () => {
  server.close()
  socket.close()
  await docker('rm', '--force', '--volumes', container)
  await terminal.close()
})

async function problemsOf(...mappings: object[]): Promise<string[]> {
  const config = JSON.stringify({ nodes: [{ extraPortMappings: mappings }] })
  const inputs = ['--clusters', '1', '--node-image', nodeImage, '--config', config]
  const { code, stderr } = await terminal.run('plan', ...inputs)
  return code === 0 ? [] : stderr.split('\n').filter((line) => line.startsWith('config.'))
}

const place = (index: number) => `config.nodes[0].extraPortMappings[${String(index)}].hostPort`

test('ports that something on the machine has are refused in the plan, over address and protocol', async () => {
  const { port: tcp } = server.address() as AddressInfo
  const { port: udp } = socket.address()
  const mapping = (hostPort: number, protocol: string, listenAddress?: string) => ({
    containerPort: 80,
    hostPort,
    protocol,
    ...(listenAddress && { listenAddress }),
  })
  expect(
    await problemsOf(
      mapping(tcp, 'tcp'),
      mapping(udp, 'UDP', '127.0.0.1'),
      mapping(tcp, 'UDP'),
      mapping(tcp, 'TCP', '127.0.0.2'),
    ),
  ).toEqual([
    `${place(0)}: ${String(tcp)} is in use on this machine (0.0.0.0:${String(tcp)}/tcp); give another port, or 0 for any that is free`,
    `${place(1)}: ${String(udp)} is in use on this machine (127.0.0.1:${String(udp)}/udp); give another port, or 0 for any that is free`,
    `${place(3)}: ${String(tcp)} is published by ${place(0)} too; give each its own port, or 0 for any that is free`,
  ])
})

test('a free port that two nodes want is reported once, as wanted twice', async () => {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  free.close()
  await once(free, 'close')
  const mapping = { containerPort: 80, hostPort: port }
  const config = JSON.stringify({ nodes: [{ extraPortMappings: [mapping] }] })
  const clusters = JSON.stringify([{ config }, { config }])
  const { code, stderr } = await terminal.run('plan', '--clusters', clusters, '--node-image', nodeImage)
  expect(code).toBe(2)
  expect(stderr.split('\n').filter((line) => line.startsWith('clusters'))).toEqual([
    `clusters[1].${place(0)}: ${String(port)} is published by clusters[0].${place(0)} too; give each its own port, or 0 for any that is free`,
  ])
})

test('a port that a container publishes is refused by its name', async () => {
  const published = await docker('container', 'port', container, '5000/tcp')
  const port = Number(published.split(':').at(-1))
  expect(await problemsOf({ containerPort: 80, hostPort: port })).toEqual([
    `${place(0)}: ${String(port)} is published by the container ${container}; give another port, or 0 for any that is free`,
  ])
})
