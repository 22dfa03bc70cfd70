import { beforeEach, expect, test } from '@jest/globals'
import { inspectEngine } from '../../../src/steps/inspect-engine.js'
import { facts, place } from '../../fakes/build.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fails } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
})

test('tells of the engine what it tells of itself, and where this process is', async () => {
  engine.runInContainer('jobs')
  expect(await inspectEngine(world)).toEqual({
    engine: facts().engine,
    place: { ...place, container: { id: 'f00'.padEnd(64, '0'), name: 'job', networks: ['jobs'] } },
  })
})

test.each<[string, boolean, string, string[]]>([
  ['are those of this machine where its name and its data are', true, 'runner', ['/var/lib/docker']],
  ['are not on a machine of another name', false, 'other', ['/var/lib/docker']],
  ['are not in a container that has the name of its machine', false, 'runner', []],
])('the files of the engine %s', async (_, shared, hostname, directories) => {
  world.runner.on('docker info', '{"Name":"runner","DockerRootDir":"/var/lib/docker"}')
  world.files.content.set('/proc/sys/kernel/hostname', `${hostname}\n`)
  for (const each of directories) world.files.directories.add(each)
  expect((await inspectEngine(world)).engine.sharesFiles).toBe(shared)
})

test('why an engine is of no use is told in one sentence', async () => {
  world.runner.on('docker info', fails('Cannot connect to the Docker daemon at unix:///var/run/docker.sock.'))
  await expect(inspectEngine(world)).rejects.toThrow(
    /^the Docker engine at unix:.* is not there: nobody listens; start it with .*$/,
  )
})
