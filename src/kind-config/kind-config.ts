import { deepmergeCustom } from 'deepmerge-ts'
import { familyOf } from '../model/cidr.js'
import type { NodeRole } from '../model/kind-names.js'

/** A kind config (`kind.x-k8s.io/v1alpha4`) or a part of one; kind itself checks what is not read here. */
export type KindConfig = Readonly<Record<string, unknown>>

/** A node of a kind config: its role is read, the rest is handed on. */
export interface KindNode {
  readonly role: NodeRole
  readonly [setting: string]: unknown
}

interface ConfigProblem {
  readonly path: string
  readonly value: unknown
  readonly message: string
}

const apiVersion = 'kind.x-k8s.io/v1alpha4'

/** What in a kind config contradicts the plan's own decisions or cannot be read. Empty when it is fine. */
export function checkKindConfig(config: unknown): ConfigProblem[] {
  if (!isMap(config)) {
    return [{ path: '', value: config, message: 'is no kind config; give a YAML map, such as "networking: {…}"' }]
  }
  const problems: ConfigProblem[] = []
  const refuse = (path: string, value: unknown, message: string) => problems.push({ path, value, message })
  if (config['kind'] !== undefined && config['kind'] !== 'Cluster')
    refuse('kind', config['kind'], 'is not Cluster; leave it out')
  if (config['apiVersion'] !== undefined && config['apiVersion'] !== apiVersion) {
    refuse('apiVersion', config['apiVersion'], `is not ${apiVersion}; leave it out`)
  }
  if (config['name'] !== undefined)
    refuse('name', config['name'], 'cannot be set here; give name in the list of clusters')
  const networking = config['networking'] ?? {}
  if (!isMap(networking)) {
    refuse('networking', networking, 'is no map')
  } else {
    for (const [key, input] of [
      ['podSubnet', 'pod-subnet'],
      ['serviceSubnet', 'service-subnet'],
      ['ipFamily', 'ip-family'],
    ] as const) {
      if (networking[key] !== undefined) {
        refuse(`networking.${key}`, networking[key], `cannot be set here; give ${input} in the list of clusters`)
      }
    }
    if (networking['disableDefaultCNI'] === true) {
      refuse(
        'networking.disableDefaultCNI',
        true,
        "is not joined by this version: routes follow kind's own CNI; leave it out",
      )
    }
  }
  const nodes = config['nodes'] ?? []
  if (!Array.isArray(nodes)) return [...problems, { path: 'nodes', value: nodes, message: 'is no list' }]
  for (const [index, node] of (nodes as unknown[]).entries()) {
    const path = `nodes[${String(index)}]`
    if (!isMap(node)) {
      refuse(path, node, 'is no map; give "role: worker"')
    } else if (!['control-plane', 'worker', undefined].includes(node['role'] as string | undefined)) {
      refuse(`${path}.role`, node['role'], 'is no role; give control-plane or worker')
    } else if (!Array.isArray(node['extraMounts'] ?? [])) {
      refuse(`${path}.extraMounts`, node['extraMounts'], 'is no list; put "- " before each mount')
    }
  }
  if (nodes.length > 0 && !nodes.some((node) => isMap(node) && node['role'] !== 'worker')) {
    refuse('nodes', undefined, 'holds no control plane; add "- role: control-plane"')
  }
  return problems
}

/** Merges a cluster's own config over the shared one: maps deep, patches one after the other, nodes replaced whole. */
export const mergeKindConfigs = deepmergeCustom({
  mergeArrays: (values, _utils, meta) => (meta?.key === 'nodes' ? values.at(-1) : values.flat()),
}) as (shared: KindConfig, own: KindConfig) => KindConfig

/** The nodes of a checked config; `undefined` when it names none. kind takes a node without a role for a control plane. */
export function nodesOf(nodes: unknown): KindNode[] | undefined {
  if (!Array.isArray(nodes) || nodes.length === 0) return undefined
  return (nodes as Record<string, unknown>[]).map((node) => ({ role: 'control-plane', ...node }))
}

/** Where in a node's file system the mount stands that tells which run made it. */
export const ownerDirectory = '/kind-flat-network'

/** The config with one more directory of this machine on every node, which can only read it. */
export function withReadOnlyMount(config: KindConfig, hostPath: string, containerPath: string): KindConfig {
  return {
    ...config,
    nodes: (nodesOf(config['nodes']) ?? []).map((node) => ({
      ...node,
      extraMounts: [
        ...((node['extraMounts'] as object[] | undefined) ?? []),
        { hostPath, containerPath, readOnly: true },
      ],
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
      ...(cluster.config['networking'] as object | undefined),
      ipFamily: cluster.podSubnets.length > 1 ? 'dual' : familyOf(cluster.podSubnets[0] ?? ''),
      podSubnet: cluster.podSubnets.join(','),
      serviceSubnet: cluster.serviceSubnets.join(','),
    },
    nodes: cluster.nodes.map((node) => ({
      ...node,
      extraMounts: [...((node['extraMounts'] as object[] | undefined) ?? []), owner],
    })),
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
