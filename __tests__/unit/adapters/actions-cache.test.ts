import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createActionsCache } from '../../../src/adapters/actions-cache.js'
import { CacheService } from '../../fakes/cache-service.js'

jest.setTimeout(60_000)

const outer = { ...process.env }
let service: CacheService
let machine: string

beforeEach(async () => {
  service = await CacheService.start()
  machine = await mkdtemp(join(tmpdir(), 'actions-cache-'))
  const others = Object.entries(outer).filter(([name]) => !name.startsWith('ACTIONS_'))
  process.env = { ...Object.fromEntries(others), ACTIONS_CACHE_URL: service.url, ACTIONS_RUNTIME_TOKEN: 'token' }
  await job('work/repository')
  // what the library tells the runner
  jest.spyOn(process.stdout, 'write').mockReturnValue(true)
})

afterEach(async () => {
  jest.restoreAllMocks()
  process.env = { ...outer }
  await service.close()
  await rm(machine, { recursive: true, force: true })
})

/** A job begins: its workspace, and a temporary directory of its own. */
async function job(workspace: string): Promise<void> {
  process.env['GITHUB_WORKSPACE'] = join(machine, workspace)
  process.env['RUNNER_TEMP'] = await mkdtemp(join(machine, 'temp-'))
  await mkdir(join(machine, workspace), { recursive: true })
}

const cache = (seconds?: { restore: number; save: number }) =>
  createActionsCache(join(machine, 'home'), process.env, seconds)

async function stageAndSave(key = 'k1', content = 'layer') {
  const directory = await cache().stage(key)
  await writeFile(join(directory, 'part'), content)
  const saved = await cache().save(key)
  await cache().release(key)
  return saved
}

const files = (key = 'k1') => readdir(cache().staged(key)).catch(() => undefined)

test('what one job saves, the next one has', async () => {
  expect(await cache().restore('k1')).toEqual({})
  expect(await stageAndSave()).toEqual({})
  expect(await files()).toBeUndefined()
  await job('work/repository')
  const { directory = '', trouble } = await cache().restore('k1')
  expect([trouble, await readFile(join(directory, 'part'), 'utf8')]).toEqual([undefined, 'layer'])
  await cache().release('k1')
  expect(await files()).toBeUndefined()
})

test('a workspace elsewhere is another entry: its files would come out in another place', async () => {
  await stageAndSave()
  await job('elsewhere/work/repository')
  expect(await cache().restore('k1')).toEqual({})
  expect(await readdir(machine)).not.toContain('elsewhere/home')
})

test('a key that only begins so is another entry', async () => {
  await stageAndSave()
  const [entry] = service.entries
  service.entries.push({ ...entry, key: `${String(entry?.key)}-more` } as (typeof service.entries)[number])
  service.entries.shift()
  expect(await cache().restore('k1')).toEqual({})
})

test('a staged directory is empty, whatever lay there', async () => {
  await writeFile(join(await cache().stage('k1'), 'old'), '')
  expect(await readdir(await cache().stage('k1'))).toEqual([])
})

test('a spoilt entry stays until a person removes it', async () => {
  await stageAndSave()
  expect(await cache().discard('k1')).toBe(`gh cache delete ${String(service.entries[0]?.key)}`)
})

test.each([
  [{ ACTIONS_CACHE_URL: 'http://127.0.0.1:1/' }, undefined],
  [{}, 'this runner has no cache service'],
])('with %j it is unavailable: %s', async (environment: Record<string, string>, why) => {
  delete process.env['ACTIONS_CACHE_URL']
  Object.assign(process.env, environment)
  expect(await cache().unavailable()).toBe(why)
})

test('a self-hosted runner keeps its images by itself', () => {
  expect(cache().needless).toBeUndefined()
  const own = createActionsCache('/home/me', { ...process.env, RUNNER_ENVIRONMENT: 'self-hosted' })
  expect(own.needless).toBe('a self-hosted runner keeps the images of its engine')
})

describe('trouble is told, and nothing is left of it', () => {
  test('an archive that is cut off', async () => {
    await stageAndSave()
    await truncate(service.archive(1), 20)
    expect((await cache().restore('k1')).trouble).toMatch(
      /^the entry k1-\w{8} could not be restored; if that stays so: gh cache delete k1-\w{8}$/,
    )
    expect(await files()).toBeUndefined()
  })

  test('a service that refuses a download', async () => {
    await stageAndSave()
    service.fault = ({ url = '' }, response) => {
      if (url.startsWith('/archive/')) response.writeHead(403).end()
      return url.startsWith('/archive/')
    }
    expect((await cache().restore('k1')).trouble).toMatch(/could not be restored/)
    expect(await files()).toBeUndefined()
  })

  test('a service that does not answer in time', async () => {
    const late = 500
    service.fault = (_, response) => {
      setTimeout(() => response.writeHead(400).end(), late)
      return true
    }
    const impatient = cache({ restore: 0.1, save: 0.1 })
    expect(await impatient.restore('k1')).toEqual({ trouble: 'no end within 0.1 s' })
    await writeFile(join(await cache().stage('k1'), 'part'), '')
    expect(await impatient.save('k1')).toEqual({ trouble: 'no end within 0.1 s' })
    // the library goes on until it has its answer
    await new Promise((resolve) => setTimeout(resolve, 2 * late))
  })

  test('a service that takes nothing', async () => {
    service.fault = ({ method }, response) => {
      if (method === 'POST') response.writeHead(403).end('{"message":"cache write denied: fork"}')
      return method === 'POST'
    }
    expect(await stageAndSave()).toEqual({ trouble: 'the cache service did not take it' })
  })

  test('an entry that another job has made meanwhile', async () => {
    await stageAndSave()
    expect(await stageAndSave()).toEqual({ trouble: 'the cache service did not take it' })
    expect(service.entries).toHaveLength(1)
  })

  test('nothing staged', async () => {
    expect((await cache().save('k1')).trouble).toBeDefined()
  })
})
