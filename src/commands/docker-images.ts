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
 * An archive of images, each with one platform in it: an index whose other platforms are not there cannot be imported
 * (kind issue 3795). Only engines whose images containerd keeps hold more than one, and they know `--platform`.
 */
export function saveImages(
  references: readonly string[],
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
    ...references,
  ]
}

/** One line for each image, and for each of a layer's states, because its output is no terminal. */
export function pullImage(reference: string): string[] {
  return ['docker', 'pull', reference]
}

export function tagImage(reference: string, name: string): string[] {
  return ['docker', 'image', 'tag', reference, name]
}

/** Takes a name away, and the image with its last one; one that a container uses stays. */
export function removeImage(reference: string): string[] {
  return ['docker', 'image', 'rm', reference]
}

/** Names of the images of a repository, one a line. */
export function listImages(repository: string): string[] {
  return ['docker', 'image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', repository]
}

/** Whether `docker image inspect` said that there is none. */
export function isMissingImage(output: string): boolean {
  return /No such (image|object)|not found/i.test(output)
}

/** Whether a pull that ended so may end well the next time. */
export function mayPullAgain(output: string): boolean {
  return !/not found|manifest unknown|no matching manifest|denied|unauthorized|no basic auth|invalid reference|no space left|verification failed|x509|is the docker daemon running/i.test(
    output,
  )
}

/** Counts layers while `docker pull` tells of them. */
export function createPullProgress(): (line: string) => { readonly done: number; readonly layers: number } {
  const done = new Set<string>()
  const layers = new Set<string>()
  return (line) => {
    const [, layer, state = ''] = /^([0-9a-f]{12}): (.*)$/.exec(line) ?? []
    if (layer !== undefined) {
      layers.add(layer)
      if (/^(Pull complete|Already exists)/.test(state)) done.add(layer)
    }
    return { done: done.size, layers: layers.size }
  }
}
