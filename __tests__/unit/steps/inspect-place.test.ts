import { beforeEach, describe, expect, test } from '@jest/globals'
import { inspectPlace } from '../../../src/steps/inspect-place.js'
import { fails } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

let world: FakeWorld

beforeEach(() => {
  world = fakeWorld()
  context('default', 'unix:///var/run/docker.sock')
})

const info = '{"CgroupVersion":"2","SecurityOptions":["name=seccomp,profile=default"]}'
const inspect = () => inspectPlace(world, info)
const here = { endpoint: 'unix:///var/run/docker.sock', named: 'the Docker context default', rootless: false }

function context(name: string, endpoint: string): void {
  const found = { Name: name, Metadata: { StackOrchestrator: 'swarm' }, Endpoints: { docker: { Host: endpoint } } }
  world.runner.on('docker context inspect', `${JSON.stringify(found)}\n`)
}

const id = '9d9ea655530a562a2081bab93fc3447048d7e5ae2d03b175d875ab5a1f38b59c'

/** What the engine tells of a container. */
function contains(networkMode: string, networks: string[], hostname = id.slice(0, 12)): void {
  const found = {
    Id: id,
    Name: '/job',
    Config: { Hostname: hostname },
    HostConfig: { NetworkMode: networkMode },
    NetworkSettings: { Networks: Object.fromEntries(networks.map((name) => [name, { NetworkID: name }])) },
  }
  world.runner.on('docker container inspect', JSON.stringify([found]))
}

/** The mounts of a container, as its kernel tells them. */
function mounts(...lines: string[]): void {
  world.files.content.set(
    '/proc/self/mountinfo',
    `74 60 0:45 / / rw,relatime - overlay overlay rw\n${lines.join('\n')}\n`,
  )
}

const ofFile = (name: string, directory = `/var/lib/docker/containers/${id}`, at = `/etc/${name}`) =>
  `91 74 254:0 ${directory}/${name} ${at} rw,relatime - ext4 /dev/vda rw,discard`

test('a plain host takes one command', async () => {
  world.files.content.set('/.dockerenv', '')
  world.files.content.set('/proc/sys/kernel/hostname', 'vm\n')
  mounts(
    ofFile('hostname', undefined, '/rootfs/etc/hostname'),
    `93 27 0:51 / /var/lib/docker/containers/${id}/mounts/shm rw,nosuid - tmpfs shm rw,size=65536k`,
  )
  expect(await inspect()).toEqual(here)
  expect(world.runner.lines()).toEqual(['docker context inspect --format {{json .}}'])
})

describe('a container of the engine', () => {
  test.each([
    ['hostname', `/var/lib/docker/containers/${id}`],
    ['hosts', `/home/me/.local/share/docker/containers/${id}`],
    ['resolv.conf', `/docker/165536.165536/containers/${id}`],
  ])('is known by the %s that Docker has mounted from %s', async (file, directory) => {
    contains('build', ['build', 'more'])
    mounts(ofFile(file, directory))
    expect(await inspect()).toEqual({ ...here, container: { id, name: 'job', networks: ['build', 'more'] } })
    expect(world.runner.lines('container')).toEqual([`docker container inspect ${id}`])
  })

  test('is known by its name for itself where the kernel tells no such mounts', async () => {
    contains('default', ['bridge'])
    world.files.content.set('/proc/sys/kernel/hostname', `${id.slice(0, 12)}\n`)
    world.files.content.set('/.dockerenv', '')
    expect((await inspect()).container).toEqual({ id, name: 'job', networks: ['bridge'] })
  })

  test.each([
    ['that has another name there', id.slice(0, 12), 'web', true],
    ['on a host that has a name like it', id.slice(0, 12), id.slice(0, 12), false],
    ['by a name somebody gave it', 'web', 'web', true],
  ])('is not taken for this one %s', async (_, own, known, inContainer) => {
    contains('default', ['bridge'], known)
    world.files.content.set('/proc/sys/kernel/hostname', own)
    if (inContainer) world.files.content.set('/.dockerenv', '')
    expect(await inspect()).toEqual(here)
  })

  test("with the network of the engine's machine counts as the host", async () => {
    contains('host', ['host'])
    mounts(ofFile('hosts'))
    expect(await inspect()).toEqual(here)
  })

  test.each(['Error: No such container: 9d9', 'Error response from daemon: No such container: 9d9'])(
    'that this engine does not know is of another: %s',
    async (words) => {
      world.runner.on('docker container inspect', fails(`[]\n${words}`))
      mounts(ofFile('hostname'))
      expect(await inspect()).toEqual(here)
    },
  )

  test('is not overlooked because the engine fails', async () => {
    world.runner.on('docker container inspect', fails('Error response from daemon: 403 Forbidden'))
    mounts(ofFile('hostname'))
    await expect(inspect()).rejects.toThrow('403 Forbidden')
  })
})

describe('a remote engine', () => {
  test('is named by the address that its name resolves to', async () => {
    context('there', 'tcp://docker:2375')
    world.machine.names.set('docker', '172.18.0.2')
    expect(await inspect()).toEqual({
      endpoint: 'tcp://docker:2375',
      named: 'the Docker context there',
      remote: '172.18.0.2',
      rootless: false,
    })
  })

  test('is none whose name is one of this machine', async () => {
    context('default', 'ssh://me@runner')
    world.machine.names.set('runner', '192.168.1.7')
    expect(await inspect()).not.toHaveProperty('remote')
  })

  test('is none that this is a container of', async () => {
    context('default', 'tcp://gateway:2375')
    world.machine.names.set('gateway', '172.17.0.1')
    contains('default', ['bridge'])
    mounts(ofFile('hosts'))
    expect(await inspect()).toMatchObject({ container: { name: 'job' } })
    expect(await inspect()).not.toHaveProperty('remote')
  })
})

test('a rootless engine is told with what it lacks', async () => {
  const rootless = '{"CgroupVersion":"2","CgroupDriver":"none","SecurityOptions":["name=seccomp","name=rootless"]}'
  expect(await inspectPlace(world, rootless)).toEqual({
    ...here,
    rootless: true,
    rootlessLacks: 'delegated cgroup controllers',
  })
})
