/** Arguments for docker's image commands, and readers of what they print. */

/** An image in the engine. */
export interface EngineImage {
  /** Digest of its config; where containerd keeps the images, of its manifest or index. */
  readonly id: string
  readonly tags: readonly string[]
  /** `name@digest` of every registry that it was pulled from. */
  readonly digests: readonly string[]
  /** Bytes unpacked. */
  readonly size: number
}

export function inspectImage(reference: string): string[] {
  return ['docker', 'image', 'inspect', reference]
}

export function parseImage(output: string): EngineImage {
  const [image] = JSON.parse(output) as {
    Id: string
    RepoTags?: string[] | null
    RepoDigests?: string[] | null
    Size?: number
  }[]
  if (image === undefined) throw new Error('docker image inspect printed no image')
  return { id: image.Id, tags: image.RepoTags ?? [], digests: image.RepoDigests ?? [], size: image.Size ?? 0 }
}

/**
 * An archive of one image, with one platform in it: an index whose other platforms are not there cannot be imported
 * (kind issue 3795). Only engines whose images containerd keeps hold more than one, and they know `--platform`.
 */
export function saveImage(
  reference: string,
  file: string,
  engine: { readonly platform: string; readonly containerdImageStore: boolean },
): string[] {
  return [
    'docker',
    'image',
    'save',
    ...(engine.containerdImageStore ? [`--platform=${engine.platform}`] : []),
    '--output',
    file,
    reference,
  ]
}
