import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { get, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRegistry } from '../../../src/adapters/registry.js'
import type { ImageSource, ServedImage, Transfer } from '../../../src/ports.js'
import { cut, inTurn, LoopbackServer, plain, whole } from '../../fakes/loopback-server.js'

const digestOf = (content: string | Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`
const part = (content: string | Buffer) => ({ digest: digestOf(content), size: content.length })
const fileOf = ({ digest }: { digest: string }) => digest.replace(':', '-')

const config = '{"architecture":"amd64"}'
const layer = Buffer.alloc(3_000_000, 'layer')
const manifest = JSON.stringify({ config: part(config), layers: [part(layer)] })
const other = JSON.stringify({ config: part('arm'), layers: [] })
const platformed = (content: string, architecture: string) => ({
  ...part(content),
  platform: { os: 'linux', architecture },
})
const index = JSON.stringify({ manifests: [platformed(manifest, 'amd64'), platformed(other, 'arm64')] })

let upstream: LoopbackServer
let directory: string
let source: ImageSource
const served: ServedImage[] = []

beforeEach(async () => {
  upstream = await LoopbackServer.start()
  directory = await mkdtemp(join(tmpdir(), 'registry-'))
  source = { registry: new URL(upstream.address).host, repository: 'a/b', digest: digestOf(index), online: true }
  for (const document of [index, manifest, other]) {
    upstream.on(`/v2/a/b/manifests/${digestOf(document)}`, whole(document))
  }
  for (const blob of [config, layer]) upstream.on(`/v2/a/b/blobs/${digestOf(blob)}`, whole(blob))
})

afterEach(async () => {
  for (const each of served.splice(0)) await each.close()
  await upstream.close()
  await rm(directory, { recursive: true })
})

async function serve(given: Partial<ImageSource> = {}, onProgress: (transfer: Transfer) => void = () => undefined) {
  const each = await createRegistry().serve({ ...source, ...given }, directory, onProgress)
  served.push(each)
  return each
}

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly body: Buffer
}

/** As Docker asks; rejects when the connection ends before all came. */
function ask({ address }: ServedImage, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(`http://${address}${path}`, { method, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({
          status: response.statusCode,
          type: response.headers['content-type'],
          body: Buffer.concat(chunks),
        })
      })
    })
    asked.on('error', reject).end()
  })
}

const manifestPath = (content: string) => `/v2/a/b/manifests/${digestOf(content)}`
const blobPath = (content: string | Buffer) => `/v2/a/b/blobs/${digestOf(content)}`

/** As `docker pull` does it. */
async function pullAll(from: ServedImage): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const path of ['/v2/', manifestPath(index), manifestPath(manifest), blobPath(config), blobPath(layer)]) {
    answers.push(await ask(from, path))
  }
  return answers
}

describe('what is pulled through', () => {
  test('is what the registry has, and is kept, each part once', async () => {
    const seen: Transfer[] = []
    const from = await serve({}, (transfer) => seen.push(transfer))
    const answers = await pullAll(from)
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(answers[1]?.type).toBe('application/vnd.oci.image.index.v1+json')
    expect(answers[2]?.type).toBe('application/vnd.oci.image.manifest.v1+json')
    expect(answers.slice(1).map(({ body }) => digestOf(body))).toEqual([index, manifest, config, layer].map(digestOf))
    await from.close()
    expect((await readdir(directory)).sort()).toEqual(
      [index, manifest, config, layer].map((each) => fileOf(part(each))).sort(),
    )
    expect(from.transferred().bytes).toBe([index, manifest, config, layer].reduce((sum, { length }) => sum + length, 0))
    expect(seen.at(-1)?.bytes).toBe(from.transferred().bytes)
    const before = upstream.requests.length
    await pullAll(await serve())
    expect(upstream.requests).toHaveLength(before)
  })

  test('is then had without the registry', async () => {
    await pullAll(await serve())
    await upstream.close()
    const offline = await serve({ online: false })
    const answers = await pullAll(offline)
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(digestOf(answers[4]?.body ?? '')).toBe(digestOf(layer))
    expect(offline.transferred()).toEqual({ bytes: 0, seconds: 0 })
    upstream = await LoopbackServer.start()
  })

  test('can be asked for its size', async () => {
    const from = await serve()
    await pullAll(from)
    for (const path of [manifestPath(index), blobPath(layer)]) {
      expect(await ask(from, path, 'HEAD')).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    }
  })

  test.each([
    ['of another image', (from: ServedImage) => ask(from, blobPath('secret')), 404],
    ['that nobody has named yet', (from: ServedImage) => ask(from, blobPath(layer)), 404],
    ['by a tag', (from: ServedImage) => ask(from, '/v2/a/b/manifests/latest'), 404],
    ['beside the directory', (from: ServedImage) => ask(from, '/v2/a/b/blobs/../../../etc/passwd'), 404],
    ['to be taken', (from: ServedImage) => ask(from, '/v2/a/b/blobs/uploads/', 'POST'), 405],
  ])('is no part %s', async (_, asking, status) => {
    expect((await asking(await serve())).status).toBe(status)
    expect(upstream.requests).toEqual([])
  })
})

