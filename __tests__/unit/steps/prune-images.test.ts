import { expect, test } from '@jest/globals'
import { CommandError } from '../../../src/errors.js'
import { cachedImageName } from '../../../src/plan/image-cache.js'
import { pruneImages } from '../../../src/steps/prune-images.js'
import { FakeImages } from '../../fakes/images.js'
import { fails } from '../../fakes/recording-runner.js'
import { fakeWorld } from '../../fakes/world.js'

const [one, two] = ['1', '2'].map((digit) => cachedImageName(`sha256:${digit.repeat(64)}`)) as [string, string]

test('names out of the cache go; others, and what a container uses, stay', async () => {
  const world = fakeWorld()
  const images = new FakeImages(world)
  for (const name of [one, two, 'kindest/node:v1', 'kind-flat-network/nodes:x']) images.names.add(name)
  world.runner.on(
    `docker image rm ${two}`,
    fails(
      'conflict: unable to remove repository reference (must force) - container 12 is using its referenced image 34',
    ),
  )
  expect(await pruneImages(world)).toEqual([one])
  expect([...images.names].sort()).toEqual(['kind-flat-network/nodes:x', two, 'kindest/node:v1'].sort())
})

test('an image that somebody else named in the same repository stays, and is told', async () => {
  const world = fakeWorld()
  const images = new FakeImages(world)
  const theirs = ['kind-flat-network/node:mine', 'kind-flat-network/node:<none>', `${one}-copy`]
  for (const name of [one, ...theirs]) images.names.add(name)
  expect(await pruneImages(world)).toEqual([one])
  expect([...images.names].sort()).toEqual(theirs.sort())
  for (const name of theirs) expect(world.log.infos).toContainEqual(expect.stringContaining(`${name} stays`))
})

test('an image that another prune removed first is no failure', async () => {
  const world = fakeWorld()
  new FakeImages(world).names.add(one)
  world.runner.on('docker image rm', fails(`Error response from daemon: No such image: ${one}`))
  expect(await pruneImages(world)).toEqual([])
})

test('an engine that fails is no image in use', async () => {
  const world = fakeWorld()
  new FakeImages(world).names.add(one)
  world.runner.on('docker image rm', fails('Cannot connect to the Docker daemon'))
  await expect(pruneImages(world)).rejects.toThrow(CommandError)
})
