import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDirectoryCache, type DirectoryCache } from '../../../src/adapters/directory-cache.js'
import { imageCacheKey } from '../../../src/plan/image-cache.js'

const key = imageCacheKey(`sha256:${'1a'.repeat(32)}`, 'linux/amd64')

let root: string
let cache: DirectoryCache

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'directory-cache-'))
  cache = createDirectoryCache(join(root, 'images'))
})

afterEach(() => rm(root, { recursive: true }))

async function stage(content: string) {
  const directory = await cache.stage(key)
  await writeFile(join(directory, 'part'), content)
  return directory
}

test('an entry is there when it is whole, not before', async () => {
  expect(await cache.restore(key)).toEqual({})
  const staged = await stage('layer')
  expect(await cache.restore(key)).toEqual({})
  expect(await cache.save(key)).toEqual({})
  const { directory = '' } = await cache.restore(key)
  expect(await readFile(join(directory, 'part'), 'utf8')).toBe('layer')
  expect([directory, cache.staged(key)]).toEqual([join(root, 'images', key), staged])
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
})

test('letting go of an entry keeps it, discarding it does not', async () => {
  await stage('layer')
  await cache.save(key)
  await stage('half')
  await cache.release(key)
  expect(await readdir(join(root, 'images'))).toEqual([key])
  expect(await cache.discard(key)).toBeUndefined()
  expect(await cache.restore(key)).toEqual({})
})

test('what another run saved first stays', async () => {
  await mkdir(join(root, 'images', key), { recursive: true })
  await writeFile(join(root, 'images', key, 'part'), 'theirs')
  await stage('ours')
  expect(await cache.save(key)).toEqual({})
  expect(await readFile(join(root, 'images', key, 'part'), 'utf8')).toBe('theirs')
})

test('trouble is told', async () => {
  expect((await cache.save(key)).trouble).toMatch(/ENOENT/)
})

test('all can be seen and removed, also what an ended process began', async () => {
  expect(await cache.list()).toEqual({ entries: [], others: [] })
  await stage('layer')
  await cache.save(key)
  await mkdir(join(root, 'images', `.${key}.1`))
  const { entries } = await cache.list()
  expect(entries.toSorted((one, other) => other.bytes - one.bytes)).toEqual([
    { key, bytes: 5 },
    { key: `.${key}.1`, bytes: 0 },
  ])
  for (const entry of entries) await cache.remove(entry.key)
  expect(await cache.list()).toEqual({ entries: [], others: [] })
})

test.each(['notes', 'kind-flat-network-image-mine', `${key}.bak`, `.${key}.pid`, `.${key}`])(
  'what is called %s is not an entry',
  async (name) => {
    await mkdir(join(root, 'images', name), { recursive: true })
    expect(await cache.list()).toEqual({ entries: [], others: [name] })
  },
)
