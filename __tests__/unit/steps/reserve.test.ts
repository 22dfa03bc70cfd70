import { beforeEach, expect, test } from '@jest/globals'
import { existingVolumes } from '../../../src/steps/existing-objects.js'
import { reserve } from '../../../src/steps/reserve.js'
import { run } from '../../fakes/build.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fails } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

let world: FakeWorld

beforeEach(() => {
  world = fakeWorld()
  new FakeEngine(world)
})

const first = { clusters: ['east', 'west'], subnets: ['10.128.0.0/16', 'fd00:10::/56'] }

test('what a run takes can be read by others', async () => {
  await reserve(world, run, first)
  expect(await existingVolumes(world.runner)).toEqual([{ name: `kind-flat-network-${run}`, run, reservation: first }])
})

test('what a run takes later stands in place of what it took before, and nobody else loses anything', async () => {
  const second = { clusters: ['south'], subnets: [] }
  await reserve(world, run, first)
  await reserve(world, 'cafe0001', first)
  await reserve(world, run, second)
  expect((await existingVolumes(world.runner)).map((volume) => [volume.run, volume.reservation])).toEqual([
    ['cafe0001', first],
    [run, second],
  ])
})

test('a reservation that cannot be replaced is not taken for one that was', async () => {
  await reserve(world, run, first)
  world.runner.on('docker volume rm', fails('Error response from daemon: volume is in use'))
  await expect(reserve(world, run, { clusters: [], subnets: [] })).rejects.toThrow(/volume is in use/)
})
