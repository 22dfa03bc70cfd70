import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { execa } from 'execa'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plan } from '../../src/plan/plan.js'
import type { Outputs } from '../../src/report/flat-network.js'
import { runnerImage } from './support/act.js'
import { docker, engineState, nodeImage } from './support/engine.js'

jest.setTimeout(300_000)

const root = fileURLToPath(new URL('../../', import.meta.url))
const socket = '/var/run/docker.sock'
const image = ['--node-image', nodeImage]

let program: string
let home: string
let before: Awaited<ReturnType<typeof engineState>>

beforeAll(async () => {
  const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> }
  program = join(root, bin['kind-flat-network'] ?? '')
  home = await mkdtemp(join(tmpdir(), 'flat-network-place-'))
  before = await engineState()
})

afterAll(() => rm(home, { recursive: true, force: true }))

interface Ended {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end, whatever that is. */
async function run(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const [file = '', ...parameters] = command
  const { exitCode, stdout, stderr } = await execa(file, parameters, {
    env: { XDG_STATE_HOME: home, ...environment },
    reject: false,
    timeout: 200_000,
  })
  return { code: exitCode, stdout, stderr }
}

const here = (...parameters: string[]) => [process.execPath, program, ...parameters]

/** What `--json` printed last, of a command that must have succeeded. */
function result<T>({ code, stdout, stderr }: Ended): T {
  expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T
}

async function listen(server: Server, host: string): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return (server.address() as AddressInfo).port
}

describe('an engine that is of no use', () => {
  const nonsense = createHttpServer((_, response) => response.end('<html><body>It works!</body></html>'))
  let port: number

  beforeAll(async () => (port = await listen(nonsense, '127.0.0.1')))
  afterAll(() => {
    nonsense.close()
  })

  // no resolver is asked for a label of more than 63 characters
  const unknown = 'x'.repeat(64)

  test.each<[string, () => Record<string, string>, string]>([
    [
      'no socket',
      () => ({ DOCKER_HOST: 'unix:///nowhere/docker.sock' }),
      'at unix:///nowhere/docker.sock (DOCKER_HOST) is not there: nobody listens; start it with "sudo systemctl start docker", or correct DOCKER_HOST',
    ],
    [
      'a name that does not resolve',
      () => ({ DOCKER_HOST: `tcp://${unknown}:2375` }),
      `at tcp://${unknown}:2375 (DOCKER_HOST) cannot be found: ${unknown} does not resolve; correct the name in DOCKER_HOST`,
    ],
    [
      'a closed port',
      () => ({ DOCKER_HOST: 'tcp://127.0.0.1:1' }),
      'at tcp://127.0.0.1:1 (DOCKER_HOST) is not there: nobody listens; start it with that address (dockerd --host), or correct DOCKER_HOST',
    ],
    [
      'a server of something else',
      () => ({ DOCKER_HOST: `tcp://127.0.0.1:${String(port)}` }),
      '(DOCKER_HOST) is something else: what answers there is no Docker engine; correct DOCKER_HOST',
    ],
    [
      'a certificate that is not there',
      () => ({ DOCKER_HOST: 'tcp://127.0.0.1:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' }),
      'needs a certificate that is not there: /nowhere/ca.pem; put ca.pem, cert.pem and key.pem in the directory that DOCKER_CERT_PATH names, or unset DOCKER_TLS_VERIFY where DOCKER_HOST is meant without TLS',
    ],
    [
      'no address',
      () => ({ DOCKER_HOST: 'ftp://192.0.2.1' }),
      'cannot be found: what DOCKER_HOST says is no address of an engine (invalid bind address format: ftp://192.0.2.1); give one such as unix:///var/run/docker.sock, tcp://192.0.2.1:2376 or ssh://192.0.2.1',
    ],
    [
      'an unknown context',
      () => ({ DOCKER_CONTEXT: 'nowhere' }),
      'cannot be found: there is no Docker context nowhere; choose one that "docker context ls" lists with "docker context use" or DOCKER_CONTEXT',
    ],
    [
      'a client that is too new',
      () => ({ DOCKER_API_VERSION: '1.99' }),
      'update the older of both, and unset DOCKER_API_VERSION',
    ],
  ])('%s is told in one sentence', async (_, environment, message) => {
    const { code, stderr } = await run(here('up', ...image), environment())
    expect(code).toBe(1)
    const lines = stderr.split('\n').filter((line) => line.includes('the Docker engine'))
    expect(lines).toEqual([expect.stringContaining(message)])
  })

  const asRoot = process.getuid?.() === 0 ? test : test.skip

  asRoot('a user without permission is told which group the socket belongs to', async () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    const { code, stderr } = await run([...nobody, ...here('up', ...image)], {
      HOME: '/nowhere',
      XDG_STATE_HOME: '/tmp',
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /is not for the user nobody \(65534\): \/var\/run\/docker\.sock belongs to the group \S+; run "sudo usermod --append --groups \S+ nobody" and log in again/,
    )
  })

  test('the same in a container', async () => {
    const { code, stderr } = await run(container(['--rm', '--user=65534'], 'up', ...image))
    expect(code).toBe(1)
    expect(stderr).toMatch(/belongs to the group (\d+); start the container with --group-add \1/)
  })

  test('no socket in a container', async () => {
    const { code, stderr } = await run(
      container(['--rm', '--env=DOCKER_HOST=unix:///run/nowhere.sock'], 'up', ...image),
    )
    expect(code).toBe(1)
    expect(stderr).toContain('start this container with --volume /var/run/docker.sock:/var/run/docker.sock')
  })

  test('nothing was made', async () => {
    expect(await engineState()).toEqual(before)
  })
})

