import * as z from 'zod'
import { jsonOf } from '../model/json-of.js'

/** What an image consists of, as its registry tells it (OCI image specification; Docker's schema 2 has the same fields). */

const descriptor = z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), size: z.int().min(0) })

const document = z.object({
  mediaType: z.string().optional(),
  manifests: z
    .array(
      descriptor.extend({
        platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
      }),
    )
    .optional(),
  config: descriptor.optional(),
  layers: z.array(descriptor).optional(),
})

/** A part of an image: its digest, and its bytes. */
export type Part = z.infer<typeof descriptor>

/** The documents that a registry may answer with. */
export const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const

/** A document about an image: an index of platforms, or a manifest of one. */
export interface ImageDocument {
  readonly mediaType: string
  /** What it names: manifests by platform, or config and layers. */
  readonly parts: readonly Part[]
  /** Digest of a platform's manifest; only an index has those. */
  readonly manifestOf?: (platform: string) => string | undefined
}

/**
 * Reads an index or a manifest.
 * @throws when it is neither
 */
export function parseImageDocument(text: string): ImageDocument {
  const { mediaType, manifests, config, layers } = document.safeParse(jsonOf(text)).data ?? {}
  if (manifests !== undefined) {
    return {
      mediaType: mediaType ?? manifestTypes[0],
      parts: manifests,
      manifestOf: (wanted) =>
        manifests.find(({ platform }) => platform && `${platform.os}/${platform.architecture}` === wanted)?.digest,
    }
  }
  if (config === undefined || layers === undefined) {
    throw new Error('the registry sent neither an index nor a manifest of an image')
  }
  return { mediaType: mediaType ?? manifestTypes[2], parts: [config, ...layers] }
}
