import { parseAllDocuments } from 'yaml'
import type { Family } from '../model/cidr.js'
import type { KindConfig, KindNode } from './kind-config.js'

/** Prefix length of the subnet that a node gets of its cluster's pod subnet: kube-controller-manager's defaults. */
const defaultNodeMask: Readonly<Record<Family, number>> = { ipv4: 24, ipv6: 64 }

const longest: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 }

const flags = new Map<unknown, readonly Family[]>([
  ['node-cidr-mask-size', ['ipv4', 'ipv6']],
  ['node-cidr-mask-size-ipv4', ['ipv4']],
  ['node-cidr-mask-size-ipv6', ['ipv6']],
])

/**
 * The masks that a kind config's kubeadm patches give kube-controller-manager, as kubeadm's v1beta3 (a map) or v1beta4
 * (a list) writes extraArgs. What cannot be read is left for kind to refuse.
 */
export function nodeMasks(config: KindConfig, nodes: readonly KindNode[]): Record<Family, number> {
  const masks = { ...defaultNodeMask }
  const patches = [config, ...nodes].flatMap(({ kubeadmConfigPatches }) =>
    Array.isArray(kubeadmConfigPatches) ? (kubeadmConfigPatches as unknown[]) : [],
  )
  for (const [flag, value] of patches.flatMap(documentsOf).flatMap(extraArgs)) {
    const mask = Number(value)
    for (const family of flags.get(flag) ?? []) {
      if (Number.isInteger(mask) && mask > 0 && mask <= longest[family]) masks[family] = mask
    }
  }
  return masks
}

function documentsOf(patch: unknown): unknown[] {
  if (typeof patch !== 'string') return []
  try {
    return parseAllDocuments(patch).map((document) => document.toJS() as unknown)
  } catch {
    // an alias without its anchor
    return []
  }
}

function extraArgs(document: unknown): (readonly [unknown, unknown])[] {
  const args = (document as { controllerManager?: { extraArgs?: unknown } } | null)?.controllerManager?.extraArgs
  if (Array.isArray(args)) {
    return (args as ({ name?: unknown; value?: unknown } | null)[]).map((arg) => [arg?.name, arg?.value])
  }
  return typeof args === 'object' && args !== null ? Object.entries(args) : []
}
