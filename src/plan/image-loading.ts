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

/**
 * Reads `manifest.json` of `docker image save`, or `index.json` of an OCI layout.
 * @returns the images with the names they get on a node; one without a whole name is left out
 */
export function parseArchiveList(text: string): NamedImage[] {
  const list = JSON.parse(text) as DockerList | OciIndex
  if (Array.isArray(list)) {
    return list.flatMap(({ Config, RepoTags }) => {
      const digest = /([0-9a-f]{64})(\.json)?$/.exec(Config ?? '')?.[1] ?? ''
      return (RepoTags ?? []).map((tag) => ({ name: wholeName(tag), id: `sha256:${digest}` }))
    })
  }
  return (list.manifests ?? []).flatMap(({ digest, annotations }) => {
    // containerd makes a name of its own from any other annotation
    const name = annotations?.['io.containerd.image.name']
    return name === undefined ? [] : [{ name: wholeName(name), id: digest }]
  })
}

type DockerList = { Config?: string; RepoTags?: string[] | null }[]

interface OciIndex {
  manifests?: { digest: string; annotations?: Record<string, string> }[]
}
