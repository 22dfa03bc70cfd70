import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { execa } from 'execa'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatBytes } from '../../src/plan/byte-size.js'
import { baseImage, docker, engineState, registryImage } from './support/engine.js'

jest.setTimeout(900_000)

const root = fileURLToPath(new URL('../../', import.meta.url))
const container = 'flat-network-e2e-act-cache'

let scratch: string
/** Where act's cache service keeps its entries. */
let store: string
let before: Awaited<ReturnType<typeof engineState>>
/** Of the test's own node image: one layer, which no other image has. */
let id = ''
let reference: string
let digest: string
/** As its registry has it. */
let bytes: number

beforeAll(async () => {
  before = await engineState()
  scratch = await mkdtemp(join(tmpdir(), 'flat-network-act-cache-'))
  store = join(scratch, 'store')
  // the port that an engine chooses changes when the container starts again
  const address = `127.0.0.1:${String(await freePort())}`
  await docker('run', '--detach', '--name', container, '--publish', `${address}:5000`, registryImage)
  await pushFlattened(address, 'e2e/node')
})

afterAll(async () => {
  await docker('rm', '--force', '--volumes', container)
  await rm(scratch, { recursive: true, force: true })
  await emptyEngine()
  expect(await engineState()).toEqual(before)
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The base's files in a single layer: what shares a layer with an image of the engine is not pulled whole. */
async function pushFlattened(registry: string, repository: string): Promise<void> {
  const file = join(scratch, 'root.tar')
  const tag = `${registry}/${repository}:v1`
  const created = await docker('create', baseImage)
  const config = JSON.parse(await docker('inspect', '--format', '{{json .Config}}', created)) as {
    readonly Env: string[]
    readonly Entrypoint: string[]
  }
  try {
    await docker('export', '--output', file, created)
  } finally {
    await docker('rm', '--volumes', created)
  }
  const changes = [
    `ENTRYPOINT ${JSON.stringify(config.Entrypoint)}`,
    ...config.Env.map((variable) => `ENV ${variable}`),
  ]
  id = await docker('import', ...changes.map((change) => `--change=${change}`), file, tag)
  await rm(file)
  digest = /digest: (sha256:[0-9a-f]{64})/.exec(await docker('push', tag))?.[1] ?? ''
  const response = await fetch(`http://${registry}/v2/${repository}/manifests/${digest}`, {
    headers: {
      accept: 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json',
    },
  })
  const manifest = (await response.json()) as { config: { size: number }; layers: { size: number }[] }
  bytes = manifest.layers.reduce((sum, { size }) => sum + size, manifest.config.size)
  reference = `${tag}@${digest}`
}

/** The engine has nothing of the test's image: neither a name, nor its content, nor its layer. */
async function emptyEngine(): Promise<void> {
  const layer = await layersOf(id).catch(() => undefined)
  if (layer === undefined) return
  await docker('image', 'rm', '--force', id)
  const all = await docker('image', 'ls', '--all', '--quiet', '--no-trunc')
  expect(await layersOf(...new Set(all.split('\n')))).not.toContain(layer)
}

function layersOf(...images: string[]): Promise<string> {
  return docker('image', 'inspect', '--format', '{{json .RootFS.Layers}}', ...images)
}

/** Runs the workflow on an engine without the image; returns what act printed, job summaries too. */
async function runWorkflow(): Promise<string> {
  await emptyEngine()
  const { exitCode, all } = await execa(
    'act',
    [
      'push',
      '--workflows=__tests__/e2e/workflows/image-cache.yml',
      '--platform=ubuntu-latest=-self-hosted',
      '--cache-server-addr=127.0.0.1',
      `--cache-server-path=${store}`,
      `--env=NODE_IMAGE=${reference}`,
    ],
    { cwd: root, all: true, reject: false, timeout: 270_000 },
  )
  expect({ exitCode, said: exitCode === 0 ? '' : all.slice(-6000) }).toEqual({ exitCode: 0, said: '' })
  for (const cluster of ['cached1', 'cached2']) expect(all).toMatch(new RegExp(`\\| ${cluster}-control-plane +Ready`))
  // Docker names an image by its config's digest, so it is the one that was pushed
  await docker('image', 'inspect', id)
  return all
}

/** Overwrites bytes in the middle of the only archive that the cache service has. */
async function damageArchive(): Promise<void> {
  const entries = await readdir(join(store, 'cache'), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  expect(files).toHaveLength(1)
  const archive = await open(files[0] ?? '', 'r+')
  try {
    const { size } = await archive.stat()
    expect(size).toBeGreaterThan(0.9 * bytes)
    await archive.write(Buffer.from('damaged'.repeat(100)), 0, 700, Math.floor(size / 2))
  } finally {
    await archive.close()
  }
}

/** What the job summaries say of the image: the cells of each of its rows. */
function rowsOf(said: string): string[][] {
  const rows = said.split('\n').filter((line) => line.startsWith(`| ${reference} |`))
  return rows.map((row) =>
    row
      .split('|')
      .slice(2, -1)
      .map((cell) => cell.trim()),
  )
}

test('a job saves the node image, the next makes its clusters of it without its registry, and a damaged archive costs a warning', async () => {
  const seconds = String.raw`\d+\.\d s`
  const moved = expect.stringMatching(`^${formatBytes(bytes).replace('.', '\\.')} in ${seconds}$`)
  const took = expect.stringMatching(`^${seconds}$`)
  const pulled = expect.stringMatching(`^${seconds} `)

  const first = await runWorkflow()
  const [, megabytes] = /: pulled in .*; (\S+) MB transferred in /.exec(first) ?? []
  expect(Number(megabytes)).toBeCloseTo(bytes / 1e6, 0)
  expect(first).toMatch(/: saved in the cache, /)
  expect(first).toContain('cache-hit: false')
  expect(rowsOf(first)).toEqual([['', '', pulled, 'it is saved when the job ends'], [moved]])

  await docker('stop', container)
  const second = await runWorkflow()
  expect(second).toContain('cache-hit: true')
  expect(rowsOf(second)).toEqual([[moved, took, '', expect.any(String)]])

  await docker('start', container)
  await damageArchive()
  const third = await runWorkflow()
  expect(third).toMatch(/::warning::.*: the cache is of no use: the entry \S+ could not be restored/)
  expect(third).toContain('cache-hit: false')
  expect(rowsOf(third)).toEqual([['', '', took, 'the cache is of no use']])

  const staged = await readdir(join(homedir(), '.cache', 'kind-flat-network', 'images'))
  expect(staged.filter((name) => name.includes(digest.replace('sha256:', '')))).toEqual([])
})
