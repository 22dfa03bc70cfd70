import { mirrorPatches } from '../kind-config/containerd-patches.js'
import { mergeKindConfigs, nodesOf, readKindConfig, type KindNode } from '../kind-config/kind-config.js'
import type { PatchedSetting } from '../kind-config/kubeadm-patches.js'
import type { YamlValue } from '../kind-config/read-yaml.js'
import type { KindConfig } from '../kind-config/v1alpha4.js'
import type { Cidr, Family } from '../model/cidr.js'
import type { Problems } from '../model/problems.js'
import { shorten } from '../shorten.js'
import type { NodeRole } from '../model/kind-names.js'
import { familiesOf, type ClusterEntry, type IpFamily } from './cluster-entry.js'
import { nodeMasks, patchedCluster } from './cluster-patches.js'
import { agree, given, type Given } from './given.js'
import type { NodeCount } from './node-count.js'
import { parseSubnets } from './parse-subnets.js'

/** One cluster as asked for; what is left out is decided by the plan. */
export interface ClusterRequest {
  /** Where it was given, for messages: `clusters[0]`. */
  readonly input: string
  /** Where its parts were given, for messages: `clusters[0].pod-subnet`, `config.nodes`. */
  readonly places: Places
  readonly name?: string
  /** The first is the primary one. */
  readonly families: readonly Family[]
  /** Clusters that share one of these are joined. */
  readonly networks: readonly string[]
  readonly nodes: readonly KindNode[]
  /** Prefix length of a node's part of the pod subnet. */
  readonly nodeMasks: Readonly<Record<Family, number>>
  /** The subnets that were given: at most one of each of the cluster's families. */
  readonly podSubnets: readonly Cidr[]
  readonly serviceSubnets: readonly Cidr[]
  readonly nodeImage?: string
  /** Version or part of one: `1.34`, `1.34.0`. Never together with an image. */
  readonly kubernetesVersion?: string
  /** Merged kind config, without nodes. */
  readonly config: KindConfig
}

type Places = Readonly<
  Record<
    | 'name'
    | 'ip-family'
    | 'pod-subnet'
    | 'service-subnet'
    | 'node-image'
    | 'kubernetes-version'
    | 'nodes'
    | 'networking',
    string
  >
>

/** What holds for every cluster that does not say otherwise. */
export interface SharedSettings {
  /** Asked for, or the input's own default. */
  readonly workers: { readonly value: number; readonly isAsked: boolean }
  readonly controlPlanes: { readonly value: number; readonly isAsked: boolean }
  readonly ipFamily: Given<IpFamily>
  readonly nodeImage?: string
  readonly kubernetesVersion?: string
  /** Kubernetes of the image that kind uses itself, where that is known. */
  readonly defaultKubernetes?: string
  readonly config: KindConfig
  /** There is one cluster alone, so that what is shared is its own. */
  readonly isOwn: boolean
}

/** The group of clusters that name none. */
const defaultNetwork = 'default'

/** Reads a kind config; what is wrong with it is added to the problems. */
export function parseKindConfig(problems: Problems, input: string, value: string | YamlValue): KindConfig {
  const { config, problems: found } = readKindConfig(value)
  for (const { path, value: given, message } of found) {
    problems.add(path === '' ? input : `${input}.${path}`, given, message)
  }
  return config
}

/** What says something about one cluster. */
export interface Sources {
  /** Its entry of the list, and where that stands: `clusters[0]`. */
  readonly entry: ClusterEntry
  readonly input: string
  /** Its own kind config. */
  readonly own: KindConfig
  readonly shared: SharedSettings
}

/** Reads what an entry of the list says besides what all clusters share. */
export function sourcesOf(problems: Problems, entry: ClusterEntry, index: number, shared: SharedSettings): Sources {
  const input = `clusters[${String(index)}]`
  return { entry, input, own: ownConfig(problems, entry, `${input}.config`), shared }
}

