import { closest, distance } from 'fastest-levenshtein'
import { parseDocument } from 'yaml'
import * as z from 'zod'
import { messageOf } from '../errors.js'
import { parseCidr, type Cidr } from './cidr.js'
import { inputs, type InputName, type RawInputs } from './inputs.js'
import { checkKindConfig, mergeKindConfigs, nodesOf, type KindConfig, type KindNode } from './kind-config.js'
import type { Problems } from './problems.js'

/** One cluster as asked for; subnets that are left out are allotted by the plan. */
export interface ClusterRequest {
  /** Where it was given, for messages: `clusters[0]`. */
  readonly input: string
  readonly name: string
  readonly nodes: readonly KindNode[]
  readonly podSubnet?: Cidr
  readonly serviceSubnet?: Cidr
  readonly nodeImage?: string
  /** Merged kind config, without nodes. */
  readonly config: KindConfig
}

/** What the user asked for, read strictly. */
export interface Request {
  readonly clusters: readonly ClusterRequest[]
  readonly podSupernet: Cidr
  readonly serviceSupernet: Cidr
  readonly waitSeconds: number
  readonly routeServices: boolean
  readonly preserveSourceIp: boolean
  readonly verify: boolean
  /** Path of the merged kubeconfig, when the user named one. */
  readonly kubeconfig?: string
  readonly cleanup: boolean
}

const text = z.string('is no text; give a string')
const count = (least: number) => {
  const remedy = `is no number of nodes; give a whole number from ${String(least)}, without quotes`
  return z.int(remedy).min(least, remedy)
}

const clusterEntry = z.preprocess(
  (value) => (typeof value === 'string' ? { name: value } : value),
  z.strictObject(
    {
      name: text.optional(),
      workers: count(0).optional(),
      'control-planes': count(1).optional(),
      'pod-subnet': text.optional(),
      'service-subnet': text.optional(),
      'node-image': text.min(1, 'is empty; name an image or leave it out').optional(),
      config: z.union([z.string(), z.record(z.string(), z.unknown())], 'is no kind config; give a YAML map').optional(),
    },
    {
      error: (issue) =>
        issue.code === 'invalid_type' ? 'is no cluster; give a name or a map with name, workers, …' : undefined,
    },
  ),
)

type ClusterEntry = z.infer<typeof clusterEntry>
const entryKeys = Object.keys(clusterEntry.out.shape)

/**
 * Reads the inputs. What cannot be read is added to the problems and stands in the request as if it had not been
 * given, so that the plan can find what else is wrong.
 */
export function parseRequest(raw: RawInputs, problems: Problems): Request {
  const workers = wholeNumber(problems, 'workers', raw, 0)
  const controlPlanes = wholeNumber(problems, 'control-planes', raw, 1)
  const sharedConfig = raw.config === '' ? {} : parseKindConfig(problems, 'config', raw.config)
  const entries = parseClusters(problems, raw.clusters)
  // an entry that cannot be read keeps its place, or the problems of those behind it would name the wrong one
  const clusters = entries.flatMap((entry, index) =>
    entry === undefined
      ? []
      : [toCluster(problems, entry, index, { raw, workers, controlPlanes, config: sharedConfig })],
  )
  return {
    clusters,
    podSupernet: supernet(problems, 'pod-supernet', raw),
    serviceSupernet: supernet(problems, 'service-supernet', raw),
    waitSeconds: duration(problems, 'wait', raw),
    routeServices: yesOrNo(problems, 'route-services', raw),
    preserveSourceIp: yesOrNo(problems, 'preserve-source-ip', raw),
    verify: yesOrNo(problems, 'verify', raw),
    cleanup: yesOrNo(problems, 'cleanup', raw),
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
  return list.map((item: unknown, index) => {
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
      const near = closest(key, entryKeys)
      const hint =
        distance(key, near) <= Math.max(2, key.length / 3)
          ? `did you mean ${near}?`
          : `known are ${entryKeys.join(', ')}`
      problems.add(`${input}.${key}`, undefined, `is no key of a cluster; ${hint}`)
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
  readonly config: KindConfig
}

function toCluster(problems: Problems, entry: ClusterEntry, index: number, defaults: Defaults): ClusterRequest {
  const input = `clusters[${String(index)}]`
  const subnet = (key: 'pod-subnet' | 'service-subnet'): Cidr | undefined => {
    const value = entry[key]
    return value === undefined ? undefined : problems.attempt(`${input}.${key}`, value, () => parseCidr(value))
  }
  const podSubnet = subnet('pod-subnet')
  const serviceSubnet = subnet('service-subnet')
  const nodeImage = entry['node-image'] ?? (defaults.raw['node-image'] || undefined)
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
    name: entry.name ?? `cluster${String(index + 1)}`,
    nodes,
    ...(podSubnet && { podSubnet }),
    ...(serviceSubnet && { serviceSubnet }),
    ...(nodeImage !== undefined && { nodeImage }),
    config,
  }
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

function supernet(problems: Problems, name: 'pod-supernet' | 'service-supernet', raw: RawInputs): Cidr {
  return problems.attempt(name, raw[name], () => parseCidr(raw[name])) ?? parseCidr(inputs[name].default)
}

function wholeNumber(problems: Problems, name: InputName, raw: RawInputs, least: number): number {
  const value = raw[name]
  if (/^\d{1,4}$/.test(value) && Number(value) >= least) return Number(value)
  problems.add(name, value, `is no number of nodes; give a whole number from ${String(least)} to 9999`)
  return least
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
