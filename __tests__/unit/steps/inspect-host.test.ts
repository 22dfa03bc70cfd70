import { beforeEach, describe, expect, test } from '@jest/globals'
import { CancelledError, CommandError } from '../../../src/errors.js'
import type { World } from '../../../src/ports.js'
import { inspectHost } from '../../../src/steps/inspect-host.js'
import { FakeEngine, kubeadmConfigOf } from '../../fakes/engine.js'
import { reserve } from '../../../src/steps/reserve.js'
import { fails, hang, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
})

const inspect = (of: World = world, files: string[] = [], reuse: string[] = []) =>
  inspectHost(of, { files, reuse, ports: [] })

test('learns networks, routes, containers, clusters, reservations and which files exist', async () => {
  engine.add('west', ['control-plane', 'worker'], undefined)
  engine.add('east', ['external-load-balancer', 'control-plane', 'control-plane'], 'cafe0001')
  await reserve(world, 'cafe0001', { clusters: ['east'], subnets: ['10.1.0.0/16', 'fd00:1::/56'] })
  world.files.content.set('/home/me/config', '')
  world.files.content.set('/proc/sys/fs/inotify/max_user_instances', '128\n')
  world.files.content.set('/etc/resolv.conf', '# systemd\nnameserver 127.0.0.53\noptions edns0\n')
  world.files.content.set('/run/systemd/resolve/resolv.conf', 'nameserver 192.168.1.1\nnameserver\tfe80::1%eth0\n')
  expect(await inspect(world, ['/home/me/config', '/nowhere/new'])).toEqual({
    inotifyInstances: 128,
    ipv6: true,
    networks: [{ id: 'b1', name: 'bridge', subnets: ['172.17.0.0/16'], ranges: [], used: [], attached: [] }],
    routes: [{ destination: '192.168.1.0/24', device: 'eth0' }],
    nameservers: ['127.0.0.53', '192.168.1.1', 'fe80::1'],
    containers: [
      { name: 'west-control-plane', cluster: 'west' },
      { name: 'west-worker', cluster: 'west' },
      { name: 'east-external-load-balancer', cluster: 'east' },
      { name: 'east-control-plane', cluster: 'east', run: 'cafe0001' },
      { name: 'east-control-plane2', cluster: 'east', run: 'cafe0001' },
    ],
    usedPorts: [],
    reservations: [{ run: 'cafe0001', clusters: ['east'], subnets: ['10.1.0.0/16', 'fd00:1::/56'] }],
    unreadableReservations: [],
    clusters: [{ name: 'west', subnets: ['10.0.0.0/16', '10.96.0.0/16'] }],
    files: [
      { path: '/home/me/config', exists: true, directoryExists: true },
      { path: '/nowhere/new', exists: false, directoryExists: false },
    ],
  })
  expect(world.log.warnings).toEqual([])
})

test('does without what only Linux tells', async () => {
  expect(await inspect()).not.toHaveProperty('inotifyInstances')
})

test('warns and goes on without routes where there is no ip program', async () => {
  world.runner.on('ip -json', fails('', 'no such program on the PATH'))
  expect((await inspect()).routes).toEqual([])
  expect(world.log.warnings).toEqual([
    'the routes of this machine cannot be read (ip: no such program on the PATH); subnets are chosen without them',
  ])
})

test('does not take being stopped for a missing ip program', async () => {
  world.runner.on('ip -json', hang)
  const stop = new AbortController()
  const looking = inspect({ ...world, runner: world.runner.until(stop.signal) })
  stop.abort(new CancelledError('SIGINT'))
  await expect(looking).rejects.toThrow(new CancelledError('SIGINT'))
  expect(world.log.warnings).toEqual([])
})

describe('IPv6', () => {
  test.each<[string, string[], boolean]>([
    ['there where the kernel tells its addresses', ['/proc/net', '/proc/net/if_inet6'], true],
    ['not there where the kernel tells none', ['/proc/net'], false],
    ['there on other systems than Linux', [], true],
  ])('is %s', async (_, paths, expected) => {
    for (const path of paths) world.files.content.set(path, '')
    expect((await inspect()).ipv6).toBe(expected)
  })

  test('has routes of its own', async () => {
    world.runner.on('ip -json -6', '[{"dst":"fd00::/64","dev":"wg0"},{"dst":"fe80::/64","dev":"eth0"}]')
    expect((await inspect()).routes).toEqual([
      { destination: '192.168.1.0/24', device: 'eth0' },
      { destination: 'fd00::/64', device: 'wg0' },
    ])
  })

  test('that is off has no routes, and that is no trouble', async () => {
    world.runner.on('ip -json -6', fails('RTNETLINK answers: Address family not supported by protocol'))
    expect((await inspect()).routes).toEqual([{ destination: '192.168.1.0/24', device: 'eth0' }])
    expect(world.log.warnings).toEqual([])
  })
})

