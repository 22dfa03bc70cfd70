import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatBytes } from '../../src/plan/byte-size.js'
import { act, modes, type Mode } from './support/act.js'
import { checkWhere, whereWorkflow } from './support/where.js'
import { baseImage, docker, engineState, registryImage } from './support/engine.js'

jest.setTimeout(900_000)

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
async function runWorkflow(mode: Mode, ...clusters: string[]): Promise<string> {
  await emptyEngine()
  const environment = { CLUSTERS: `[${clusters.join(', ')}]`, NODE_IMAGE: reference, CACHE: 'true' }
  const said = await act(whereWorkflow, mode, environment, `--cache-server-path=${store}`)
  checkWhere(said, clusters)
  // Docker names an image by its config's digest, so it is the one that was pushed
  await docker('image', 'inspect', id)
  return said
}

/** Overwrites bytes in the middle of both archives that the cache service has. */
async function damageArchives(): Promise<void> {
  const entries = await readdir(join(store, 'cache'), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  expect(files).toHaveLength(2)
  for (const file of files) {
    const archive = await open(file, 'r+')
    try {
      const { size } = await archive.stat()
      expect(size).toBeGreaterThan(0.9 * bytes)
      await archive.write(Buffer.from('damaged'.repeat(100)), 0, 700, Math.floor(size / 2))
    } finally {
      await archive.close()
    }
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

const seconds = String.raw`\d+\.\d s`
const took = expect.stringMatching(`^${seconds}$`)
const moved = () => expect.stringMatching(`^${formatBytes(bytes).replace('.', '\\.')} in ${seconds}$`)

// entries of one mode are of no use to the other: the workspace lies elsewhere, and the files' paths are relative to it
test.each(modes)(
  'on act, %s: a job saves the node image, the next makes its clusters of it without its registry',
  async (mode) => {
    const first = await runWorkflow(mode, 'cached1')
    const [, megabytes] = /: pulled in .*; (\S+) MB transferred in /.exec(first) ?? []
    expect(Number(megabytes)).toBeCloseTo(bytes / 1e6, 0)
    expect(first).toMatch(/: saved in the cache, /)
    expect(first).toContain('cache-hit: false')
    const pulled = expect.stringMatching(`^${seconds} `)
    expect(rowsOf(first)).toEqual([['', '', pulled, 'it is saved when the job ends'], [moved()]])

    await docker('stop', container)
    const second = await runWorkflow(mode, 'cached1', 'cached2')
    expect(second).toContain('cache-hit: true')
    expect(rowsOf(second)).toEqual([[moved(), took, '', expect.any(String)]])
    await docker('start', container)
  },
)

test('a damaged archive costs a warning', async () => {
  await damageArchives()
  const said = await runWorkflow('on the machine', 'cached1')
  expect(said).toMatch(/::warning::.*: the cache is of no use: the entry \S+ could not be restored/)
  expect(said).toContain('cache-hit: false')
  expect(rowsOf(said)).toEqual([['', '', took, 'the cache is of no use']])

  const staged = await readdir(join(homedir(), '.cache', 'kind-flat-network', 'images'))
  expect(staged.filter((name) => name.includes(digest.replace('sha256:', '')))).toEqual([])
})
