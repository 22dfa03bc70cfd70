import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDirectoryCache } from '../../../src/adapters/directory-cache.js'
import { createDownloads } from '../../../src/adapters/downloads.js'
import { onFile } from '../../../src/adapters/file-errors.js'
import { nodeFiles } from '../../../src/adapters/node-files.js'
import { createRegistry } from '../../../src/adapters/registry.js'
import { createToolStore } from '../../../src/adapters/tool-store.js'
import { LoopbackServer, whole } from '../../fakes/loopback-server.js'
import { open } from 'node:fs/promises'

const tooLarge = randomBytes(1_000_000)
const digestOf = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
const free = /: no space left on device \(ENOSPC\); free some space there$/

function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'it worked',
    (error: unknown) => (error as Error).message,
  )
}

test('an error that the system reports without a path gets one', async () => {
  const file = await open('/dev/full', 'w')
  try {
    expect(await failure(file.writeFile('x'))).toBe('ENOSPC: no space left on device, write')
    expect(await failure(onFile('/x/y', () => file.writeFile('x')))).toBe(
      '/x/y: no space left on device (ENOSPC); free some space there',
    )
  } finally {
    await file.close()
  }
})

test('an error of somebody else stays as it is', async () => {
  const error = new Error('no')
  await expect(onFile('/x', () => Promise.reject(error))).rejects.toBe(error)
})

const disk = mkdtempSync(join(tmpdir(), 'kfn-full-'))
const canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', disk]).status === 0

afterAll(() => {
  if (canMount) execFileSync('umount', [disk])
  rmSync(disk, { recursive: true })
})

const why = canMount ? '' : ' (none can be mounted here)'

;(canMount ? describe : describe.skip)(`on a disk that is full${why}, what fails names its file:`, () => {
  let server: LoopbackServer
  beforeAll(async () => {
    server = await LoopbackServer.start()
  })
  afterAll(() => server.close())

  test('a record, of which nothing is left', async () => {
    const path = join(disk, 'run.json')
    const message = await failure(nodeFiles.writePrivate(path, 'x'.repeat(1_000_000)))
    expect(message).toBe(`${path}: no space left on device (ENOSPC); free some space there`)
    expect(readdirSync(disk)).toEqual([])
  })

  test('a download, which leaves nothing', async () => {
    server.on('/kind', whole(tooLarge))
    const path = join(disk, 'kind')
    const message = await failure(createDownloads().file(`${server.address}/kind`, path))
    expect(message).toMatch(free)
    expect(message.startsWith(`${path}: `)).toBe(true)
    expect(readdirSync(disk)).toEqual([])
  })

  test('a tool that is kept', async () => {
    const store = createToolStore(join(disk, 'tools'), () => undefined)
    const write = (path: string) => createDownloads().file(`${server.address}/kind`, path)
    const kept = store.keep('kind', '0.33.0', digestOf(tooLarge), { write, prove: () => Promise.resolve() })
    const message = await failure(kept)
    expect(message).toMatch(free)
    expect(message).toContain(join(disk, 'tools/.kind-0.33.0-'))
    expect(readdirSync(join(disk, 'tools'))).toEqual([])
  })

  test('a part of an image', async () => {
    const layer = { digest: `sha256:${digestOf(tooLarge)}`, size: tooLarge.length }
    const config = { digest: `sha256:${digestOf('{}')}`, size: 2 }
    const manifest = JSON.stringify({ config, layers: [layer] })
    const digest = `sha256:${digestOf(manifest)}`
    server.on(`/v2/a/b/manifests/${digest}`, whole(manifest))
    server.on(`/v2/a/b/blobs/${config.digest}`, whole('{}'))
    server.on(`/v2/a/b/blobs/${layer.digest}`, whole(tooLarge))
    const source = { registry: new URL(server.address).host, repository: 'a/b', digest, online: true }
    const message = await failure(createRegistry().complete(source, disk, 'linux/amd64'))
    expect(message).toMatch(free)
    expect(message).toContain(join(disk, layer.digest.replace(':', '-')))
  })
})

test('a cache in the place of a file names it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'kfn-file-')), 'images')
  writeFileSync(file, '')
  expect(await failure(createDirectoryCache(file).stage('key'))).toMatch(
    new RegExp(`^${file}/\\.key\\.\\d+: not a directory \\(ENOTDIR\\)$`),
  )
  rmSync(join(file, '..'), { recursive: true })
})
