import pRetry from 'p-retry'
import {
  createPullProgress,
  inspectImage,
  isMissingImage,
  mayPullAgain,
  pullImage,
  removeImage,
  tagImage,
} from '../commands/docker-images.js'
import { CommandError, messageOf } from '../errors.js'
import { formatBytes } from '../plan/byte-size.js'
import {
  cachedImageName,
  cachedPullFile,
  imageCacheKey,
  parseCachedPull,
  whyNotCached,
  whyNotSaved,
  type CacheMode,
  type ImageToSave,
} from '../plan/image-cache.js'
import { isImageId, parseImageReference, shortReference, type ImageReference } from '../plan/image-reference.js'
import { describeProvided, type ProvidedImage } from '../plan/node-images.js'
import type { ImageCache, ImageSource, Registry, ServedImage, Transfer, World } from '../ports.js'
import { whenAllEnd } from './when-all-end.js'

export type ImageWorld = World & { readonly registry: Registry; readonly imageCache: ImageCache }

export interface ProvideOptions {
  readonly cache: CacheMode
  /** Of the engine: `linux/amd64`. */
  readonly platform: string
  /** Ends what is no command; commands end with the world's runner. */
  readonly signal: AbortSignal
  /** Before the second try of a pull; doubled before each further one. */
  readonly retryMilliseconds?: number
}

/** Longest time for one pull. */
const pullSeconds = 20 * 60
const pullTries = 4
/** Between two lines about a pull. */
const progressSeconds = 5

/**
 * Sees to it that the engine has every node image, once for all clusters: it has it, or the cache does, or it is pulled.
 * An image goes the same way out of the cache as out of its registry: Docker pulls it by its digest, here from a
 * registry on loopback, and so checks every byte of it itself.
 * @throws when an image cannot be pulled either
 */
export async function provideNodeImages(
  world: ImageWorld,
  references: readonly string[],
  options: ProvideOptions,
): Promise<ProvidedImage[]> {
  const toSave: ImageToSave[] = []
  try {
    return await whenAllEnd(
      references.map(async (reference) => {
        const started = world.clock.now()
        const found = await provide(world, reference, options)
        const provided = { ...found, reference, seconds: world.clock.now() - started }
        toSave.push(...(found.toSave ? [found.toSave] : []))
        world.log.info(describeProvided(provided))
        return provided
      }),
    )
  } catch (error) {
    // nobody will save them
    await Promise.all(toSave.map(({ key }) => world.imageCache.release(key)))
    throw error
  }
}

type Found = Omit<ProvidedImage, 'reference' | 'seconds'>

async function provide(world: ImageWorld, reference: string, options: ProvideOptions): Promise<Found> {
  if (await isInEngine(world, reference)) return { name: reference, from: 'engine' }
  if (isImageId(reference)) throw new Error(`the engine has no image ${reference}; give node-image a name instead`)
  const image = parseImageReference(reference)
  const asked = await digestOf(world, image, options)
  if ('why' in asked) return pull(world, reference, reference, options, asked.why)
  const { digest } = asked
  const name = cachedImageName(digest)
  if (await isInEngine(world, name)) return { name, from: 'engine' }
  const source = { registry: image.registry, repository: image.repository, digest }
  const plain = (remark: string) => pull(world, reference, `${image.name}@${digest}`, options, remark)
  const key = imageCacheKey(digest, options.platform)
  const started = world.clock.now()
  const { directory, trouble } = await orStopped(options.signal, world.imageCache.restore(key))
  if (trouble !== undefined) {
    world.log.warning(`${shortReference(reference)}: the cache is of no use: ${trouble}`)
    return plain('the cache is of no use')
  }
  if (directory !== undefined) {
    const seconds = world.clock.now() - started
    const found = await pullFromCache(world, reference, source, { key, directory, seconds }, options)
    if (typeof found !== 'string') return found
    const how = await world.imageCache.discard(key)
    if (how !== undefined) return plain(`the cache stays of no use until somebody does: ${how}`)
  }
  return pullThrough(world, reference, source, key, plain, options)
}

/** @returns what was provided; or why what the cache held is refused */
async function pullFromCache(
  world: ImageWorld,
  reference: string,
  source: Omit<ImageSource, 'online'>,
  { key, directory, seconds }: { readonly key: string; readonly directory: string; readonly seconds: number },
  { platform, signal }: ProvideOptions,
): Promise<Found | string> {
  try {
    const bytes = await world.registry.complete({ ...source, online: false }, directory, platform)
    const before = await readPull(world, directory)
    await pullFrom(world, reference, { ...source, online: false }, directory)
    return { name: cachedImageName(source.digest), from: 'cache', restored: { seconds, bytes }, ...before }
  } catch (error) {
    signal.throwIfAborted()
    const why = lastLine(error)
    world.log.warning(`${shortReference(reference)}: what the cache holds is refused: ${why}`)
    return why
  } finally {
    await world.imageCache.release(key)
  }
}

async function isInEngine({ runner }: ImageWorld, reference: string): Promise<boolean> {
  try {
    await runner.run(inspectImage(reference))
    return true
  } catch (error) {
    if (error instanceof CommandError && isMissingImage(error.output)) return false
    throw error
  }
}

