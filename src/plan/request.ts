import { valid, validRange } from 'semver'
import { parseDocument } from 'yaml'
import * as z from 'zod'
import { messageOf } from '../errors.js'
import { families, parseCidr, type Cidr, type Family } from '../model/cidr.js'
import { inputs, type InputName, type RawInputs } from './inputs.js'
import { checkKindConfig, mergeKindConfigs, nodesOf, type KindConfig, type KindNode } from '../kind-config/kind-config.js'
import { nodeMasks } from '../kind-config/node-mask.js'
import type { Problems } from '../model/problems.js'
import { hintFor } from '../model/suggest-key.js'

/** One cluster as asked for; what is left out is decided by the plan. */
export interface ClusterRequest {
  /** Where it was given, for messages: `clusters[0]`. */
  readonly input: string
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

/** What the user asked for, read strictly. */
export interface Request {
  readonly clusters: readonly ClusterRequest[]
  readonly podSupernets: Readonly<Record<Family, Cidr>>
  readonly serviceSupernets: Readonly<Record<Family, Cidr>>
  /** Name of the Docker network, when the user named one. */
  readonly dockerNetwork?: string
  readonly waitSeconds: number
  readonly routeServices: boolean
  readonly preserveSourceIp: boolean
  readonly crossClusterDns: boolean
  readonly verify: boolean
  readonly reuse: boolean
  /** Path of the merged kubeconfig, when the user named one. */
  readonly kubeconfig?: string
  readonly cleanup: boolean
  readonly kind: ToolRequest
  readonly kubectl: ToolRequest
  /** Address that tools and manifests are downloaded under, without a slash at its end. */
  readonly downloadMirror?: string
  /** Registry, with a path if need be, that stands for Docker Hub. */
  readonly registryMirror?: string
  readonly cache: (typeof inputs.cache.values)[number]
  /** Names of images, or paths of archives. */
  readonly images: readonly string[]
  readonly registry: boolean
  readonly registryImage: string
  readonly loadBalancer: LoadBalancer
}

/** A tool as asked for. */
export interface ToolRequest {
  /** A range of semantic versions; without one, any will do. */
  readonly version?: string
  /** What a download must have, in lower-case hexadecimal digits. */
  readonly sha256?: string
}

export type LoadBalancer = (typeof inputs)['load-balancer']['values'][number]

/** The group of clusters that name none. */
const defaultNetwork = 'default'

const ipFamilyNames = inputs['ip-family'].values
const ipFamilies: Readonly<Record<(typeof ipFamilyNames)[number], readonly Family[]>> = {
  ipv4: ['ipv4'],
  ipv6: ['ipv6'],
  dual: families,
}
const noIpFamily = 'is no address family; give ipv4, ipv6 or dual'

const text = z.string('is no text; give a string')
const count = (least: number) => {
  const remedy = `is no number of nodes; give a whole number from ${String(least)}, without quotes`
  return z.int(remedy).min(least, remedy)
}

const noNetwork = 'is no network; give a name of letters, digits, - and ., or a list of such names'
const networkName = z.string(noNetwork).regex(/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/, noNetwork)

/** A version, which is no number: YAML has no last zero. */
export const versionText = z.string('is no text; put it in quotes, or YAML reads 1.30 as 1.3')
const kubernetesVersion = /^v?\d+\.\d+(\.\d+)?$/
const noKubernetesVersion = 'is no version of Kubernetes; give one such as 1.34 or 1.34.0'

/** A cluster of the list, as a map. */
export const clusterMap = z.strictObject(
  {
    name: text.optional().describe('Name of the cluster, a DNS label; cluster<n> when left out'),
    workers: count(0).optional().describe('Worker nodes'),
    'control-planes': count(1).optional().describe('Control-plane nodes'),
    'ip-family': z.enum(ipFamilyNames, noIpFamily).optional().describe('Address family'),
    network: z
      .union([networkName.transform((name) => [name]), z.array(networkName).min(1, noNetwork)], noNetwork)
      .optional()
      .describe('Group, or list of groups, that the cluster is joined in'),
    'pod-subnet': text.optional().describe('Pod subnet, one for each address family, separated by a comma'),
    'service-subnet': text.optional().describe('Service subnet, one for each address family, separated by a comma'),
    'node-image': text.min(1, 'is empty; name an image or leave it out').optional().describe('Node image'),
    'kubernetes-version': versionText
      .regex(kubernetesVersion, noKubernetesVersion)
      .optional()
      .describe('Kubernetes version instead of an image, such as "1.34"; in quotes, or YAML reads 1.30 as 1.3'),
    config: z
      .union([z.string(), z.record(z.string(), z.unknown())], 'is no kind config; give a YAML map')
      .optional()
      .describe('kind config, or a part of one'),
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type' ? 'is no cluster; give a name or a map with name, workers, …' : undefined,
  },
)

const clusterEntry = z.preprocess((value) => (typeof value === 'string' ? { name: value } : value), clusterMap)

type ClusterEntry = z.infer<typeof clusterEntry>
const entryKeys = Object.keys(clusterMap.shape)

/**
 * Reads the inputs. What cannot be read is added to the problems and stands in the request as if it had not been
 * given, so that the plan can find what else is wrong.
 */
export function parseRequest(raw: RawInputs, problems: Problems): Request {
  const workers = wholeNumber(problems, 'workers', raw, 0)
  const controlPlanes = wholeNumber(problems, 'control-planes', raw, 1)
  const ipFamily = familiesOf(problems, 'ip-family', raw['ip-family'])
  const sharedConfig = raw.config === '' ? {} : parseKindConfig(problems, 'config', raw.config)
  checkKubernetesVersion(problems, raw)
  const entries = parseClusters(problems, raw.clusters)
  // an entry that cannot be read keeps its place, or the problems of those behind it would name the wrong one
  const clusters = entries.flatMap((entry, index) =>
    entry === undefined
      ? []
      : [toCluster(problems, entry, index, { raw, workers, controlPlanes, families: ipFamily, config: sharedConfig })],
  )
  return {
    clusters,
    podSupernets: supernets(problems, 'pod-supernet', raw),
    serviceSupernets: supernets(problems, 'service-supernet', raw),
    waitSeconds: duration(problems, 'wait', raw),
    routeServices: yesOrNo(problems, 'route-services', raw),
    preserveSourceIp: yesOrNo(problems, 'preserve-source-ip', raw),
    crossClusterDns: crossClusterDns(problems, raw),
    verify: yesOrNo(problems, 'verify', raw),
    reuse: yesOrNo(problems, 'reuse', raw),
    cleanup: yesOrNo(problems, 'cleanup', raw),
    kind: tool(problems, 'kind', raw),
    kubectl: tool(problems, 'kubectl', raw),
    ...downloadMirror(problems, raw),
    ...registryMirror(problems, raw),
    cache: oneOf(problems, 'cache', raw, inputs.cache.values),
    images: lines(raw.images),
    registry: yesOrNo(problems, 'registry', raw),
    registryImage: raw['registry-image'],
    loadBalancer: oneOf(problems, 'load-balancer', raw, inputs['load-balancer'].values),
    ...dockerNetwork(problems, raw),
    ...(raw.kubeconfig !== '' && { kubeconfig: raw.kubeconfig }),
  }
}

function parseClusters(problems: Problems, value: string): (ClusterEntry | undefined)[] {
  if (/^\d+$/.test(value)) {
    const number = Number(value)
    if (number >= 1 && number <= 1000) return Array.from({ length: number }, () => ({}))
    problems.add('clusters', value, 'is out of range; give a count from 1 to 1000, or a YAML list')
    return []
  }
  const list = parseYaml(problems, 'clusters', value)
  if (list === undefined) return []
  if (!Array.isArray(list) || list.length === 0) {
    problems.add(
      'clusters',
      value,
      'is neither a count nor a YAML list; give 3, or one entry for each cluster: "- name: east"',
    )
    return []
  }
  return readClusters(problems, list)
}

/** The clusters of a list, each where it stood: what cannot be read is a problem and leaves its place empty. */
export function readClusters(problems: Problems, list: readonly unknown[]): (ClusterEntry | undefined)[] {
  return list.map((item, index) => {
    const result = clusterEntry.safeParse(item)
    if (result.success) return result.data
    for (const issue of result.error.issues) addIssue(problems, `clusters[${String(index)}]`, item, issue)
    // what can be read of it may be wrong in other ways
    return clusterEntry.safeParse(withoutKeys(item, result.error.issues)).data
  })
}

function withoutKeys(item: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (typeof item !== 'object' || item === null) return item
  const bad = new Set(
    issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : issue.path.slice(0, 1))),
  )
  return Object.fromEntries(Object.entries(item).filter(([key]) => !bad.has(key)))
}

