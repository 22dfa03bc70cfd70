import { mergeKindConfigs, type KindNode } from '../kind-config/kind-config.js'
import { patchesOf, readKubeadmPatches, type PatchedCluster } from '../kind-config/kubeadm-patches.js'
import type { KindConfig } from '../kind-config/v1alpha4.js'
import type { Family } from '../model/cidr.js'
import type { Problems } from '../model/problems.js'
import { shorten } from '../shorten.js'
import { familiesOf, type IpFamily } from './cluster-entry.js'
import { kubernetesVersionOf } from './image-reference.js'

/** kube-controller-manager's defaults. */
const defaultNodeMasks: Readonly<Record<Family, number>> = { ipv4: 24, ipv6: 64 }
const longestMask: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 }

/** What tells the version of Kubernetes on a cluster's nodes. */
interface NodeVersion {
  readonly nodeImage?: string
  readonly kubernetesVersion?: string
  /** That of the image that kind uses itself, where it is known. */
  readonly defaultKubernetes?: string
}

/** The kind configs that the patches of a cluster come from. */
interface PatchSources {
  readonly shared: KindConfig
  readonly own: KindConfig
  /** Where its own config stands: `clusters[0].config`. */
  readonly ownPlace: string
  readonly nodes: readonly KindNode[]
  /** Where its nodes stand: `config.nodes`. */
  readonly nodesPlace: string
}

/** What a shared config decides for the clusters that say nothing of their own, by the version of Kubernetes. */
const decided = new WeakMap<KindConfig, Map<string | undefined, PatchedCluster>>()

/** What the kubeadm patches of a cluster decide, applied in the order in which kind applies them. */
export function patchedCluster(sources: PatchSources, versions: NodeVersion): PatchedCluster {
  const { shared, own, nodes } = sources
  const image = nodes.find(({ role }) => role === 'control-plane')?.image ?? versions.nodeImage
  const version =
    image === undefined ? (versions.kubernetesVersion ?? versions.defaultKubernetes) : kubernetesVersionOf(image)
  if (Object.keys(own).length > 0) return applyPatches(sources, version)
  const known = decided.get(shared) ?? new Map<string | undefined, PatchedCluster>()
  const patched = known.get(version) ?? applyPatches(sources, version)
  decided.set(shared, known.set(version, patched))
  return patched
}

function applyPatches(
  { shared, own, ownPlace, nodes, nodesPlace }: PatchSources,
  version: string | undefined,
): PatchedCluster {
  const [all, its] = [patchesOf(shared, 'config'), patchesOf(own, ownPlace)]
  // `kubeadm init` runs on the first control plane, and its config alone makes the cluster
  const first = nodes.find(({ role }) => role === 'control-plane')
  const levels = [
    { merge: [...all.merge, ...its.merge], json: [...all.json, ...its.json] },
    ...(first === undefined ? [] : [patchesOf(first, `${nodesPlace}[${String(nodes.indexOf(first))}]`)]),
  ]
  return readKubeadmPatches(mergeKindConfigs(shared, own), levels, version)
}

/** Of the flags for masks, kube-controller-manager takes only those that fit the cluster (`app/core.go`). */
export function nodeMasks(
  problems: Problems,
  ipFamily: IpFamily,
  { nodeMasks: given }: PatchedCluster,
): Record<Family, number> {
  const masks = { ...defaultNodeMasks }
  for (const { place, setting, value, families } of given) {
    const refuse = (message: string) => {
      problems.add(place, undefined, `sets ${setting}${message}`)
    }
    const [family, ...others] = families.filter((each) => familiesOf[ipFamily].includes(each))
    if (family === undefined) {
      refuse(`, but the cluster's ip-family is ${ipFamily}; leave it out`)
    } else if (others.length > 0) {
      refuse(`, which dual-stack clusters do not take; use ${setting}-ipv4 and ${setting}-ipv6`)
    } else if (families.length > 1 && given.some((other) => other.families.length === 1)) {
      refuse(` and that of one family, which kube-controller-manager does not take together; give one of the two`)
    } else if (/^\d{1,3}$/.test(value) && Number(value) > 0 && Number(value) <= longestMask[family]) {
      masks[family] = Number(value)
    } else {
      refuse(` to ${shorten(value)}; use a prefix length from 1 to ${String(longestMask[family])}`)
    }
  }
  return masks
}