/** The digest to look for in the cache, or why the cache is not asked. */
async function digestOf(
  { registry, imageCache, log }: ImageWorld,
  image: ImageReference,
  { cache, signal }: ProvideOptions,
): Promise<{ readonly digest: string } | { readonly why: string }> {
  const why = whyNotCached(cache, {
    unavailable: cache === 'false' ? undefined : await imageCache.unavailable(),
    needless: imageCache.needless,
    near: cache === 'auto' && (await registry.isNear(image.registry)),
  })
  if (why !== undefined) return { why: `the cache is not used: ${why}` }
  if (image.digest !== undefined) return { digest: image.digest }
  try {
    return { digest: await orStopped(signal, registry.digestOf(image, image.tag ?? 'latest')) }
  } catch (error) {
    signal.throwIfAborted()
    log.info(`${image.name}: ${image.registry} tells no digest: ${messageOf(error)}`)
    return { why: 'the cache is not used: the image has no digest, and its registry tells none without a login' }
  }
}

/** Pulls through a registry on loopback that keeps what passes, so that it can be saved. */
async function pullThrough(
  world: ImageWorld,
  reference: string,
  source: Omit<ImageSource, 'online'>,
  key: string,
  plain: (remark: string) => Promise<Found>,
  { cache, platform, signal }: ProvideOptions,
): Promise<Found> {
  const { imageCache, clock, files } = world
  let keep = false
  try {
    const directory = await imageCache.stage(key)
    const started = clock.now()
    const transferred = await pullFrom(world, reference, { ...source, online: true }, directory)
    const found = { name: cachedImageName(source.digest), from: 'registry', transferred } as const
    const why = whyNotSaved(cache, transferred)
    if (why !== undefined) return { ...found, remark: `it is not saved in the cache: ${why}` }
    const seconds = clock.now() - started
    await files.writePrivate(`${directory}/${cachedPullFile}`, JSON.stringify({ seconds }))
    keep = true
    return { ...found, toSave: { key, reference, platform, ...source } }
  } catch (error) {
    signal.throwIfAborted()
    world.log.progress(shortReference(reference), `it is pulled without the cache: ${lastLine(error)}`)
  } finally {
    if (!keep) await imageCache.release(key)
  }
  return plain('it is not saved in the cache, which it could not be pulled through')
}

/** Lets Docker pull an image from a registry on loopback, and gives it a name that stays. */
async function pullFrom(
  world: ImageWorld,
  reference: string,
  source: ImageSource,
  directory: string,
): Promise<Transfer> {
  const { runner, registry, log, clock } = world
  let told = clock.now()
  const served: ServedImage = await registry.serve(source, directory, ({ bytes }) => {
    if (clock.now() - told < progressSeconds) return
    told = clock.now()
    log.progress(shortReference(reference), `${formatBytes(bytes)} so far`)
  })
  try {
    const name = `${served.address}/${source.repository}@${source.digest}`
    await runner.run(pullImage(name), { timeoutSeconds: pullSeconds })
    await runner.run(tagImage(name, cachedImageName(source.digest)))
    await runner.run(removeImage(name)).catch((error: unknown) => {
      // only a name that nobody can use is left behind
      if (!(error instanceof CommandError)) throw error
    })
    return served.transferred()
  } finally {
    await served.close()
  }
}

async function pull(
  world: ImageWorld,
  reference: string,
  name: string,
  options: ProvideOptions,
  remark: string,
): Promise<Found> {
  const { runner, log, clock } = world
  const progress = createPullProgress()
  let told = clock.now()
  const onLine = (line: string) => {
    const { done, layers } = progress(line)
    if (clock.now() - told < progressSeconds) return
    told = clock.now()
    log.progress(shortReference(reference), `${String(done)} of ${String(layers)} layers`)
  }
  try {
    await pRetry(() => runner.run(pullImage(name), { timeoutSeconds: pullSeconds, onLine }), {
      retries: pullTries - 1,
      minTimeout: options.retryMilliseconds ?? 2000,
      signal: options.signal,
      shouldRetry: ({ error }) => error instanceof CommandError && mayPullAgain(error.output),
      onFailedAttempt: ({ error, retriesLeft }) => {
        if (error instanceof CommandError && mayPullAgain(error.output) && retriesLeft > 0)
          log.progress(shortReference(reference), `pulled again after: ${lastLine(error)}`)
      },
    })
  } catch (error) {
    options.signal.throwIfAborted()
    if (!(error instanceof CommandError)) throw error
    throw new Error(
      `the node image ${reference} cannot be pulled: ${lastLine(error)}; ` +
        `check its name (node-image, kubernetes-version) and that the engine reaches its registry, or give registry-mirror\n${error.message}`,
      { cause: error },
    )
  }
  // a reference with both is looked up by its digest
  const named = name === reference || reference.includes('@') ? reference : name
  return { name: named, from: 'registry', remark }
}

async function readPull({ files }: ImageWorld, directory: string): Promise<Pick<ProvidedImage, 'insteadOfSeconds'>> {
  try {
    return { insteadOfSeconds: parseCachedPull(await files.read(`${directory}/${cachedPullFile}`)).seconds }
  } catch {
    // it only serves a remark
    return {}
  }
}

function lastLine(error: unknown): string {
  const text = error instanceof CommandError ? error.output.trim() || error.outcome : messageOf(error)
  return (text.split('\n').at(-1) ?? '').replace(/^Error response from daemon: /, '')
}

/** For work that cannot be ended itself: it is left alone. */
async function orStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const done = new AbortController()
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        signal.addEventListener(
          'abort',
          () => {
            reject(signal.reason as Error)
          },
          { signal: done.signal },
        )
      }),
    ])
  } finally {
    done.abort()
  }
}