function addIssue(problems: Problems, input: string, item: unknown, issue: z.core.$ZodIssue): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      problems.add(`${input}.${key}`, undefined, `is no key of a cluster; ${hintFor(key, entryKeys)}`)
    }
    return
  }
  const [key] = issue.path
  const value = key === undefined ? item : (item as Record<PropertyKey, unknown>)[key]
  problems.add(key === undefined ? input : `${input}.${String(key)}`, value, issue.message)
}

interface Defaults {
  readonly raw: RawInputs
  readonly workers: number
  readonly controlPlanes: number
  readonly families: readonly Family[]
  readonly config: KindConfig
}

function toCluster(problems: Problems, entry: ClusterEntry, index: number, defaults: Defaults): ClusterRequest {
  const input = `clusters[${String(index)}]`
  const families = entry['ip-family'] === undefined ? defaults.families : ipFamilies[entry['ip-family']]
  const subnets = (key: 'pod-subnet' | 'service-subnet') =>
    entry[key] === undefined ? [] : parseSubnets(problems, `${input}.${key}`, entry[key], families)
  const image = imageOf(problems, input, entry, defaults.raw)
  const own = entry.config === undefined ? {} : parseKindConfig(problems, `${input}.config`, entry.config)
  const { nodes: configured, ...config } = mergeKindConfigs(defaults.config, own)
  const wanted = {
    'control-plane': entry['control-planes'] ?? explicit(defaults, 'control-planes', defaults.controlPlanes),
    worker: entry.workers ?? explicit(defaults, 'workers', defaults.workers),
  }
  const nodes = nodesOf(configured) ?? [
    ...Array<KindNode>(wanted['control-plane'] ?? defaults.controlPlanes).fill({ role: 'control-plane' }),
    ...Array<KindNode>(wanted.worker ?? defaults.workers).fill({ role: 'worker' }),
  ]
  for (const role of ['control-plane', 'worker'] as const) {
    const found = nodes.filter((node) => node.role === role).length
    if (wanted[role] !== undefined && wanted[role] !== found) {
      problems.add(
        `${input}.${role}s`,
        wanted[role],
        `differs from the ${String(found)} of that role among the config's nodes; give one of the two`,
      )
    }
  }
  return {
    input,
    ...(entry.name !== undefined && { name: entry.name }),
    families,
    networks: [...new Set(entry.network ?? [defaultNetwork])],
    nodes,
    nodeMasks: nodeMasks(config, nodes),
    podSubnets: subnets('pod-subnet'),
    serviceSubnets: subnets('service-subnet'),
    ...image,
    config,
  }
}

