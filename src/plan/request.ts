import { valid, validRange } from 'semver'
import { readOnlyDocument, YamlError, isList, type YamlValue } from '../kind-config/read-yaml.js'
import { longestWaitSeconds, mostClusters, mostNodes } from '../model/bounds.js'
import { contains, families, type Cidr, type Family } from '../model/cidr.js'
import type { Problems } from '../model/problems.js'
import { specialUse } from '../model/special-use.js'
import {
  ipFamilyNames,
  kubernetesVersion,
  notAKubernetesVersion,
  notAnIpFamily,
  readClusters,
  type ClusterEntry,
  type IpFamily,
} from './cluster-entry.js'
import {
  checkSharedByAll,
  configWarnings,
  countNodes,
  parseKindConfig,
  sourcesOf,
  toCluster,
  type ClusterRequest,
  type SharedSettings,
} from './cluster-request.js'
import { boundedImages, boundedInputs } from './bounded-inputs.js'
import type { Given } from './given.js'
import { isImageId, parseImageReference } from './image-reference.js'
import { inputs, type InputName, type RawInputs } from './inputs.js'
import { fitOneNetwork } from './node-count.js'
import { parseSubnets } from './parse-subnets.js'

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
  /** What is odd about what was given. */
  readonly warnings: readonly string[]
}

/** A tool as asked for. */
export interface ToolRequest {
  /** A range of semantic versions; without one, any will do. */
  readonly version?: string
  /** What a download must have, in lower-case hexadecimal digits. */
  readonly sha256?: string
}

export type LoadBalancer = (typeof inputs)['load-balancer']['values'][number]

/**
 * Reads the inputs. What cannot be read is added to the problems and stands in the request as if it had not been
 * given, so that the plan can find what else is wrong.
 * @param defaultKubernetes version of the nodes that get the image which kind uses itself, where that is known
 */
export function parseRequest(given: RawInputs, problems: Problems, defaultKubernetes?: string): Request {
  const raw = boundedInputs(problems, given)
  const workers = wholeNumber(problems, 'workers', raw, 0)
  const controlPlanes = wholeNumber(problems, 'control-planes', raw, 1)
  const config = raw.config === '' ? {} : parseKindConfig(problems, 'config', raw.config)
  const ipFamily = sharedIpFamily(problems, raw, config.networking?.ipFamily)
  checkKubernetesVersion(problems, raw)
  const entries = parseClusters(problems, raw.clusters)
  const shared = {
    workers,
    controlPlanes,
    ipFamily,
    ...(raw['node-image'] !== '' && { nodeImage: raw['node-image'] }),
    ...(raw['kubernetes-version'] !== '' && { kubernetesVersion: raw['kubernetes-version'] }),
    ...(defaultKubernetes !== undefined && { defaultKubernetes }),
    config,
    isOwn: entries.length === 1,
  } satisfies SharedSettings
  const warnings = [...(shared.isOwn ? [] : checkSharedByAll(problems, shared)), ...configWarnings(config, 'config')]
  // an entry that cannot be read keeps its place, or the problems of those behind it would name the wrong one
  const sources = entries.flatMap((entry, index) =>
    entry === undefined ? [] : [sourcesOf(problems, entry, index, shared)],
  )
  const clusters = fitOneNetwork(problems, sources.map(countNodes))
    ? sources.map((each) => toCluster(problems, each, warnings))
    : []
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
    images: boundedImages(problems, raw),
    registry: yesOrNo(problems, 'registry', raw),
    registryImage: registryImage(problems, raw),
    loadBalancer: oneOf(problems, 'load-balancer', raw, inputs['load-balancer'].values),
    ...dockerNetwork(problems, raw),
    ...(raw.kubeconfig !== '' && { kubeconfig: raw.kubeconfig }),
    warnings,
  }
}

