import { expect, test } from '@jest/globals'
import { forgetRegistry, startRegistry, teachRegistry } from '../../../src/steps/registry.js'
import { clusters, record } from '../../fakes/build.js'
import { fails, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld } from '../../fakes/world.js'

const made = record({ clusters: clusters(['east', 1, 1]) })
const [east] = made.clusters as [(typeof made.clusters)[number]]
const registry = 'localhost:49153'

test('starts the registry and tells its name', async () => {
  const world = fakeWorld()
  world.runner.on('docker run', 'id\n').on('docker container port', '127.0.0.1:49153\n')
  expect(await startRegistry(world, made, 'registry:3')).toBe(registry)
  expect(world.runner.calls[0]?.command.slice(-1)).toEqual(['registry:3'])
})

test('an image that cannot be had is told with its input', async () => {
  const world = fakeWorld()
  world.runner.on('docker run', fails('Unable to find image', 'exit code 125'))
  await expect(startRegistry(world, made, 'nosuch/image')).rejects.toThrow(
    /no registry could be started from nosuch\/image \(input registry-image\): docker run .*\n {2}Unable to find image/,
  )
})

test('every node and the API of a cluster learn of it; an API that has just come up is asked again', async () => {
  const world = fakeWorld()
  world.runner.on('docker exec', '').on('kubectl', inTurn(fails('connection refused'), ''))
  await teachRegistry(world, made, east, registry)
  const nodes = world.runner.matching('docker exec').map(({ command }) => command[2])
  expect(nodes).toEqual(['east-control-plane', 'east-worker'])
  for (const { command, options } of world.runner.matching('docker exec')) {
    expect([command.at(-1), options.timeoutSeconds]).toEqual([String(made.waitSeconds), made.waitSeconds + 30])
  }
  const applied = world.runner.matching('kubectl')
  expect(applied.map(({ outcome }) => outcome)).toEqual(['failed', 'done'])
  expect(applied[0]?.line).toContain(`${made.directory}/east.kubeconfig`)
  expect(applied[0]?.options.input).toContain(registry)
})

test('a node that does not reach it is named', async () => {
  const world = fakeWorld()
  world.runner.on('docker exec', '').on('kubectl', '')
  world.runner.on('exec east-worker', fails('curl: (28) Connection timed out'))
  await expect(teachRegistry(world, made, east, registry)).rejects.toThrow(
    /^node east-worker does not reach the registry: .*\n {2}curl: \(28\)/,
  )
})

test('a cluster that stays forgets it everywhere, also when its API does not answer at once', async () => {
  const world = fakeWorld()
  world.runner.on('', '').on('delete configmap', inTurn(fails('connection refused'), ''))
  await forgetRegistry(world, made, east, registry)
  expect(world.runner.matching('rm -rf').map(({ command }) => command[2])).toEqual([
    'east-control-plane',
    'east-worker',
  ])
  expect(world.runner.matching('delete configmap').map(({ outcome }) => outcome)).toEqual(['failed', 'done'])
})
