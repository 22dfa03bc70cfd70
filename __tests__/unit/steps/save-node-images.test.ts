import { beforeEach, expect, jest, test } from '@jest/globals'
import { CancelledError } from '../../../src/errors.js'
import type { Registry } from '../../../src/ports.js'
import { saveNodeImages } from '../../../src/steps/save-node-images.js'
import { FakeImageCache, FakeRegistry } from '../../fakes/images.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const image = {
  key: 'k1',
  reference: 'kindest/node:v1',
  registry: 'docker.io',
  repository: 'kindest/node',
  digest: `sha256:${'0a'.repeat(32)}`,
  platform: 'linux/amd64',
}

let world: FakeWorld
let registry: FakeRegistry
let imageCache: FakeImageCache

beforeEach(() => {
  world = fakeWorld()
  registry = new FakeRegistry()
  imageCache = new FakeImageCache(world.files)
  imageCache.staging.add('k1').add('k2')
})

const save = () => saveNodeImages({ ...world, registry, imageCache }, [image, { ...image, key: 'k2' }])

test('what was pulled is made whole and saved, and its files go', async () => {
  const saved = { reference: image.reference, saved: true, seconds: 0, bytes: 400e6 }
  expect(await save()).toEqual([
    { ...saved, key: 'k1' },
    { ...saved, key: 'k2' },
  ])
  expect(registry.completed[0]).toEqual({
    registry: 'docker.io',
    repository: 'kindest/node',
    digest: image.digest,
    online: true,
  })
  expect([[...imageCache.entries], [...imageCache.staging]]).toEqual([['k1', 'k2'], []])
  expect(world.log.warnings).toEqual([])
})

test('a part that cannot be had keeps an image out of the cache', async () => {
  registry.incomplete = 'no bytes for 30 s'
  expect((await save()).map(({ saved }) => saved)).toEqual([false, false])
  expect([imageCache.saves, [...imageCache.staging]]).toEqual([0, []])
  expect(world.log.warnings[0]).toBe('kindest/node:v1: not saved in the cache: no bytes for 30 s')
})

test('what is stopped is not saved, and says so', async () => {
  const stop = new AbortController()
  jest.spyOn(registry as Registry, 'complete').mockImplementation((_source, _directory, _platform, signal) => {
    stop.abort(new CancelledError('SIGINT'))
    return Promise.reject(signal?.aborted === true ? new Error('The operation was aborted') : new Error('no signal'))
  })
  const [saved] = await saveNodeImages({ ...world, registry, imageCache }, [image], stop.signal)
  expect([saved?.saved, imageCache.saves]).toEqual([false, 0])
  expect(imageCache.staging.has('k1')).toBe(false)
  expect(world.log.warnings).toEqual(['kindest/node:v1: not saved in the cache: stopped by SIGINT'])
})

test('trouble with the cache is told and harms nobody', async () => {
  imageCache.trouble = 'the service is down'
  imageCache.release = () => Promise.reject(new Error('EACCES: k1'))
  expect((await save()).map(({ saved }) => saved)).toEqual([false, false])
  expect(new Set(world.log.warnings)).toEqual(
    new Set(['kindest/node:v1: EACCES: k1', 'kindest/node:v1: not saved in the cache: the service is down']),
  )
})
