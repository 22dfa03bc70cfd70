import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { execa } from 'execa'
import { createServer, type Server } from 'node:http'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  deleteRegistryHosting,
  forgetNodeRegistry,
  parsePublishedPort,
  registryHosting,
  startRegistry,
  teachNodeRegistry,
} from '../../../src/commands/registry.js'

let directory: string
let server: Server
let statuses: number[]
let asked: (string | undefined)[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'registry-test-'))
  asked = []
  server = createServer(({ url }, response) => {
    asked.push(url)
    response.writeHead(statuses.shift() ?? 200).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  server.close()
  await rm(directory, { recursive: true, force: true })
})

test('the registry is on the network of the run, labelled as its own, and on loopback of the host alone', () => {
  expect(startRegistry('feedc0de', 'kind-flat-network-feedc0de', 'registry:3').join(' ')).toBe(
    'docker run --detach --name=kind-flat-network-feedc0de-registry --label=kind-flat-network.run=feedc0de' +
      ' --network=kind-flat-network-feedc0de --publish=127.0.0.1::5000 --env=REGISTRY_HTTP_ADDR=:5000 registry:3',
  )
})

test('the published port is its name for everybody', () => {
  expect(parsePublishedPort('127.0.0.1:49153\n')).toBe('localhost:49153')
  expect(() => parsePublishedPort('\n')).toThrow('does its container still run?')
})

/** The script of the node in a real bash, with `/etc` elsewhere and that server as the registry. */
async function teach(host: string, seconds = 30) {
  const command = teachNodeRegistry('east-worker', 'feedc0de', 'localhost:49153', seconds)
  expect(command.slice(0, 3)).toEqual(['docker', 'exec', 'east-worker'])
  const [script = '', ...values] = command.slice(command.indexOf('-c') + 1)
  expect(values.slice(0, -1)).toEqual(['bash', 'localhost:49153', 'kind-flat-network-feedc0de-registry', '5000'])
  const port = String((server.address() as AddressInfo).port)
  const { exitCode, stderr } = await execa(
    'bash',
    ['-c', script.replace('/etc/containerd', directory), 'bash', 'localhost:49153', host, port, ...values.slice(-1)],
    { reject: false, env: { http_proxy: 'http://127.0.0.1:1' } },
  )
  const hosts = await readFile(join(directory, 'certs.d/localhost:49153/hosts.toml'), 'utf8').catch(() => undefined)
  return { exitCode, stderr, port, hosts }
}

test('a node is told the address of the registry, once it answers there, and past a proxy', async () => {
  statuses = [503]
  const { exitCode, port, hosts } = await teach('localhost')
  expect(hosts).toBe(`[host."http://127.0.0.1:${port}"]\n`)
  expect({ exitCode, asked }).toEqual({ exitCode: 0, asked: ['/v2/', '/v2/'] })
})

test('a registry that does not answer in time is told with what it answered last', async () => {
  statuses = Array<number>(100).fill(503)
  const { exitCode, stderr } = await teach('localhost', 1)
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^curl: .*503/)
})

test('a registry without an address is told', async () => {
  const { exitCode, stderr, hosts } = await teach('nosuch.invalid')
  expect({ exitCode, hosts }).toEqual({ exitCode: 1, hosts: undefined })
  expect(stderr).toContain('no address is known for nosuch.invalid')
})

test('a cluster tells of it by the ConfigMap of KEP-1755, and only this run takes that away', () => {
  expect(JSON.parse(registryHosting('feedc0de', 'localhost:49153'))).toMatchObject({
    kind: 'ConfigMap',
    metadata: { name: 'local-registry-hosting', namespace: 'kube-public' },
    data: { 'localRegistryHosting.v1': 'host: "localhost:49153"\n' },
  })
  expect(deleteRegistryHosting({ kubeconfig: '/k' }, 'feedc0de').join(' ')).toBe(
    'kubectl --kubeconfig /k --namespace=kube-public delete configmap --selector=kind-flat-network.run=feedc0de',
  )
})

test('a node forgets that registry alone', () => {
  expect(forgetNodeRegistry('east-worker', 'localhost:49153').slice(-1)).toEqual([
    '/etc/containerd/certs.d/localhost:49153',
  ])
})
