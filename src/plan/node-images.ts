import { formatBytes } from './byte-size.js'
import { seconds, type ImageToSave } from './image-cache.js'
import { shortReference, throughMirror } from './image-reference.js'
import { nodesOf, type KindNode } from '../kind-config/kind-config.js'
import type { KindConfig } from '../kind-config/v1alpha4.js'
import type { Problems } from '../model/problems.js'
import { kindRelease, knownKubernetesVersions, nodeImageFor } from './releases.js'
import type { ClusterRequest } from './cluster-request.js'

/**
 * The nodes of a cluster with the image that each gets: its own, else the cluster's, else the one published for the
 * version of Kubernetes, else what kind would use. Nodes are left without one only where this kind's default is not known.
 * @param kind version of kind in use
 */
export function chooseNodeImages(
  problems: Problems,
  cluster: ClusterRequest,
  { kind, registryMirror }: { readonly kind: string; readonly registryMirror?: string | undefined },
): KindNode[] {
  const mirrored = (input: string, image: string) =>
    problems.attempt(input, image, () => throughMirror(image, registryMirror))
  const given = cluster.nodeImage ?? publishedImage(problems, cluster, kind)
  const shared = given === undefined ? undefined : mirrored(cluster.places['node-image'], given)
  return cluster.nodes.map((node, index) => {
    const place = `${cluster.places.nodes}[${String(index)}].image`
    const image = node.image === undefined ? shared : mirrored(place, node.image)
    return { ...node, ...(image !== undefined && { image }) }
  })
}

function publishedImage(
  problems: Problems,
  { places, kubernetesVersion }: ClusterRequest,
  kind: string,
): string | undefined {
  if (kubernetesVersion === undefined) return kindRelease(kind)?.nodeImage
  const image = nodeImageFor(kind, kubernetesVersion)
  if (image === undefined) {
    const known = knownKubernetesVersions(kind).join(', ')
    problems.add(
      places['kubernetes-version'],
      kubernetesVersion,
      known === ''
        ? `cannot be looked up, because no images are known for kind ${kind}; give node-image, or another kind-version`
        : `has no image that is known for kind ${kind}; give one of ${known}, or node-image`,
    )
  }
  return image
}

/** Every image that the nodes of these configs get, once. */
export function nodeImagesOf(configs: readonly KindConfig[]): string[] {
  return [...new Set(configs.flatMap((config) => (nodesOf(config) ?? []).flatMap(({ image }) => image ?? [])))]
}

/** The config with the names that the images have in the engine. */
export function withProvidedImages(config: KindConfig, provided: readonly ProvidedImage[]): KindConfig {
  const names = new Map(provided.map(({ reference, name }) => [reference, name]))
  return {
    ...config,
    nodes: (nodesOf(config) ?? []).map((node) => {
      const name = names.get(node.image ?? '')
      return name === undefined ? node : { ...node, image: name }
    }),
  }
}

/** A node image that is in the engine, and how it came there. */
export interface ProvidedImage {
  /** As the plan names it. */
  readonly reference: string
  /** What kind is to be told. */
  readonly name: string
  readonly from: 'engine' | 'cache' | 'registry'
  /** From the first look to the last. */
  readonly seconds: number
  /** Getting it out of the cache. */
  readonly restored?: { readonly seconds: number; readonly bytes: number }
  /** What the pull took that the cache stands for. */
  readonly insteadOfSeconds?: number
  /** What came over the network, as far as it was seen. */
  readonly transferred?: { readonly seconds: number; readonly bytes: number }
  /** Why the cache was not used, or the image is not saved in it. */
  readonly remark?: string
  readonly toSave?: ImageToSave
}

/** Less than that tells more of the machine's other work than of the cache. */
const noticeablySlower = 1.25

/** Why the cache was not used, or was of little use, or what is still to come. */
export function remarkOf({ seconds: took, insteadOfSeconds, toSave, remark }: ProvidedImage): string | undefined {
  if (insteadOfSeconds !== undefined && insteadOfSeconds * noticeablySlower < took) {
    return `slower than the pull that it stands for (${seconds(insteadOfSeconds)}): cache: false may be faster here`
  }
  return toSave === undefined ? remark : 'it is saved when the job ends'
}

/** One line about an image, for the log and the summary. */
export function describeProvided(image: ProvidedImage): string {
  const { from, restored, transferred } = image
  const reference = shortReference(image.reference)
  const remark = remarkOf(image)
  const took = seconds(image.seconds)
  if (from === 'engine') return `${reference}: in the engine already`
  const parts = [
    from === 'cache' ? `out of the cache in ${took}` : `pulled in ${took}`,
    ...(restored ? [`${formatBytes(restored.bytes)} restored in ${seconds(restored.seconds)}`] : []),
    ...(transferred ? [`${formatBytes(transferred.bytes)} transferred in ${seconds(transferred.seconds)}`] : []),
    ...(remark === undefined ? [] : [remark]),
  ]
  return `${reference}: ${parts.join('; ')}`
}