/** Where an entry of the list, its own kind config, the shared one and kubeadm patches become one cluster. */
export function toCluster(problems: Problems, sources: Sources, warnings: string[]): ClusterRequest {
  const { input, own, shared } = sources
  warnings.push(...configWarnings(own, `${input}.config`))
  const { nodes, ...config } = {
    ...mergeKindConfigs(shared.config, own),
    nodes: chooseNodes(problems, sources),
  }
  const image = imageOf(problems, sources)
  const name = nameOf(problems, sources)
  const { value: ipFamily, place: familyPlace } = ipFamilyOf(problems, sources)
  const nodesPlace = `${nodesIn(sources)}.nodes`
  const patched = patchedCluster(
    { shared: shared.config, own, ownPlace: `${input}.config`, nodes, nodesPlace },
    { ...image, ...defaultOf(shared) },
  )
  for (const { place, value, message } of patched.problems) problems.add(place, value, message)
  const pods = subnetsOf(problems, sources, ipFamily, 'pod-subnet', patched.podSubnets)
  const services = subnetsOf(problems, sources, ipFamily, 'service-subnet', patched.serviceSubnets)
  return {
    input,
    places: {
      name: name?.place ?? `${input}.name`,
      'ip-family': familyPlace,
      'pod-subnet': pods?.place ?? `${input}.pod-subnet`,
      'service-subnet': services?.place ?? `${input}.service-subnet`,
      'node-image': image.isOwn ? `${input}.node-image` : 'node-image',
      'kubernetes-version': image.isOwn ? `${input}.kubernetes-version` : 'kubernetes-version',
      nodes: nodesPlace,
      networking: own.networking?.apiServerPort === undefined ? 'config.networking' : `${input}.config.networking`,
    },
    ...(name !== undefined && { name: name.value }),
    families: orderOf(problems, familiesOf[ipFamily], pods, services),
    networks: [...new Set(sources.entry.network ?? [defaultNetwork])],
    nodes,
    nodeMasks: nodeMasks(problems, ipFamily, patched),
    podSubnets: pods?.value ?? [],
    serviceSubnets: services?.value ?? [],
    ...(image.nodeImage !== undefined && { nodeImage: image.nodeImage }),
    ...(image.kubernetesVersion !== undefined && { kubernetesVersion: image.kubernetesVersion }),
    config,
  }
}

function defaultOf({ defaultKubernetes }: SharedSettings): Pick<SharedSettings, 'defaultKubernetes'> {
  return defaultKubernetes === undefined ? {} : { defaultKubernetes }
}

function ownConfig(problems: Problems, { config }: ClusterEntry, input: string): KindConfig {
  return config === undefined ? {} : parseKindConfig(problems, input, config as string | YamlValue)
}

/** Which config the nodes come from. */
function nodesIn({ own, shared, input }: Sources): string {
  return own.nodes === undefined && shared.config.nodes !== undefined ? 'config' : `${input}.config`
}

function nameOf(problems: Problems, { entry, own, shared, input }: Sources): Given<string> | undefined {
  return agree(problems, [
    ...given(entry.name, `${input}.name`),
    ...given(own.name, `${input}.config.name`),
    ...(shared.isOwn ? given(shared.config.name, 'config.name') : []),
  ])
}

function ipFamilyOf(problems: Problems, { entry, own, shared, input }: Sources): Given<IpFamily> {
  const said = agree(problems, [
    ...given(entry['ip-family'], `${input}.ip-family`),
    ...given(own.networking?.ipFamily, `${input}.config.networking.ipFamily`),
  ])
  return said ?? shared.ipFamily
}

function subnetsOf(
  problems: Problems,
  { entry, own, shared, input }: Sources,
  ipFamily: IpFamily,
  key: 'pod-subnet' | 'service-subnet',
  patches: readonly PatchedSetting[],
): Given<Cidr[]> | undefined {
  const setting = key === 'pod-subnet' ? 'podSubnet' : 'serviceSubnet'
  const families = familiesOf[ipFamily]
  const read = ({ value, place }: Given<string>) => ({ place, value: parseSubnets(problems, place, value, families) })
  const said = [
    ...given(entry[key], `${input}.${key}`),
    ...given(own.networking?.[setting], `${input}.config.networking.${setting}`),
    ...(shared.isOwn ? given(shared.config.networking?.[setting], `config.networking.${setting}`) : []),
  ]
  const patched = patches
    // what shared patches decide for several clusters was reported for all of them
    .filter(({ place }) => shared.isOwn || !place.startsWith('config.'))
    .map((patch) => ({ ...patch, value: read(patch).value }))
  checkFamilies(problems, patched, families)
  return agreeOnSubnets(problems, [...said.map(read), ...patched])
}

/** What a patch sets is final, so that a subnet of the other family cannot be added to it. */
function checkFamilies(
  problems: Problems,
  patched: readonly (Given<readonly Cidr[]> & Pick<PatchedSetting, 'setting'>)[],
  families: readonly Family[],
): void {
  for (const { place, setting, value } of patched) {
    if (value.length === 0 || value.length === families.length) continue
    const message = `sets ${setting} to ${textOf(value)}, but a dual-stack cluster needs an IPv4 and an IPv6 subnet; give both, separated by a comma`
    problems.add(place, undefined, message)
  }
}

/**
 * Tells what a config says that several clusters share, although it can hold for one of them only.
 * @returns warnings about what is ignored
 */
export function checkSharedByAll(problems: Problems, { config, ...version }: SharedSettings): string[] {
  const remedy = 'leave it out, or put it into the config of one cluster'
  const { networking = {} } = config
  for (const setting of ['podSubnet', 'serviceSubnet'] as const) {
    if (networking[setting] === undefined) continue
    const message = `would be the same in every cluster, and each needs its own; ${remedy}`
    problems.add(`config.networking.${setting}`, networking[setting], message)
  }
  const nodes = nodesOf(config) ?? []
  const sources = { shared: config, own: {}, ownPlace: '', nodes, nodesPlace: 'config.nodes' }
  const { podSubnets, serviceSubnets } = patchedCluster(sources, version)
  for (const { place, setting, value } of [...podSubnets, ...serviceSubnets]) {
    problems.add(
      place,
      undefined,
      `sets ${setting} to ${shorten(value)} in every cluster, and each needs its own; ${remedy}`,
    )
  }
  if (config.name === undefined) return []
  return [
    `config.name: "${shorten(config.name)}" is ignored, because several clusters share this config; name them in the list of clusters`,
  ]
}