function checkKubernetesVersion(problems: Problems, raw: RawInputs): void {
  const version = raw['kubernetes-version']
  if (version === '') return
  if (!kubernetesVersion.test(version)) problems.add('kubernetes-version', version, noKubernetesVersion)
  if (raw['node-image'] !== '') {
    problems.add('kubernetes-version', version, 'contradicts node-image; give one of the two')
  }
}

/** An entry's own image or version stands before both defaults. */
function imageOf(
  problems: Problems,
  input: string,
  entry: ClusterEntry,
  raw: RawInputs,
): Pick<ClusterRequest, 'nodeImage' | 'kubernetesVersion'> {
  const own = entry['node-image'] !== undefined || entry['kubernetes-version'] !== undefined
  const nodeImage = own ? entry['node-image'] : raw['node-image'] || undefined
  const version = own ? entry['kubernetes-version'] : raw['kubernetes-version'] || undefined
  if (own && nodeImage !== undefined && version !== undefined) {
    problems.add(`${input}.kubernetes-version`, version, 'contradicts node-image; give one of the two')
  }
  if (nodeImage !== undefined) return { nodeImage }
  return version === undefined ? {} : { kubernetesVersion: version.replace(/^v/, '') }
}

/** A default for every cluster counts as asked for only when it is not the built-in one. */
function explicit(defaults: Defaults, name: InputName, value: number): number | undefined {
  return defaults.raw[name] === inputs[name].default ? undefined : value
}

