import { beforeEach, describe, expect, test } from '@jest/globals'
import { CancelledError, CommandError } from '../../../src/errors.js'
import { inspectHost } from '../../../src/steps/inspect-host.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fails, hang, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
})

test('learns engine, networks, routes, containers and which files exist', async () => {
  engine.add('west', ['control-plane'], undefined)
  world.files.content.set('/home/me/config', '')
  world.files.content.set('/proc/sys/fs/inotify/max_user_instances', '128\n')
  expect(await inspectHost(world, ['/home/me/config', '/nowhere/new'])).toEqual({
    engine: { version: '28.3.0', cpus: 4, memory: 16e9 },
    inotifyInstances: 128,
    networks: [{ id: 'b1', name: 'bridge', subnets: ['172.17.0.0/16'] }],
    routes: [{ destination: '192.168.1.0/24', device: 'eth0' }],
    containers: [{ name: 'west-control-plane', cluster: 'west' }],
    files: [
      { path: '/home/me/config', exists: true, directoryExists: true },
      { path: '/nowhere/new', exists: false, directoryExists: false },
    ],
  })
  expect(world.log.warnings).toEqual([])
})

test('does without what only Linux tells', async () => {
  expect(await inspectHost(world, [])).not.toHaveProperty('inotifyInstances')
})

test('warns and goes on without routes where there is no ip program', async () => {
  world.runner.on('ip -json', fails('', 'no such program on the PATH'))
  expect((await inspectHost(world, [])).routes).toEqual([])
  expect(world.log.warnings).toEqual([
    'the routes of this machine cannot be read (ip: no such program on the PATH); subnets are chosen without them',
  ])
})

test('does not take being stopped for a missing ip program', async () => {
  world.runner.on('ip -json', hang)
  const stop = new AbortController()
  const looking = inspectHost({ ...world, runner: world.runner.until(stop.signal) }, [])
  stop.abort(new CancelledError('SIGINT'))
  await expect(looking).rejects.toThrow(new CancelledError('SIGINT'))
  expect(world.log.warnings).toEqual([])
})

describe('networks', () => {
  test('are looked at again when one vanishes meanwhile', async () => {
    engine.networks.push({ id: 'gone', name: 'gone', subnets: ['10.9.0.0/24'] })
    world.runner.on('docker network inspect b1 gone', ({ line }) => {
      engine.networks.pop()
      return fails(`[]\nError: No such network: gone (${line})`)
    })
    expect((await inspectHost(world, [])).networks.map(({ name }) => name)).toEqual(['bridge'])
  })

  test('may be none at all', async () => {
    engine.networks = []
    expect((await inspectHost(world, [])).networks).toEqual([])
  })
})

test("fails with the engine's own words when it does not answer", async () => {
  const words = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'
  world.runner.on(/^docker /, inTurn(fails(words)))
  const failure = await inspectHost(world, []).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(CommandError)
  expect((failure as CommandError).message).toContain(words)
})