/** Warnings about a config: what containerd on the nodes may not take. */
export function configWarnings(config: KindConfig, input: string): string[] {
  return mirrorPatches(config).map(
    (place) =>
      `${input}.${place}: registry.mirrors keeps containerd from starting where it has a config_path, and always from containerd 2.2 on; ` +
      'write /etc/containerd/certs.d/<registry>/hosts.toml on the nodes instead (https://kind.sigs.k8s.io/docs/user/local-registry/), or use registry: true',
  )
}

/** The order counts: the first subnet decides the primary family. */
function agreeOnSubnets(problems: Problems, said: readonly Given<Cidr[]>[]): Given<Cidr[]> | undefined {
  // what could not be read was reported, and contradicts nothing
  const readable = said.filter(({ value }) => value.length > 0)
  agree(
    problems,
    readable.map(({ value, place }) => ({ value: textOf(value), place })),
  )
  return readable[0] ?? said[0]
}

function textOf(subnets: readonly Cidr[]): string {
  return subnets.map(({ text }) => text).join()
}

/** A dual-stack cluster's primary family is that of the first subnet: Kubernetes gives Services an address of it. */
function orderOf(
  problems: Problems,
  families: readonly Family[],
  pods: Given<Cidr[]> | undefined,
  services: Given<Cidr[]> | undefined,
): readonly Family[] {
  const orders = [pods, services].flatMap((subnets) =>
    subnets !== undefined && subnets.value.length > 1
      ? [{ place: subnets.place, families: subnets.value.map(({ family }) => family) }]
      : [],
  )
  const [first, second] = orders
  if (first !== undefined && second !== undefined && first.families[0] !== second.families[0]) {
    const message = `has its families in another order than ${first.place}; write both in the same order`
    problems.add(second.place, textOf(services?.value ?? []), message)
  }
  return first?.families ?? families
}

/** The nodes that the config of a cluster names; `undefined` when it names none. */
function configuredNodes({ own, shared }: Sources): KindNode[] | undefined {
  return nodesOf(own.nodes === undefined ? shared.config : own)
}

/** Who says how many nodes of each role there are, where the config names none. */
function wantedNodes({ entry, shared: { workers, controlPlanes } }: Sources) {
  return {
    'control-plane': { own: entry['control-planes'], shared: controlPlanes },
    worker: { own: entry.workers, shared: workers },
  } as const
}

/** How many nodes of each role a cluster has. */
export function countNodes(sources: Sources): NodeCount {
  const configured = configuredNodes(sources)
  const wanted = wantedNodes(sources)
  const count = (role: NodeRole) =>
    configured?.filter((node) => node.role === role).length ?? wanted[role].own ?? wanted[role].shared.value
  return { 'control-plane': count('control-plane'), worker: count('worker') }
}

function chooseNodes(problems: Problems, sources: Sources): KindNode[] {
  const configured = configuredNodes(sources)
  const counted = countNodes(sources)
  if (configured === undefined) {
    return (['control-plane', 'worker'] as const).flatMap((role) => Array<KindNode>(counted[role]).fill({ role }))
  }
  for (const [role, { own, shared }] of Object.entries(wantedNodes(sources))) {
    const found = counted[role as NodeRole]
    if (own === undefined && !shared.isAsked) continue
    const asked = own ?? shared.value
    if (asked === found) continue
    const message = `differs from the ${String(found)} of that role among the config's nodes; give one of the two`
    problems.add(own === undefined ? `${role}s` : `${sources.input}.${role}s`, asked, message)
  }
  return configured
}

/** An entry's own image or version stands before both defaults. */
function imageOf(
  problems: Problems,
  { entry, input, shared }: Sources,
): Partial<Pick<ClusterRequest, 'nodeImage' | 'kubernetesVersion'>> & { readonly isOwn: boolean } {
  const isOwn = entry['node-image'] !== undefined || entry['kubernetes-version'] !== undefined
  const nodeImage = isOwn ? entry['node-image'] : shared.nodeImage
  const version = isOwn ? entry['kubernetes-version'] : shared.kubernetesVersion
  if (isOwn && nodeImage !== undefined && version !== undefined) {
    problems.add(`${input}.kubernetes-version`, version, 'contradicts node-image; give one of the two')
  }
  if (nodeImage !== undefined) return { isOwn, nodeImage }
  return version === undefined ? { isOwn } : { isOwn, kubernetesVersion: version.replace(/^v/, '') }
}