function parseKindConfig(problems: Problems, input: string, value: string | Record<string, unknown>): KindConfig {
  const config = typeof value === 'string' ? parseYaml(problems, input, value) : value
  if (config === undefined) return {}
  const found = checkKindConfig(config)
  for (const { path, value: given, message } of found)
    problems.add(path === '' ? input : `${input}.${path}`, given, message)
  return found.length === 0 ? (config as KindConfig) : {}
}

function parseYaml(problems: Problems, input: string, value: string): unknown {
  const document = parseDocument(value, { prettyErrors: true })
  try {
    const [error] = document.errors
    if (error !== undefined) throw error
    // throws for an alias without its anchor
    return document.toJS() as unknown
  } catch (error) {
    problems.add(input, undefined, `is no YAML: ${messageOf(error).trim()}`)
    return undefined
  }
}

function familiesOf(problems: Problems, name: InputName, value: string): readonly Family[] {
  const known = ipFamilyNames.find((each) => each === value)
  if (known === undefined) problems.add(name, value, noIpFamily)
  return ipFamilies[known ?? 'ipv4']
}

/** Subnets separated by commas, as kind takes them: at most one of each of those families. */
function parseSubnets(problems: Problems, input: string, value: string, wanted: readonly Family[]): Cidr[] {
  const found: Cidr[] = []
  for (const text of value.split(',').map((part) => part.trim())) {
    const subnet = problems.attempt(input, text, () => parseCidr(text))
    if (subnet === undefined) continue
    const { family } = subnet
    if (!wanted.includes(family)) {
      problems.add(input, text, `is ${familyNames[family]}, the cluster is not; give another subnet, or ip-family dual`)
    } else if (found.some((other) => other.family === family)) {
      problems.add(input, text, `is a second subnet of ${familyNames[family]}; give at most one of each address family`)
    } else {
      found.push(subnet)
    }
  }
  return found
}

const familyNames: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }

/** The supernet of each family; what is not given keeps its default. */
function supernets(
  problems: Problems,
  name: 'pod-supernet' | 'service-supernet',
  raw: RawInputs,
): Record<Family, Cidr> {
  const given = [inputs[name].default, raw[name]].flatMap((value) => parseSubnets(problems, name, value, families))
  return Object.fromEntries(given.map((subnet) => [subnet.family, subnet])) as Record<Family, Cidr>
}

function dockerNetwork(problems: Problems, raw: RawInputs): Pick<Request, 'dockerNetwork'> {
  const name = raw['docker-network']
  if (name === '') return {}
  if (['bridge', 'host', 'none'].includes(name)) {
    problems.add(
      'docker-network',
      name,
      "is one of Docker's own, which do not resolve names of containers; name another",
    )
  } else if (!/^[a-zA-Z0-9][\w.-]+$/.test(name)) {
    problems.add('docker-network', name, 'is no name of a Docker network; use letters, digits, _, . and -')
  }
  return { dockerNetwork: name }
}

