import { expect, test } from '@jest/globals'
import { CancelledError } from '../../../src/errors.js'
import { inspectTools, toolVersion } from '../../../src/steps/inspect-tools.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fails } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const missing = fails('', 'no such program on the PATH')
const inspect = (world: FakeWorld) => inspectTools(world, 'linux/x64')

function machine(): FakeWorld {
  const world = fakeWorld()
  new FakeEngine(world)
  return world
}

test('tells the versions of the tools', async () => {
  const world = machine()
  expect(await inspect(world)).toEqual({ kind: '0.33.0', kubectl: '1.34.4', platform: 'linux/x64' })
  expect(world.log.infos).toEqual(['docker 28.3.0, kind 0.33.0, kubectl 1.34.4'])
  expect(world.log.warnings).toEqual([])
})

test('kind and kubectl may be missing', async () => {
  const world = machine()
  world.runner.on('kind version', missing).on('kubectl version', missing)
  expect(await inspect(world)).toEqual({ platform: 'linux/x64' })
  expect(world.log.infos).toEqual(['docker 28.3.0, kind missing, kubectl missing'])
  expect(world.log.warnings).toEqual([])
})

test('those that do not run, or cannot be understood, are not used, and that is said', async () => {
  const world = machine()
  world.runner.on('kind version', fails('exec format error', 'exit code 126')).on('kubectl version', '{"client')
  expect(await inspect(world)).toEqual({ platform: 'linux/x64' })
  expect(world.log.warnings).toEqual([
    'kind on the PATH is not used: it does not run (exit code 126)',
    'kubectl on the PATH is not used: what it tells of its version cannot be read',
  ])
})

test.each([
  ['0.34.0-alpha+15f3a4', '0.34.0-alpha'],
  ['v0.30.0', '0.30.0'],
  ['our own build', 'our own build'],
])('kind that tells %s is %s', async (told, version) => {
  const world = machine()
  world.runner.on('kind version', `${told}\n`)
  expect(await inspect(world)).toMatchObject({ kind: version })
})

test('docker is needed', async () => {
  const world = machine()
  world.runner.on('docker --version', missing)
  await expect(inspect(world)).rejects.toThrow(
    /^docker is needed and does not run \(no such program on the PATH\); put it on the PATH$/,
  )
})

test('docker that is there and does not run is explained', async () => {
  const world = machine()
  const words = fails('unable to resolve docker endpoint: context "nope" does not exist')
  world.runner.on('docker --version', words).on('docker context inspect', words)
  await expect(inspect(world)).rejects.toThrow('there is no Docker context nope; choose one')
})

test('does not take being stopped for a missing tool', async () => {
  const world = machine()
  const runner = world.runner.until(AbortSignal.abort(new CancelledError('SIGHUP')))
  await expect(inspectTools({ ...world, runner }, 'linux/x64')).rejects.toThrow(new CancelledError('SIGHUP'))
  await expect(toolVersion(runner, 'kind')).rejects.toThrow(new CancelledError('SIGHUP'))
})