describe('what comes wrong is not kept', () => {
  const pullLayer = async () => {
    const from = await serve()
    await ask(from, manifestPath(index))
    await ask(from, manifestPath(manifest))
    return ask(from, blobPath(layer))
  }
  const kept = async () => (await readdir(directory)).includes(fileOf(part(layer)))

  test('cut off', async () => {
    upstream.on(blobPath(layer), cut(layer, 1_000_000))
    await expect(pullLayer()).rejects.toThrow()
    await served.at(-1)?.close()
    expect(await kept()).toBe(false)
    expect(await readdir(directory)).toHaveLength(2)
  })

  test('tampered with', async () => {
    const tampered = Buffer.from(layer).fill('x', 2_000_000, 2_000_001)
    upstream.on(blobPath(layer), whole(tampered))
    await pullLayer().catch(() => undefined)
    await served.at(-1)?.close()
    expect(await kept()).toBe(false)
  })

  test('a tampered document', async () => {
    upstream.on(manifestPath(index), whole(index.replace('amd64', 'amd65')))
    expect((await ask(await serve(), manifestPath(index))).status).toBe(502)
    expect(await readdir(directory)).toEqual([])
  })

  test('refused, in the registry’s own words', async () => {
    upstream.on(manifestPath(index), plain(429))
    expect((await ask(await serve(), manifestPath(index))).status).toBe(429)
  })

  test('left by a Docker that went away', async () => {
    upstream.on(blobPath(layer), (response) => {
      response.writeHead(200, { 'content-length': layer.length })
      response.write(layer.subarray(0, 1_000_000))
    })
    const from = await serve()
    await ask(from, manifestPath(index))
    await ask(from, manifestPath(manifest))
    await new Promise<void>((resolve) => {
      get(`http://${from.address}${blobPath(layer)}`, (response) => {
        response.once('data', () => {
          response.destroy()
          resolve()
        })
        response.on('error', () => undefined)
      })
    })
    await from.close()
    expect(await readdir(directory)).toHaveLength(2)
  })
})

describe('a directory', () => {
  const complete = (given: Partial<ImageSource> = {}, platform = 'linux/amd64') =>
    createRegistry().complete({ ...source, ...given }, directory, platform)

  test('gets what Docker did not ask for', async () => {
    expect(await complete()).toBe(config.length + layer.length)
    expect(digestOf(await readFile(join(directory, fileOf(part(layer)))))).toBe(digestOf(layer))
    await upstream.close()
    expect(await complete({ online: false })).toBe(config.length + layer.length)
    upstream = await LoopbackServer.start()
  })

  test('keeps nothing of a part whose fetching is stopped', async () => {
    const stop = new AbortController()
    upstream.on(blobPath(layer), (response) => {
      response.writeHead(200, { 'content-length': layer.length })
      response.write(layer.subarray(0, 1), () => {
        stop.abort(new Error('stopped'))
      })
    })
    await expect(createRegistry().complete(source, directory, 'linux/amd64', stop.signal)).rejects.toThrow()
    expect((await readdir(directory)).filter((name) => name.startsWith(fileOf(part(layer))))).toEqual([])
  })

  test('holds only what is whole', async () => {
    await complete()
    await writeFile(join(directory, fileOf(part(layer))), layer.subarray(1))
    await expect(complete({ online: false })).rejects.toThrow(`${digestOf(layer)} is missing, or not whole`)
    expect(await complete()).toBe(config.length + layer.length)
  })

  test('names no other manifest than the one of its digest', async () => {
    await complete()
    await writeFile(join(directory, fileOf(part(index))), index.replace(digestOf(manifest), digestOf(other)))
    await expect(complete({ online: false })).rejects.toThrow(`${digestOf(index)} is missing, or not whole`)
  })

  test('is of a platform that the image is made for', async () => {
    await expect(complete({}, 'linux/s390x')).rejects.toThrow('the image is not made for linux/s390x')
  })
})

