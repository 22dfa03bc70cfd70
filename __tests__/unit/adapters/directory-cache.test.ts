import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDirectoryCache, type DirectoryCache } from '../../../src/adapters/directory-cache.js'

let root: string
let cache: DirectoryCache

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'directory-cache-'))
  cache = createDirectoryCache(join(root, 'images'))
})

afterEach(() => rm(root, { recursive: true }))

async function stage(content: string) {
  const directory = await cache.stage('k1')
  await writeFile(join(directory, 'part'), content)
  return directory
}

test('an entry is there when it is whole, not before', async () => {
  expect(await cache.restore('k1')).toEqual({})
  const staged = await stage('layer')
  expect(await cache.restore('k1')).toEqual({})
  expect(await cache.save('k1')).toEqual({})
  const { directory = '' } = await cache.restore('k1')
  expect(await readFile(join(directory, 'part'), 'utf8')).toBe('layer')
  expect([directory, cache.staged('k1')]).toEqual([join(root, 'images', 'k1'), staged])
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
})

test('letting go of an entry keeps it, discarding it does not', async () => {
  await stage('layer')
  await cache.save('k1')
  await stage('half')
  await cache.release('k1')
  expect(await readdir(join(root, 'images'))).toEqual(['k1'])
  expect(await cache.discard('k1')).toBeUndefined()
  expect(await cache.restore('k1')).toEqual({})
})

test('what another run saved first stays', async () => {
  await mkdir(join(root, 'images', 'k1'), { recursive: true })
  await writeFile(join(root, 'images', 'k1', 'part'), 'theirs')
  await stage('ours')
  expect(await cache.save('k1')).toEqual({})
  expect(await readFile(join(root, 'images', 'k1', 'part'), 'utf8')).toBe('theirs')
})

test('trouble is told', async () => {
  expect((await cache.save('k1')).trouble).toMatch(/ENOENT/)
})

test('all can be seen and removed, also what an ended process began', async () => {
  expect(await cache.list()).toEqual([])
  await stage('layer')
  await cache.save('k1')
  await mkdir(join(root, 'images', '.k2.1'))
  expect((await cache.list()).sort((a, b) => b.bytes - a.bytes)).toEqual([
    { key: 'k1', bytes: 5 },
    { key: '.k2.1', bytes: 0 },
  ])
  for (const { key } of await cache.list()) await cache.remove(key)
  expect(await cache.list()).toEqual([])
})
