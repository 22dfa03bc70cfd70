import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { baseImage, docker, engineState, registryImage } from './support/engine.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(900_000)

const container = 'flat-network-e2e-image-cache'

let scratch: string
let terminal: Terminal
let before: Awaited<ReturnType<typeof engineState>>
/** Of the test's own node image: a layer of its own, so that there is something to pull. */
let repository: string
let reference: string

beforeAll(async () => {
  before = await engineState()
  terminal = await Terminal.open()
  scratch = await mkdtemp(join(tmpdir(), 'flat-network-image-cache-'))
  process.env['XDG_CACHE_HOME'] = scratch
  await docker('run', '--detach', '--name', container, '--publish', '127.0.0.1::5000', registryImage)
  repository = `${await docker('port', container, '5000/tcp')}/e2e/node`
  await writeFile(join(scratch, 'layer'), randomBytes(20_000_000))
  await writeFile(join(scratch, 'Dockerfile'), `FROM ${baseImage}\nCOPY layer /layer\n`)
  await docker('build', '--quiet', '--tag', `${repository}:v1`, scratch)
  const pushed = await docker('push', `${repository}:v1`)
  reference = `${repository}:v1@${/digest: (sha256:[0-9a-f]{64})/.exec(pushed)?.[1] ?? ''}`
})

afterAll(async () => {
  await terminal.close()
  await forget()
  await docker('rm', '--force', '--volumes', container)
  await rm(scratch, { recursive: true, force: true })
  delete process.env['XDG_CACHE_HOME']
  expect(await engineState()).toEqual(before)
})

/** The engine has the test's image no more; the layers of the one that it is made of stay. */
async function forget(): Promise<void> {
  const names = await docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', 'kind-flat-network/node')
  const digests = await docker('image', 'ls', '--digests', '--format', '{{.Repository}}@{{.Digest}}', repository)
  const all = [`${repository}:v1`, ...names.split('\n'), ...digests.split('\n')]
  for (const name of all.filter((each) => each !== '' && !each.includes('<none>'))) {
    await docker('image', 'rm', name).catch(() => '')
  }
}

/** Makes a cluster of the image, and removes it; returns what was said about the image. */
async function upAndDown(): Promise<string[]> {
  await forget()
  const up = await terminal.run('up', '--clusters', '1', '--node-image', reference, '--cache', 'true')
  const down = await terminal.run('down')
  expect({ up: up.code, down: down.code, said: up.code === 0 ? '' : up.stderr }).toEqual({ up: 0, down: 0, said: '' })
  return up.stderr.split('\n').filter((line) => line.includes('/e2e/node:v1: '))
}

async function entries(): Promise<string[]> {
  return readdir(join(scratch, 'kind-flat-network', 'images'))
}

test('an image is pulled once, comes out of the cache without its registry, and is refused when it was tampered with', async () => {
  const pulled = await upAndDown()
  expect(pulled.join('\n')).toMatch(/: pulled in .* transferred in [\s\S]*: saved in the cache/)
  expect(await entries()).toHaveLength(1)

  await docker('stop', container)
  const cached = await upAndDown()
  expect(cached.join('\n')).toMatch(/: out of the cache in .* restored in /)
  // a port that the engine chose is another one when the container starts again, so the registry stays away
  const directory = join(scratch, 'kind-flat-network', 'images', (await entries())[0] ?? '')
  const files = (await readdir(directory)).map((name) => join(directory, name))
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  const layer = await open(files[sizes.findIndex((size) => size > 20_000_000 && size < 21_000_000)] ?? '', 'r+')
  await layer.write(Buffer.from('tampered'), 0, 8, 10_000_000)
  await layer.close()
  await forget()
  const up = await terminal.run('up', '--clusters', '1', '--node-image', reference, '--cache', 'true')
  expect(up.code).toBe(1)
  expect(up.stderr).toMatch(/what the cache holds is refused: .*verification failed/)
  expect(up.stderr).toContain(`the node image ${reference} cannot be pulled`)
  expect(await entries()).toEqual([])
})
