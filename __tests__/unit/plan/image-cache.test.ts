import { expect, test } from '@jest/globals'
import {
  cachedImageName,
  expectedRestoreSeconds,
  imageCacheKey,
  parseCachedPull,
  whyNotCached,
  whyNotSaved,
} from '../../../src/plan/image-cache.js'
import { parseImageReference } from '../../../src/plan/image-reference.js'

const digest = `sha256:${'0a'.repeat(32)}`

test('an entry is named by what is in it', () => {
  const keys = [
    imageCacheKey(digest, 'linux/amd64'),
    imageCacheKey(digest, 'linux/arm64'),
    imageCacheKey(digest.replace('0', '1'), 'linux/amd64'),
  ]
  expect(new Set(keys).size).toBe(3)
  // GitHub takes no comma and at most 512 characters; on this machine it is the name of a directory
  for (const key of keys) expect(key).toMatch(/^[a-z0-9-]{1,200}$/)
})

test('the name in the engine is one that Docker takes, and tells the digest', () => {
  expect(parseImageReference(cachedImageName(digest))).toMatchObject({ tag: digest.replace(':', '-') })
})

test.each([
  ['false', {}, 'cache is false'],
  ['false', { unavailable: 'no service' }, 'cache is false'],
  ['true', {}, undefined],
  ['true', { near: true, needless: 'kept' }, undefined],
  ['true', { unavailable: 'no service' }, 'no service'],
  ['auto', {}, undefined],
  ['auto', { unavailable: 'no service' }, 'no service'],
  ['auto', { needless: 'kept' }, 'kept'],
  ['auto', { near: true }, 'its registry is near, and as fast as any cache'],
] as const)('cache: %s with %j', (mode, facts, why) => {
  expect(whyNotCached(mode, { near: false, ...facts })).toBe(why)
})

test('an image is saved when it came slower than the cache would give it, or when somebody insists', () => {
  const bytes = 400e6
  const cache = expectedRestoreSeconds(bytes)
  expect(whyNotSaved('auto', { bytes, seconds: cache + 1 })).toBeUndefined()
  expect(whyNotSaved('auto', { bytes, seconds: cache / 2 })).toBe(
    'its 400.0 MB came in 4.5 s; out of the cache they would take about 9.0 s',
  )
  expect(whyNotSaved('true', { bytes, seconds: 0.1 })).toBeUndefined()
})

test('what stands beside a cached image is read strictly', () => {
  expect(parseCachedPull('{"seconds":12.5}')).toEqual({ seconds: 12.5 })
  for (const text of ['', '{}', '{"seconds":"12"}', '{"seconds":-1}']) expect(() => parseCachedPull(text)).toThrow()
})