describe('reservations', () => {
  const other = { clusters: ['north'], subnets: ['10.2.0.0/16'] }
  const reserved = (name: string, run: string, text: string) =>
    engine.volumes.push({
      name,
      labels: { 'kind-flat-network.run': run, 'kind-flat-network.reserved': text },
    })

  test('that cannot be read are told, the others are read, and so are the clusters that those may name', async () => {
    engine.add('east', ['control-plane'], 'cafe0001', '10.1.0.0/16')
    reserved('kind-flat-network-cafe0001', 'cafe0001', '{"version":2,"names":["east"]}')
    reserved('kind-flat-network-cafe0002', 'cafe0002', 'x y')
    reserved('kind-flat-network-x', 'a b\nc', '{"clusters":[],"subnets":[]}')
    await reserve(world, 'cafe0003', other)
    const { reservations, unreadableReservations, clusters } = await inspect()
    expect(reservations).toEqual([{ run: 'cafe0003', ...other }])
    expect(unreadableReservations).toEqual([
      { volume: 'kind-flat-network-cafe0001', why: 'it has version 2, and this release reads version 1' },
      { volume: 'kind-flat-network-cafe0002', why: 'it is not JSON' },
      {
        volume: 'kind-flat-network-x',
        why: 'its name and its label kind-flat-network.run are not those of a run',
      },
    ])
    expect(clusters).toEqual([{ name: 'east', subnets: ['10.1.0.0/16', '10.96.0.0/16'] }])
  })
})

describe('the subnets of a kind cluster', () => {
  const clusters = async () => (await inspect()).clusters

  test('are those of both families', async () => {
    engine.add('dual', ['control-plane'], undefined)
    const kubeadm = kubeadmConfigOf('10.244.0.0/16,fd00:10:244::/56', '10.96.0.0/16, fd00:10:96::/112')
    engine.containers = engine.containers.map((each) => ({ ...each, kubeadm }))
    expect(await clusters()).toEqual([
      { name: 'dual', subnets: ['10.244.0.0/16', 'fd00:10:244::/56', '10.96.0.0/16', 'fd00:10:96::/112'] },
    ])
  })

  test('are read from one of its control planes', async () => {
    engine.add('big', ['external-load-balancer', 'worker', 'control-plane', 'control-plane'], undefined)
    await clusters()
    expect(world.runner.lines('docker cp')).toEqual(['docker cp c3:/kind/kubeadm.conf -'])
  })

  test.each<[string, string, string[]]>([
    ['of another run', 'cafe0001', ['same']],
    ['of the same run for other clusters', 'feedc0de', ['other']],
  ])('are read in spite of a reservation %s', async (_, owner, names) => {
    engine.add('same', ['control-plane'], 'feedc0de')
    await reserve(world, owner, { clusters: names, subnets: [] })
    expect((await clusters()).map(({ name }) => name)).toEqual(['same'])
  })

  test.each<[string, () => void]>([
    ['has written none', () => engine.unwritten.add('west')],
    ['has removed the node', () => world.runner.on('docker cp', fails('Error: No such container: c1'))],
  ])('are unknown without a warning when kind %s', async (_, make) => {
    engine.add('west', ['control-plane'], undefined)
    make()
    expect(await clusters()).toEqual([{ name: 'west', subnets: [] }])
    expect(world.log.warnings).toEqual([])
  })

  test.each<[string, () => void, string]>([
    ['Docker fails', () => world.runner.on('docker cp', fails('input/output error')), 'exit code 1'],
    [
      'the file is another',
      () => (engine.containers = engine.containers.map((each) => ({ ...each, kubeadm: 'kind: JoinConfiguration\n' }))),
      'no ClusterConfiguration in /kind/kubeadm.conf',
    ],
    [
      'the file is nonsense',
      () => {
        const kubeadm = 'kind: ClusterConfiguration\nnetworking: {podSubnet: 5}\n'
        engine.containers = engine.containers.map((each) => ({ ...each, kubeadm }))
      },
      'podSubnet is not a subnet in /kind/kubeadm.conf',
    ],
  ])('are unknown with a warning when %s', async (_, breakIt, why) => {
    engine.add('west', ['control-plane'], undefined)
    breakIt()
    expect(await clusters()).toEqual([{ name: 'west', subnets: [] }])
    expect(world.log.warnings).toEqual([
      `the subnets of the kind cluster west cannot be read (${why}); those that are chosen may overlap`,
    ])
  })

  test('are not unknown because the run is stopped', async () => {
    engine.add('west', ['control-plane'], undefined)
    world.runner.on('docker cp', hang)
    const stop = new AbortController()
    const looking = inspect({ ...world, runner: world.runner.until(stop.signal) })
    setTimeout(() => {
      stop.abort(new CancelledError('SIGINT'))
    }, 20)
    await expect(looking).rejects.toThrow(new CancelledError('SIGINT'))
    expect(world.log.warnings).toEqual([])
  })
})

