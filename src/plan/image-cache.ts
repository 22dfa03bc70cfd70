import * as z from 'zod'
import { formatBytes } from './byte-size.js'

/** A cached image: what it is cached under, when that pays, and what a later process must know to save it. */

export const imageToSave = z.object({
  key: z.string(),
  /** As the plan names it, for the log. */
  reference: z.string(),
  registry: z.string(),
  repository: z.string(),
  digest: z.string(),
  platform: z.string(),
})

/** An image that was pulled and is to be saved when the job is done; it travels in the run record. */
export type ImageToSave = Readonly<z.infer<typeof imageToSave>>

/** What stands beside a cached image: seconds that pulling it took. */
export interface CachedPull {
  readonly seconds: number
}

export const cachedPullFile = 'pull.json'

/** @throws when the text is nothing of the kind */
export function parseCachedPull(text: string): CachedPull {
  return z.object({ seconds: z.number().min(0) }).parse(JSON.parse(text))
}

/** How an entry is laid out: the parts of an image as its registry serves them, a file each, named by digest. */
const format = 'parts1'

/**
 * Names the bytes that are cached, and nothing else: an entry never gets stale. A cached image is what its registry
 * serves, so neither Docker's version nor the way it keeps images matter.
 */
export function imageCacheKey(digest: string, platform: string): string {
  return `kind-flat-network-image-${format}-${digest.replace('sha256:', '')}-${platform.replaceAll('/', '-')}`
}

/** Whether a name is such a key, of this release or of another one. */
export function isImageCacheKey(name: string): boolean {
  return /^kind-flat-network-image-[a-z]+\d+-[0-9a-f]{64}(-[a-z0-9]+){2,3}$/.test(name)
}

/** The name in the engine of an image that came through the cache: an image gets its registry's digest by a pull from that registry alone. */
export function cachedImageName(digest: string): string {
  return `${cachedImageRepository}:${digest.replace(':', '-')}`
}

export const cachedImageRepository = 'kind-flat-network/node'

/** Whether an image got its name here: others may use the repository too. */
export function isCachedImageName(name: string): boolean {
  return name.startsWith(`${cachedImageRepository}:`) && /:sha256-[0-9a-f]{64}$/.test(name)
}

export type CacheMode = 'auto' | 'true' | 'false'

/**
 * Why the cache is not used for an image; `undefined` when it is.
 * @param facts.needless why a look into the cache gains nothing here
 * @param facts.near the registry is on this machine or in a private network
 */
export function whyNotCached(
  mode: CacheMode,
  facts: { readonly unavailable?: string | undefined; readonly needless?: string | undefined; readonly near: boolean },
): string | undefined {
  if (mode === 'false') return 'cache is false'
  if (facts.unavailable !== undefined || mode === 'true') return facts.unavailable
  if (facts.needless !== undefined) return facts.needless
  return facts.near ? 'its registry is near, and as fast as any cache' : undefined
}

/**
 * Bytes in a second that come out of GitHub's cache on its hosted runners, and the seconds before the first one:
 * seen were 50 MB/s and 90 MB/s (issues 928 and 810 of actions/cache), and 434 MB unpacked in 11 s (issue 43 of
 * tespkg/actions-cache).
 */
const restored = { bytesPerSecond: 50e6, firstSeconds: 1 }

/** Seconds that restoring so many bytes takes, as far as is known. */
export function expectedRestoreSeconds(bytes: number): number {
  return restored.firstSeconds + bytes / restored.bytesPerSecond
}

/**
 * Why a pulled image is not worth saving; `undefined` when it is. What Docker does with the layers is the same either
 * way, so only the transfers are compared.
 */
export function whyNotSaved(mode: CacheMode, transfer: { readonly seconds: number; readonly bytes: number }) {
  const expected = expectedRestoreSeconds(transfer.bytes)
  if (mode === 'true' || transfer.seconds > expected) return undefined
  return `its ${formatBytes(transfer.bytes)} came in ${seconds(transfer.seconds)}; out of the cache they would take about ${seconds(expected)}`
}

/** `3.4 s` */
export function seconds(value: number): string {
  return `${value.toFixed(1)} s`
}
