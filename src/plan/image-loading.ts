import * as z from 'zod'
import { messageOf } from '../errors.js'
import { jsonOf } from '../model/json-of.js'
import { shorten } from '../shorten.js'
import { parseImageReference } from './image-reference.js'

/** An image as pods ask for it. */
export interface NamedImage {
  /** With registry and tag: `docker.io/library/busybox:latest`. */
  readonly name: string
  /** Digest of its config, or of its manifest where that is all that is known. */
  readonly id: string
}

/** The directory of the archive that is loaded, in the run's own. */
export function archivesDirectory(directory: string): string {
  return `${directory}/images`
}

/** What one value of the input `images` stands for. */
export interface ImageToLoad {
  readonly given: string
  /** Path of the archive; without one, the engine has the image. */
  readonly archive?: string
  readonly contents: readonly NamedImage[]
}

/**
 * The whole name of an image, as containerd and the kubelet write it.
 * @throws {Error} with what is wrong, to be put after the text
 */
export function wholeName(reference: string): string {
  const { registry, repository, tag, digest } = parseImageReference(reference)
  if (digest !== undefined) throw new Error('names an image by its digest, which does not survive saving; give its tag')
  return `${registry}/${repository}:${tag ?? 'latest'}`
}

/** Files that tell what is in an archive of images; the first one that is there is read. */
export const archiveLists = ['manifest.json', 'index.json'] as const

/** More than any such list has: some hundred bytes for each image and layer. */
export const mostListBytes = 5e6

/** As `docker image save` writes it; fields that are not used may be anything. */
const dockerList = z.array(
  z.object({ Config: z.string().optional(), RepoTags: z.array(z.string()).nullable().optional() }),
)

const ociIndex = z.object({
  manifests: z
    .array(
      z.object({
        digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
        // others may have annotations of other kinds
        annotations: z.record(z.string(), z.unknown()).nullable().optional(),
      }),
    )
    .optional(),
})

/** Of an image whose config is called otherwise, as Jib does it: no node has it, so that it is loaded each time. */
export const unknownId = 'sha256:'

/** The annotation from which containerd takes a whole name; it makes names of its own from others. */
const nameAnnotation = 'io.containerd.image.name'

/**
 * Reads `manifest.json` of `docker image save`, or `index.json` of an OCI layout.
 * @returns the images with the names they get on a node, one without a whole name left out; `undefined` for what is
 * neither
 * @throws {Error} with what is wrong with a name, to be put after the archive
 */
export function parseArchiveList(text: string): NamedImage[] | undefined {
  const list = z.union([dockerList, ociIndex]).safeParse(jsonOf(text)).data
  if (list === undefined) return undefined
  if (Array.isArray(list)) {
    return list.flatMap(({ Config, RepoTags }) => {
      const digest = /([0-9a-f]{64})(\.json)?$/.exec(Config ?? '')?.[1]
      const id = digest === undefined ? unknownId : `sha256:${digest}`
      return (RepoTags ?? []).map((tag) => ({ name: nameIn(tag), id }))
    })
  }
  return (list.manifests ?? []).flatMap(({ digest, annotations }) => {
    const name = annotations?.[nameAnnotation]
    return typeof name === 'string' ? [{ name: nameIn(name), id: digest }] : []
  })
}

function nameIn(reference: string): string {
  try {
    return wholeName(reference)
  } catch (error) {
    throw new Error(`holds the image ${shorten(JSON.stringify(reference))}, which ${messageOf(error)}`, {
      cause: error,
    })
  }
}