function crossClusterDns(problems: Problems, raw: RawInputs): boolean {
  const wanted = yesOrNo(problems, 'cross-cluster-dns', raw)
  if (wanted && raw['route-services'].toLowerCase() === 'false') {
    problems.add(
      'cross-cluster-dns',
      'true',
      'needs route-services: a cluster asks the DNS service of the other; give one of the two',
    )
  }
  return wanted
}

function wholeNumber(problems: Problems, name: InputName, raw: RawInputs, least: number): number {
  const value = raw[name]
  if (/^\d{1,4}$/.test(value) && Number(value) >= least) return Number(value)
  problems.add(name, value, `is no number of nodes; give a whole number from ${String(least)} to 9999`)
  return least
}

/** Versions as users write them: `v0.33.0`, `0.33`, `>=0.30 <0.34`. */
function tool(problems: Problems, name: 'kind' | 'kubectl', raw: RawInputs): ToolRequest {
  const version = raw[`${name}-version`]
  const sha256 = raw[`${name}-sha256`].toLowerCase()
  const isRange = validRange(version) !== null
  if (!isRange) {
    problems.add(`${name}-version`, version, 'is no version; give one such as 1.2.3, 1.2 or ">=1.2 <1.4"')
  }
  if (!/^([0-9a-f]{64})?$/.test(sha256)) {
    problems.add(`${name}-sha256`, sha256, 'is no SHA-256; give its 64 hexadecimal digits')
  }
  if (sha256 !== '' && isRange && valid(version) === null) {
    problems.add(`${name}-sha256`, sha256, `belongs to one version; give ${name}-version too, such as 1.2.3`)
  }
  return { ...(version !== '' && isRange && { version }), ...(sha256 !== '' && { sha256 }) }
}

function downloadMirror(problems: Problems, raw: RawInputs): Pick<Request, 'downloadMirror'> {
  const address = raw['download-mirror']
  if (address === '') return {}
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    problems.add('download-mirror', address, 'is no address; give one such as https://mirror.example.com/tools')
    return {}
  }
  return { downloadMirror: address.replace(/\/+$/, '') }
}

function registryMirror(problems: Problems, raw: RawInputs): Pick<Request, 'registryMirror'> {
  const mirror = raw['registry-mirror'].replace(/\/+$/, '')
  if (mirror === '') return {}
  const [host = '', ...path] = mirror.split('/')
  const isHost = host === 'localhost' || /^[a-z0-9][a-z0-9.-]*(\.[a-z0-9-]+|:\d+)$/i.test(host)
  if (!isHost || !path.every((part) => /^[a-z0-9]+([._-]+[a-z0-9]+)*$/.test(part))) {
    problems.add(
      'registry-mirror',
      raw['registry-mirror'],
      'is no registry; give its host, and a path if need be, without https://: mirror.example.com/hub',
    )
    return {}
  }
  return { registryMirror: mirror }
}

function oneOf<T extends string>(problems: Problems, name: InputName, raw: RawInputs, known: readonly T[]): T {
  const value = known.find((each) => each === raw[name].toLowerCase())
  if (value === undefined) problems.add(name, raw[name], `is unknown here; give one of ${known.join(', ')}`)
  return value ?? (inputs[name].default as T)
}

function lines(value: string): string[] {
  return [...new Set(value.split('\n').map((line) => line.trim()))].filter((line) => line !== '')
}

function yesOrNo(problems: Problems, name: InputName, raw: RawInputs): boolean {
  const value = raw[name]
  if (!/^(true|false)$/i.test(value)) problems.add(name, value, 'is neither true nor false; give one of them')
  return value.toLowerCase() === 'true'
}

/** A duration as kind and Go write it, in seconds: `90s`, `5m`, `1h30m`; a bare number is seconds. */
function duration(problems: Problems, name: InputName, raw: RawInputs): number {
  const value = raw[name]
  const match = /^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s?)?$/.exec(value)
  const seconds = match === null ? 0 : Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)
  if (seconds > 0) return seconds
  problems.add(name, value, 'is no duration; give one such as 90s, 5m or 1h30m')
  return 0
}
