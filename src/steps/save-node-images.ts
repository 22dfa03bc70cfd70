import { messageOf } from '../errors.js'
import { formatBytes } from '../plan/byte-size.js'
import { seconds, type ImageToSave } from '../plan/image-cache.js'
import { shortReference } from '../plan/image-reference.js'
import type { ImageCache, Registry, World } from '../ports.js'

/** An image that was to be saved. */
export interface SavedImage {
  readonly reference: string
  readonly key: string
  readonly saved: boolean
  readonly seconds: number
  readonly bytes: number
}

/**
 * Saves the images that were pulled. What goes wrong is told and never throws: the job's work is done.
 * @param signal ends what is fetched for that
 */
export async function saveNodeImages(
  world: Pick<World, 'log' | 'clock'> & { readonly registry: Registry; readonly imageCache: ImageCache },
  images: readonly ImageToSave[],
  signal?: AbortSignal,
): Promise<SavedImage[]> {
  const results: SavedImage[] = []
  for (const image of images) results.push(await save(world, image, signal))
  return results
}

async function save(
  { log, clock, registry, imageCache }: Parameters<typeof saveNodeImages>[0],
  { key, reference, platform, ...source }: ImageToSave,
  signal: AbortSignal | undefined,
): Promise<SavedImage> {
  const started = clock.now()
  const name = shortReference(reference)
  let bytes = 0
  let trouble: string | undefined
  try {
    const directory = imageCache.staged(key)
    // Docker asks for no layer that it had already
    bytes = await registry.complete({ ...source, online: true }, directory, platform, signal)
    trouble = (await imageCache.save(key)).trouble
  } catch (error) {
    trouble = messageOf(signal?.aborted === true ? signal.reason : error)
  }
  await imageCache.release(key).catch((error: unknown) => {
    log.warning(`${name}: ${messageOf(error)}`)
  })
  const took = clock.now() - started
  if (trouble === undefined) log.info(`${name}: saved in the cache, ${formatBytes(bytes)} in ${seconds(took)}`)
  else log.warning(`${name}: not saved in the cache: ${trouble}`)
  return { reference, key, saved: trouble === undefined, seconds: took, bytes }
}