describe('clusters that may be reused', () => {
  test('are those of the wanted names, with all that a run needs to take them over', async () => {
    engine.add('west', ['control-plane'], undefined, '10.8.0.0/16')
    const roles = ['external-load-balancer', 'worker', 'control-plane', 'control-plane'] as const
    engine.add('east', roles, 'cafe0001', '10.9.0.0/16,fd00:9::/56', 'kind-flat-network-cafe0001')
    await reserve(world, 'cafe0001', { clusters: ['east'], subnets: [] })
    expect((await inspect(world, [], ['east', 'south'])).reusable).toEqual([
      {
        name: 'east',
        run: 'cafe0001',
        podSubnets: ['10.9.0.0/16', 'fd00:9::/56'],
        serviceSubnets: ['10.96.0.0/16'],
        nodes: [
          { name: 'east-control-plane', role: 'control-plane' },
          { name: 'east-control-plane2', role: 'control-plane' },
          { name: 'east-worker', role: 'worker' },
        ],
        dockerNetworks: ['kind-flat-network-cafe0001'],
      },
    ])
  })

  test('may be of somebody else, and that is told by no run', async () => {
    engine.add('east', ['control-plane'], undefined)
    const { reusable } = await inspect(world, [], ['east'])
    expect(reusable).toMatchObject([{ name: 'east' }])
    expect(reusable?.[0]).not.toHaveProperty('run')
  })

  test('are not looked for where none is wanted', async () => {
    engine.add('east', ['control-plane'], 'cafe0001')
    await reserve(world, 'cafe0001', { clusters: ['east'], subnets: [] })
    expect(await inspect()).not.toHaveProperty('reusable')
    expect(world.runner.lines('docker cp')).toEqual([])
  })
})

describe('networks', () => {
  test('are looked at again when one vanishes meanwhile', async () => {
    engine.networks.push({ id: 'gone', name: 'gone', subnets: ['10.9.0.0/24'] })
    world.runner.on('docker network inspect b1 gone', ({ line }) => {
      engine.networks.pop()
      return fails(`[]\nError: No such network: gone (${line})`)
    })
    expect((await inspect()).networks.map(({ name }) => name)).toEqual(['bridge'])
  })

  test('may be none at all', async () => {
    engine.networks = []
    expect((await inspect()).networks).toEqual([])
  })
})

test("fails with the engine's own words when it does not answer", async () => {
  const words = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'
  world.runner.on(/^docker /, inTurn(fails(words)))
  const failure = await inspect().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(CommandError)
  expect((failure as CommandError).message).toContain(words)
})

test('looks at each wanted port once, and never at two at the same time', async () => {
  const looks: string[] = []
  let looking = 0
  world.machine.usesPort = async ({ address, port }) => {
    looks.push(`${address}:${String(port)}`)
    expect(++looking).toBe(1)
    await world.clock.sleep(0)
    looking--
    return port === 81
  }
  const port = { address: '0.0.0.0', port: 80, protocol: 'TCP' } as const
  const used = { ...port, port: 81 }
  const { usedPorts } = await inspectHost(world, { files: [], reuse: [], ports: [port, used, { ...port }] })
  expect({ looks, usedPorts }).toEqual({ looks: ['0.0.0.0:80', '0.0.0.0:81'], usedPorts: [used] })
})
