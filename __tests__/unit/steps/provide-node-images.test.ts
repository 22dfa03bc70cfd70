import { beforeEach, describe, expect, test } from '@jest/globals'
import { CancelledError, CommandError } from '../../../src/errors.js'
import { cachedImageName, imageCacheKey } from '../../../src/plan/image-cache.js'
import type { ProvidedImage } from '../../../src/plan/node-images.js'
import { provideNodeImages, type ProvideOptions } from '../../../src/steps/provide-node-images.js'
import { FakeImageCache, FakeImages, FakeRegistry } from '../../fakes/images.js'
import { fails, hang, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const digest = `sha256:${'0a'.repeat(32)}`
const tagged = 'kindest/node:v1.34.0'
const pinned = `${tagged}@${digest}`
const key = imageCacheKey(digest, 'linux/amd64')
const cached = cachedImageName(digest)
const throughLoopback = `127.0.0.1:4000/kindest/node@${digest}`

let world: FakeWorld
let images: FakeImages
let registry: FakeRegistry
let imageCache: FakeImageCache

beforeEach(() => {
  world = fakeWorld()
  images = new FakeImages(world)
  registry = new FakeRegistry()
  imageCache = new FakeImageCache(world.files)
})

function provideAll(references: readonly string[], options: Partial<ProvideOptions> = {}): Promise<ProvidedImage[]> {
  const { signal = new AbortController().signal } = options
  return provideNodeImages({ ...world, runner: world.runner.until(signal), registry, imageCache }, references, {
    cache: 'auto',
    platform: 'linux/amd64',
    retryMilliseconds: 1,
    ...options,
    signal,
  })
}

async function provide(reference: string, options: Partial<ProvideOptions> = {}): Promise<ProvidedImage> {
  const [image] = await provideAll([reference], options)
  if (image === undefined) throw new Error('nothing was provided')
  return image
}

const pulls = () => world.runner.matching('docker pull').map(({ command }) => command[2])

/** Whatever happened, nothing may be left. */
function expectNothingLeft(): void {
  expect([registry.open, [...imageCache.staging]]).toEqual([0, []])
  expect([...images.names].filter((name) => name.startsWith('127.0.0.1'))).toEqual([])
}

describe('an image that the engine has', () => {
  test('is used as it is, and nobody is asked', async () => {
    images.names.add(tagged)
    expect(await provide(tagged)).toEqual({ reference: tagged, name: tagged, from: 'engine', seconds: 0 })
    expect([pulls(), registry.asked]).toEqual([[], 0])
  })

  test('is used by the name that it got out of the cache', async () => {
    images.hasCached(digest)
    for (const reference of [pinned, tagged]) {
      expect(await provide(reference)).toMatchObject({ name: cached, from: 'engine' })
    }
    expect(pulls()).toEqual([])
  })

  test('is known by its id, or never found', async () => {
    await expect(provide(digest)).rejects.toThrow(`the engine has no image ${digest}; give node-image a name instead`)
    images.names.add(digest)
    expect(await provide(digest)).toMatchObject({ name: digest, from: 'engine' })
  })

  test('is not taken for missing when the engine does not answer', async () => {
    world.runner.on('docker image inspect', fails('Cannot connect to the Docker daemon'))
    await expect(provide(tagged)).rejects.toThrow(CommandError)
    expect(pulls()).toEqual([])
  })
})

describe('an image that the cache has', () => {
  beforeEach(() => {
    imageCache.entries.add(key)
  })

  test('is pulled by its digest from loopback, without a word to its registry', async () => {
    await world.files.makePrivateDirectory(`/cache/${key}`)
    await world.files.writePrivate(`/cache/${key}/pull.json`, '{"seconds":20}')
    expect(await provide(pinned)).toEqual({
      reference: pinned,
      name: cached,
      from: 'cache',
      seconds: 0,
      restored: { seconds: 0, bytes: 400e6 },
      insteadOfSeconds: 20,
    })
    expect(pulls()).toEqual([throughLoopback])
    expect(registry.asked).toBe(0)
    expect([...registry.completed, ...registry.served.map(({ source }) => source)].map(({ online }) => online)).toEqual(
      [false, false],
    )
    expect(images.names).toContain(cached)
    expect(world.log.infos.at(-1)).toBe(`${tagged}: out of the cache in 0.0 s; 400.0 MB restored in 0.0 s`)
    expectNothingLeft()
  })

  test('is found by the digest that its registry tells for a tag', async () => {
    expect(await provide(tagged)).toMatchObject({ name: cached, from: 'cache' })
    expect([registry.asked, pulls()]).toEqual([1, [throughLoopback]])
  })

  const refused = {
    'is cut off': () => (registry.incomplete = 'sha256:12 is missing, or not whole'),
    'Docker refuses': () =>
      world.runner.on(
        'docker pull 127.0.0.1',
        inTurn(fails('filesystem layer verification failed for digest sha256:12'), ''),
      ),
  }

  test.each(Object.entries(refused))('and %s: it is discarded, and pulled and kept anew', async (_, spoil) => {
    spoil()
    images.names.add(throughLoopback)
    expect(await provide(pinned)).toMatchObject({ name: cached, from: 'registry', toSave: { key } })
    expect(world.log.warnings).toHaveLength(1)
    expect(world.log.warnings[0]).toMatch(/what the cache holds is refused: .*sha256:12/)
    expect([...imageCache.entries]).toEqual([])
    expect(registry.served.at(-1)?.source.online).toBe(true)
  })

  test.each(Object.entries(refused))(
    'and %s, and it cannot be discarded: it is pulled, and said how',
    async (_, spoil) => {
      spoil()
      imageCache.remedy = 'gh cache delete x'
      const image = await provide(pinned)
      expect(image).toMatchObject({ name: pinned, from: 'registry' })
      expect(image.remark).toBe('the cache stays of no use until somebody does: gh cache delete x')
      expect(pulls().at(-1)).toBe(`kindest/node@${digest}`)
      expectNothingLeft()
    },
  )
})

describe('an image that only its registry has', () => {
  test('is pulled through loopback, kept, and to be saved when it came slowly', async () => {
    world.runner.on('docker pull', async ({ command }) => {
      await world.clock.sleep(70)
      images.names.add(command[2] ?? '')
      return ''
    })
    expect(await provide(pinned)).toEqual({
      reference: pinned,
      name: cached,
      from: 'registry',
      seconds: 70,
      transferred: { bytes: 400e6, seconds: 60 },
      toSave: {
        key,
        reference: pinned,
        registry: 'docker.io',
        repository: 'kindest/node',
        digest,
        platform: 'linux/amd64',
      },
    })
    expect(registry.served).toEqual([
      {
        source: { registry: 'docker.io', repository: 'kindest/node', digest, online: true },
        directory: `/cache/${key}`,
      },
    ])
    expect(world.files.content.get(`/cache/${key}/pull.json`)).toBe('{"seconds":70}')
    expect([...imageCache.staging]).toEqual([key])
    expect(registry.open).toBe(0)
  })

  test('is not kept when it came quickly', async () => {
    registry.transfer = { bytes: 400e6, seconds: 3 }
    const image = await provide(pinned)
    expect(image).toMatchObject({ name: cached, from: 'registry' })
    expect(image.toSave).toBeUndefined()
    expect(image.remark).toMatch(/^it is not saved in the cache: its 400.0 MB came in 3.0 s; out of the cache/)
    expectNothingLeft()
  })

  test('is pulled straight away when the engine cannot reach this machine’s loopback', async () => {
    world.runner.on('docker pull 127.0.0.1', fails('dial tcp 127.0.0.1:4000: connect: connection refused'))
    expect(await provide(pinned)).toMatchObject({ name: pinned, from: 'registry' })
    expect(pulls()).toEqual([throughLoopback, `kindest/node@${digest}`])
    expectNothingLeft()
  })

  test.each<[string, Partial<ProvideOptions>, () => void, string]>([
    ['nobody wants the cache', { cache: 'false' }, () => undefined, 'the cache is not used: cache is false'],
    ['there is no service', {}, () => (imageCache.why = 'no service'), 'the cache is not used: no service'],
    ['it gains nothing', {}, () => (imageCache.needless = 'kept anyway'), 'the cache is not used: kept anyway'],
    [
      'the registry is near',
      {},
      () => (registry.near = true),
      'the cache is not used: its registry is near, and as fast as any cache',
    ],
    [
      'the registry wants a login',
      {},
      () => (registry.digest = new Error('401')),
      'the cache is not used: the image has no digest, and its registry tells none without a login',
    ],
  ])('is pulled straight away when %s', async (_, options, given, remark) => {
    given()
    expect(await provide(tagged, options)).toEqual({
      reference: tagged,
      name: tagged,
      from: 'registry',
      seconds: 0,
      remark,
    })
    expect(pulls()).toEqual([tagged])
    expect(world.log.infos.at(-1)).toBe(`${tagged}: pulled in 0.0 s; ${remark}`)
  })

  test('is pulled by its digest when the cache is in trouble', async () => {
    imageCache.trouble = 'no end within 300 s'
    expect(await provide(tagged)).toMatchObject({ name: `kindest/node@${digest}`, from: 'registry' })
    expect(pulls()).toEqual([`kindest/node@${digest}`])
    expect(world.log.warnings).toEqual([`${tagged}: the cache is of no use: no end within 300 s`])
  })
})

describe('a pull that fails', () => {
  const straight = { cache: 'false' } as const

  test('is tried again where that may help', async () => {
    world.runner.on('docker pull', inTurn(fails('net/http: TLS handshake timeout'), fails('unexpected EOF'), 'done'))
    expect(await provide(tagged, straight)).toMatchObject({ name: tagged, from: 'registry' })
    expect(pulls()).toHaveLength(3)
    expect(world.log.infos.slice(0, 2)).toEqual([
      `${tagged}: pulled again after: net/http: TLS handshake timeout`,
      `${tagged}: pulled again after: unexpected EOF`,
    ])
  })

  test('is not tried forever', async () => {
    world.runner.on('docker pull', fails('unexpected EOF'))
    await expect(provide(tagged, straight)).rejects.toThrow(
      `the node image ${tagged} cannot be pulled: unexpected EOF; check its name (node-image, kubernetes-version)`,
    )
    expect(pulls()).toHaveLength(4)
  })

  test('is told at once where it cannot help', async () => {
    world.runner.on('docker pull', fails('Error response from daemon: manifest for x not found: manifest unknown'))
    await expect(provide(tagged, straight)).rejects.toThrow(
      `the node image ${tagged} cannot be pulled: manifest for x not found: manifest unknown; check`,
    )
    expect(pulls()).toHaveLength(1)
  })
})

test('several images are provided at the same time, each once', async () => {
  images.names.add('a/b:c')
  const provided = await provideAll(['a/b:c', pinned])
  expect(provided.map(({ name, from }) => [name, from])).toEqual([
    ['a/b:c', 'engine'],
    [cached, 'registry'],
  ])
})

test('when one cannot be had, nothing of the others is left to be saved', async () => {
  world.runner.on('docker pull a/b:c', fails('pull access denied'))
  registry.digestOf = () => Promise.reject(new Error('401'))
  await expect(provideAll([pinned, 'a/b:c'])).rejects.toThrow('the node image a/b:c cannot be pulled')
  expect(images.names).toContain(cached)
  expectNothingLeft()
})

describe('being stopped', () => {
  test('ends a pull, and nothing is left', async () => {
    const stop = new AbortController()
    world.runner.on('docker pull', () => {
      setImmediate(() => {
        stop.abort(new CancelledError('SIGTERM'))
      })
      return hang
    })
    await expect(provide(pinned, { signal: stop.signal })).rejects.toThrow(new CancelledError('SIGTERM'))
    expect(pulls()).toHaveLength(1)
    expectNothingLeft()
  })

  test('does not wait for the cache', async () => {
    const stop = new AbortController()
    imageCache.restore = () => {
      setImmediate(() => {
        stop.abort(new CancelledError('SIGINT'))
      })
      return new Promise(() => undefined)
    }
    await expect(provide(pinned, { signal: stop.signal })).rejects.toThrow(new CancelledError('SIGINT'))
    expect(pulls()).toEqual([])
  })
})