describe('a registry that wants a token', () => {
  const challenge = (realm: string) => ({
    'www-authenticate': `Bearer realm="${realm}",service="registry.example.com",scope="repository:a/b:pull"`,
  })
  const tokenPath = '/token?service=registry.example.com&scope=repository%3Aa%2Fb%3Apull'
  const guarded = (token: string, realm = `${upstream.address}/token`) =>
    upstream.on('/v2/a/b/manifests/v1', (response, nth, asked) => {
      if (asked.headers.authorization === `Bearer ${token}`) whole(index)(response, nth, asked)
      else plain(401, challenge(realm))(response, nth, asked)
    })

  test.each(['token', 'access_token'])('gives one to everybody: %s', async (field) => {
    guarded('t1').on(tokenPath, whole(JSON.stringify({ [field]: 't1' })))
    const registry = createRegistry()
    expect(await registry.digestOf(source, 'v1')).toBe(digestOf(index))
    expect(await registry.digestOf(source, 'v1')).toBe(digestOf(index))
    expect(upstream.paths(tokenPath)).toHaveLength(1)
  })

  test('gives a new one when the last is too old', async () => {
    guarded('t2').on(tokenPath, inTurn(whole('{"token":"t1"}'), whole('{"token":"t2"}')))
    const registry = createRegistry()
    await expect(registry.digestOf(source, 'v1')).rejects.toThrow('401')
    expect(await registry.digestOf(source, 'v1')).toBe(digestOf(index))
  })

  test.each([
    ['it wants a login', { 'www-authenticate': 'Basic realm="x"' }],
    ['it wants a login', {}],
    ['its login is not https', challenge('http://auth.example.com/token')],
  ])('or none: %s', async (message, headers) => {
    upstream.on('/v2/a/b/manifests/v1', plain(401, headers as Record<string, string>))
    await expect(createRegistry().digestOf(source, 'v1')).rejects.toThrow(message)
  })

  test('or none: it refuses', async () => {
    guarded('t1').on(tokenPath, plain(403))
    await expect(createRegistry().digestOf(source, 'v1')).rejects.toThrow(/it gives no token: .* said 403/)
  })

  test('a blob elsewhere gets no token', async () => {
    const storage = await LoopbackServer.start()
    // another host, as a registry's storage is
    const elsewhere = storage.address.replace('127.0.0.1', 'localhost')
    storage.on('/data', whole(config))
    upstream.on(blobPath(config), (response, nth, asked) => {
      if (asked.headers.authorization === 'Bearer t1')
        plain(307, { location: `${elsewhere}/data` })(response, nth, asked)
      else plain(401, challenge(`${upstream.address}/token`))(response, nth, asked)
    })
    upstream.on(tokenPath, whole('{"token":"t1"}'))
    const from = await serve()
    await ask(from, manifestPath(index))
    await ask(from, manifestPath(manifest))
    expect((await ask(from, blobPath(config))).body.toString()).toBe(config)
    expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
    await storage.close()
  })
})

test('a registry is near when all its addresses are', async () => {
  const { isNear } = createRegistry()
  expect(
    await Promise.all(['127.0.0.1:5000', 'localhost', '10.1.2.3', '8.8.8.8', '[fd00::1]:5000'].map(isNear)),
  ).toEqual([true, true, true, false, true])
  expect(await isNear('no-such-host.invalid')).toBe(false)
})