/** The command line in a container of the engine, with its socket. */
function container(options: readonly string[], ...parameters: string[]): string[] {
  const mounts = [`${socket}:${socket}`, `${dirname(program)}:/flat-network:ro`].map((each) => `--volume=${each}`)
  return ['docker', 'run', ...mounts, ...options, '--entrypoint=node', runnerImage, inContainer(), ...parameters]
}

const inContainer = () => program.replace(dirname(program), '/flat-network')

describe('a container of the engine', () => {
  const name = `flat-network-place-${String(process.pid)}`

  beforeEach(async () => {
    await docker('network', 'create', name)
  })

  afterEach(async () => {
    await docker('rm', '--force', '--volumes', name)
    await docker('network', 'rm', name)
    expect(await engineState()).toEqual(before)
  })

  test('is known by its network', async () => {
    const own = (id: string) => `${name}-${id}`
    const plan = async (id: string, network: string) =>
      result<Plan>(
        await run(container(['--rm', `--name=${own(id)}`, `--network=${network}`], 'plan', '--json', ...image)),
      ).container
    await docker(
      'run',
      '--detach',
      `--name=${name}`,
      `--network=${name}`,
      '--entrypoint=sleep',
      runnerImage,
      'infinity',
    )
    const [bridge, network, host, shared] = await Promise.all([
      plan('bridge', 'bridge'),
      plan('own', name),
      plan('host', 'host'),
      plan('shared', `container:${name}`),
    ])
    const id = expect.stringMatching(/^[0-9a-f]{64}$/)
    expect(bridge).toEqual({ id, name: own('bridge'), joins: true })
    expect(network).toEqual({ id, name: own('own'), joins: true })
    expect(host).toBeUndefined()
    // Docker connects no container that has the network of another
    expect(shared).toEqual({ id, name, joins: true })
  })

  test('makes clusters, reaches them, and takes them down', async () => {
    const mounts = [`${socket}:${socket}`, `${dirname(program)}:/flat-network:ro`].map((each) => `--volume=${each}`)
    const sleep = ['--init', '--entrypoint=sleep', runnerImage, 'infinity']
    await docker('run', '--detach', `--name=${name}`, `--network=${name}`, ...mounts, ...sleep)
    const inside = (...command: string[]) => run(['docker', 'exec', name, ...command])
    const networks = async () =>
      JSON.parse(await docker('inspect', '--format={{json .NetworkSettings.Networks}}', name)) as object
    const made = result<Outputs>(await inside('node', inContainer(), 'up', '--clusters=1', '--json', ...image))
    try {
      expect(Object.keys(await networks())).toHaveLength(2)
      const nodes = await inside('kubectl', `--kubeconfig=${made.kubeconfig}`, 'get', 'nodes', '--output=name')
      expect(nodes.stdout).toMatch(/^node\/\S+-control-plane$/)
    } finally {
      result(await inside('node', inContainer(), 'down', '--json'))
    }
    expect(Object.keys(await networks())).toEqual([name])
  })
})

const withNamespaces = process.platform === 'linux' && process.getuid?.() === 0 ? describe : describe.skip

withNamespaces('an engine on another machine', () => {
  const namespace = `flat-network-${String(process.pid)}`
  // RFC 5737
  const machine = '198.51.100.1'
  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: socket, allowHalfOpen: true })
    for (const each of [client, engine]) each.on('error', () => [client, engine].map((both) => both.destroy()))
    client.pipe(engine).pipe(client)
  })
  let remote: Record<string, string>
  const inNamespace = (...command: string[]) => run(['nsenter', `--net=/run/netns/${namespace}`, ...command], remote)
  const there = (...parameters: string[]) => inNamespace(...here(...parameters))

  beforeAll(async () => {
    const [near, far] = [`fn${String(process.pid)}a`, `fn${String(process.pid)}b`]
    const ip = (...parameters: string[]) => execa('ip', parameters)
    await ip('netns', 'add', namespace)
    await ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', namespace)
    await ip('addr', 'add', `${machine}/30`, 'dev', near)
    await ip('link', 'set', near, 'up')
    await ip('-n', namespace, 'addr', 'add', '198.51.100.2/30', 'dev', far)
    for (const device of [far, 'lo']) await ip('-n', namespace, 'link', 'set', device, 'up')
    remote = { DOCKER_HOST: `tcp://${machine}:${String(await listen(proxy, machine))}` }
  })

  afterAll(async () => {
    proxy.close()
    // takes its end of the pair along, and that the other
    await execa('ip', ['netns', 'delete', namespace])
    expect(await engineState()).toEqual(before)
  })

  test('needs an address to publish on, and the one that the message gives does', async () => {
    const { code, stderr } = await there('up', '--clusters=1', ...image)
    expect(code).toBe(2)
    const config = /is another machine, .*; give config: "(.*)", or run there/.exec(stderr)?.[1] ?? ''
    expect(config).toBe(`networking: { apiServerAddress: ${machine} }`)
    const { kubeconfig } = result<Outputs>(await there('up', '--clusters=1', `--config=${config}`, '--json', ...image))
    try {
      expect(await readFile(kubeconfig, 'utf8')).toMatch(/server: https:\/\/198\.51\.100\.1:\d+$/m)
      const nodes = await inNamespace('kubectl', `--kubeconfig=${kubeconfig}`, 'get', 'nodes', '--output=name')
      expect(nodes.stdout).toMatch(/^node\/\S+-control-plane$/)
    } finally {
      result(await there('down', '--json'))
    }
  })
})