function parseClusters(problems: Problems, value: string): (ClusterEntry | undefined)[] {
  if (/^\d+$/.test(value)) {
    const number = Number(value)
    if (number >= 1 && number <= mostClusters) return Array.from({ length: number }, () => ({}))
    problems.add('clusters', value, `is out of range; give a count from 1 to ${String(mostClusters)}, or a YAML list`)
    return []
  }
  const list = parseYaml(problems, 'clusters', value)
  if (list === undefined) return []
  if (list === null || !isList(list) || list.length === 0) {
    problems.add(
      'clusters',
      value,
      'is neither a count nor a YAML list; give 3, or one entry for each cluster: "- name: east"',
    )
    return []
  }
  return readClusters(problems, list)
}

function checkKubernetesVersion(problems: Problems, raw: RawInputs): void {
  const version = raw['kubernetes-version']
  if (version === '') return
  if (!kubernetesVersion.test(version)) problems.add('kubernetes-version', version, notAKubernetesVersion)
  if (raw['node-image'] !== '') {
    problems.add('kubernetes-version', version, 'contradicts node-image; give one of the two')
  }
}

function parseYaml(problems: Problems, input: string, value: string): YamlValue | undefined {
  try {
    return readOnlyDocument(value)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    problems.add(input, undefined, error.message)
    return undefined
  }
}

/** The input and the shared config say the same; the input counts as given when it is not its own default. */
function sharedIpFamily(problems: Problems, raw: RawInputs, configured: IpFamily | undefined): Given<IpFamily> {
  const place = 'ip-family'
  const value = ipFamilyNames.find((each) => each === raw[place])
  if (value === undefined) problems.add(place, raw[place], notAnIpFamily)
  const isAsked = value !== undefined && value !== inputs[place].default
  if (configured === undefined || configured === value) return { value: value ?? inputs[place].default, place }
  if (isAsked) {
    problems.add('config.networking.ipFamily', configured, `contradicts ${place} (${value}); give one of the two`)
  }
  return { value: configured, place: 'config.networking.ipFamily' }
}

/** The supernet of each family; what is not given keeps its default. */
function supernets(
  problems: Problems,
  name: 'pod-supernet' | 'service-supernet',
  raw: RawInputs,
): Record<Family, Cidr> {
  const given = [inputs[name].default, raw[name]].flatMap((value) => parseSubnets(problems, name, value, families))
  const usable = given.filter((supernet) => {
    const around = specialUse.find(({ subnet }) => contains(subnet, supernet))
    if (around === undefined) return true
    problems.add(
      name,
      supernet.text,
      `lies in ${around.name}, which no cluster can have subnets of; use another supernet`,
    )
    return false
  })
  return Object.fromEntries(usable.map((subnet) => [subnet.family, subnet])) as Record<Family, Cidr>
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

/** A default for every cluster counts as asked for only when it is not the built-in one. */
function wholeNumber(
  problems: Problems,
  name: InputName,
  raw: RawInputs,
  least: number,
): { readonly value: number; readonly isAsked: boolean } {
  const value = raw[name]
  const isAsked = value !== inputs[name].default
  const number = /^\d+$/.test(value) ? Number(value) : NaN
  if (number >= least && number <= mostNodes) return { value: number, isAsked }
  const message = `is not a number of nodes; use a whole number from ${String(least)} to ${String(mostNodes)}`
  problems.add(name, value, message)
  return { value: least, isAsked: false }
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

function registryImage(problems: Problems, raw: RawInputs): string {
  const image = raw['registry-image']
  if (!isImageId(image)) problems.attempt('registry-image', image, () => parseImageReference(image))
  return image
}

function oneOf<T extends string>(problems: Problems, name: InputName, raw: RawInputs, known: readonly T[]): T {
  const value = known.find((each) => each === raw[name].toLowerCase())
  if (value === undefined) problems.add(name, raw[name], `is unknown here; give one of ${known.join(', ')}`)
  return value ?? (inputs[name].default as T)
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
  if (seconds > 0 && seconds <= longestWaitSeconds) return seconds
  problems.add(
    name,
    value,
    seconds > 0
      ? `is too long; wait at most ${String(longestWaitSeconds / 3600)}h`
      : 'is no duration; give one such as 90s, 5m or 1h30m',
  )
  return 0
}
