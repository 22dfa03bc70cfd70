import { posix } from 'node:path'
import { deepmergeCustom } from 'deepmerge-ts'
import { familyOf } from '../model/cidr.js'
import type { NodeRole } from '../model/kind-names.js'
import { checkContainerdPatches } from './containerd-patches.js'
import { checkKubeadmPatches } from './kubeadm-patches.js'
import { readYaml, YamlError, type YamlValue } from './read-yaml.js'
import { apiVersion, decodeKindConfig, type ConfigProblem, type ConfiguredNode, type KindConfig } from './v1alpha4.js'

/** A node whose role is decided; the rest is handed on. */
export interface KindNode extends ConfiguredNode {
  readonly role: NodeRole
}

/**
 * Reads a kind config, or a part of one. It is checked as kind's parser and `validate.go` do, and for what routes
 * between clusters need.
 * @param given YAML text, or a value that was read already
 * @returns the config, which is empty where it cannot be read at all
 */
export function readKindConfig(given: string | YamlValue): { config: KindConfig; problems: readonly ConfigProblem[] } {
  try {
    const decoded = decodeKindConfig(typeof given === 'string' ? readYaml(given) : given)
    if ('problems' in decoded) return { config: {}, problems: decoded.problems }
    return { config: decoded.config, problems: check(decoded.config) }
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    return { config: {}, problems: [{ path: '', value: undefined, message: error.message }] }
  }
}

function check(config: KindConfig): ConfigProblem[] {
  const { networking = {}, nodes = [] } = config
  const problems: ConfigProblem[] = []
  const refuse = (path: string, value: unknown, message: string) => problems.push({ path, value, message })
  if (networking.disableDefaultCNI === true) {
    refuse(
      'networking.disableDefaultCNI',
      true,
      "is not supported yet, because the routes follow kind's own CNI; leave it out",
    )
  }
  if (networking.kubeProxyMode === 'none') {
    refuse('networking.kubeProxyMode', 'none', 'leaves ClusterIPs unserved; use iptables, nftables or ipvs')
  }
  if (nodes.length > 0 && nodes.every(({ role }) => role === 'worker')) {
    refuse('nodes', undefined, 'has no control plane; add "- role: control-plane"')
  }
  return [...problems, ...checkMounts(nodes), ...checkKubeadmPatches(config), ...checkContainerdPatches(config)]
}

/** A mount at one of our paths would hide what the node's owner is known by. Docker takes none over the whole node. */
function checkMounts(nodes: readonly ConfiguredNode[]): ConfigProblem[] {
  return nodes.flatMap(({ extraMounts = [] }, node) =>
    extraMounts.flatMap(({ containerPath = '' }, mount) => {
      // kind hands docker `host:container:options` as one word, so a path ends at a colon
      const [path = ''] = posix.normalize(containerPath.replace(/:.*$/s, '')).match(/^\/[^/]*/) ?? []
      const message =
        path === '/'
          ? "is the root of the node's file system, where Docker mounts nothing; use a path in it, such as /data"
          : `is reserved: kind-flat-network mounts its own files at ${path}; use another path`
      if (path !== '/' && !ownDirectories.includes(path)) return []
      const place = `nodes[${String(node)}].extraMounts[${String(mount)}].containerPath`
      return [{ path: place, value: containerPath, message }]
    }),
  )
}

/** Merges a cluster's own config over the shared one: maps deep, patches one after the other, nodes replaced whole. */
export const mergeKindConfigs = deepmergeCustom({
  mergeArrays: (values, _utils, meta) => (meta?.key === 'nodes' ? values.at(-1) : values.flat()),
}) as (shared: KindConfig, own: KindConfig) => KindConfig

/** The nodes of a config; `undefined` when it names none. kind takes a node without a role for a control plane. */
export function nodesOf({ nodes = [] }: KindConfig): KindNode[] | undefined {
  return nodes.length === 0 ? undefined : nodes.map((node) => ({ ...node, role: node.role ?? 'control-plane' }))
}

/** Where in a node's file system the mount stands that tells which run made it. */
export const ownerDirectory = '/kind-flat-network'
/** Where the directory of the archive of images stands in a node's file system. */
export const archivesOnNode = '/kind-flat-network-images'
const ownDirectories: readonly string[] = [ownerDirectory, archivesOnNode]

/** The config with one more directory of this machine on every node, which can only read it. */
export function withReadOnlyMount(config: KindConfig, hostPath: string, containerPath: string): KindConfig {
  return {
    ...config,
    nodes: (config.nodes ?? []).map((node) => ({
      ...node,
      extraMounts: [...(node.extraMounts ?? []), { hostPath, containerPath, readOnly: true }],
    })),
  }
}

/**
 * The config handed to `kind create cluster`. kind sets no labels of ours on its containers, so every node carries its
 * owner as a mount: `/dev/null` at `/kind-flat-network/<run>`, seen by `docker inspect`.
 */
export function toKindConfig(cluster: {
  readonly run: string
  readonly name: string
  readonly nodes: readonly KindNode[]
  readonly podSubnets: readonly string[]
  readonly serviceSubnets: readonly string[]
  readonly config: KindConfig
  /** Which ports are free is to be seen on the engine's machine alone. */
  readonly engineChoosesPort: boolean
}): KindConfig {
  const owner = { hostPath: '/dev/null', containerPath: `${ownerDirectory}/${cluster.run}`, readOnly: true }
  return {
    ...cluster.config,
    kind: 'Cluster',
    apiVersion,
    name: cluster.name,
    networking: {
      // kind's word for that (`pkg/apis/config/v1alpha4/types.go`, `apiServerPort`)
      ...(cluster.engineChoosesPort && { apiServerPort: -1 }),
      ...cluster.config.networking,
      ipFamily: cluster.podSubnets.length > 1 ? 'dual' : familyOf(cluster.podSubnets[0] ?? ''),
      podSubnet: cluster.podSubnets.join(','),
      serviceSubnet: cluster.serviceSubnets.join(','),
    },
    nodes: cluster.nodes.map((node) => ({ ...node, extraMounts: [...(node.extraMounts ?? []), owner] })),
  }
}
