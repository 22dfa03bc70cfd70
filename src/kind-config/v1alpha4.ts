import { isIP } from 'node:net'
import * as z from 'zod'
import {
  longestDomain,
  longestImage,
  longestLabel,
  longestPath,
  longestSubnets,
  mostItems,
  tooLong,
  tooMany,
} from '../model/bounds.js'
import { hintFor } from '../model/suggest-key.js'
import { isYamlMap, templateIn, toPlain, unfilled, YamlScalar, type YamlMap, type YamlValue } from './read-yaml.js'

/** A kind config or a part of one, as kind 0.33 declares it (`pkg/apis/config/v1alpha4/types.go`). */
export interface KindConfig {
  readonly kind?: string
  readonly apiVersion?: string
  readonly name?: string
  readonly nodes?: readonly ConfiguredNode[]
  readonly networking?: Networking
  readonly featureGates?: Readonly<Record<string, boolean>>
  readonly runtimeConfig?: Readonly<Record<string, string>>
  /** Each is YAML: documents to merge into kubeadm's config. */
  readonly kubeadmConfigPatches?: readonly string[]
  readonly kubeadmConfigPatchesJSON6902?: readonly JsonPatch[]
  /** Each is TOML. */
  readonly containerdConfigPatches?: readonly string[]
  /** Each is a list of operations in JSON. */
  readonly containerdConfigPatchesJSON6902?: readonly string[]
}

export interface Networking {
  readonly ipFamily?: 'ipv4' | 'ipv6' | 'dual'
  /** 0 leaves the choice to kind, and -1 to the engine. */
  readonly apiServerPort?: number
  readonly apiServerAddress?: string
  /** One subnet, or one of each family separated by a comma. */
  readonly podSubnet?: string
  readonly serviceSubnet?: string
  readonly disableDefaultCNI?: boolean
  readonly kubeProxyMode?: 'iptables' | 'ipvs' | 'nftables' | 'none'
  readonly dnsSearch?: readonly string[]
}

/** A node of a kind config. One without a role is a control plane. */
export interface ConfiguredNode {
  readonly role?: 'control-plane' | 'worker'
  readonly image?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly extraMounts?: readonly Mount[]
  readonly extraPortMappings?: readonly PortMapping[]
  readonly kubeadmConfigPatches?: readonly string[]
  readonly kubeadmConfigPatchesJSON6902?: readonly JsonPatch[]
}

interface Mount {
  readonly containerPath?: string
  readonly hostPath?: string
  readonly readOnly?: boolean
  readonly selinuxRelabel?: boolean
  readonly propagation?: 'None' | 'HostToContainer' | 'Bidirectional'
}

export interface PortMapping {
  readonly containerPort?: number
  /** 0 leaves the choice to kind, and -1 to the engine. */
  readonly hostPort?: number
  readonly listenAddress?: string
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
}

/** JSON patch (RFC 6902) of one of kubeadm's documents. */
export interface JsonPatch {
  readonly group?: string
  readonly version?: string
  readonly kind?: string
  /** A list of operations as YAML or JSON. */
  readonly patch?: string
}

/** The version of kind's config that there is. */
export const apiVersion = 'kind.x-k8s.io/v1alpha4'

/** What is wrong at a place in a kind config: `nodes[1].role`, or '' for the config itself. */
export interface ConfigProblem {
  readonly path: string
  readonly value: unknown
  readonly message: string
}

type Read<T> = (value: unknown, refuse: (message: string) => never) => T

/** A value whose type decides how it is read, as Go's YAML does it (go.yaml.in/yaml/v3, `decode.go`). */
function typed<T>(read: Read<T>) {
  return z.unknown().transform((value, context): T => {
    try {
      return read(value, (message): never => {
        throw new Refusal(message)
      })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      context.issues.push({ code: 'custom', message: error.message, input: value })
      return z.NEVER
    }
  })
}

class Refusal extends Error {}

/** Any scalar, by its text: a label 1.30 is '1.30'. */
const readTextUpTo =
  (most: number): Read<string> =>
  (value, refuse) => {
    if (!(value instanceof YamlScalar)) return refuse('must be a string')
    const template = templateIn(value.text)
    const problem = tooLong(value.text, most) ?? (template === undefined ? undefined : unfilled(template))
    return problem === undefined ? value.text : refuse(problem)
  }
const readText = readTextUpTo(longestPath)
const text = typed(readText)
const textUpTo = (most: number) => typed(readTextUpTo(most))

/** A text that is handed on to another parser, and may hold what looks like a template. */
const patchText = typed<string>((value, refuse) =>
  value instanceof YamlScalar
    ? value.text
    : refuse('must be a string: write "|" behind the dash, so that it stays text'),
)

const yes = ['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']
const no = ['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF']

const boolean = typed<boolean>((value, refuse) => {
  if (value instanceof YamlScalar) {
    if (typeof value.value === 'boolean') return value.value
    if (typeof value.value === 'string' && yes.includes(value.value)) return true
    if (typeof value.value === 'string' && no.includes(value.value)) return false
  }
  return refuse(unfilledOr(value, 'must be true or false'))
})

/** -1 leaves the choice to the engine, and 0 to kind. */
const port = (least: number, remedy: string) =>
  typed<number>((value, refuse) => {
    const number = value instanceof YamlScalar ? value.value : undefined
    if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= 65535) return number
    const quoted = typeof number === 'string' && /^\d+$/.test(number)
    return refuse(
      unfilledOr(value, quoted ? 'is a string; write the port without quotes' : `is not a port; use ${remedy}`),
    )
  })
const hostPort = port(-1, '1 to 65535, or 0 for any that is free')
const containerPort = port(1, '1 to 65535')

function unfilledOr(value: unknown, message: string): string {
  const template = value instanceof YamlScalar ? templateIn(value.text) : undefined
  return template === undefined ? message : unfilled(template)
}

/** One of these words; an empty text counts as not given, as in kind's own defaults. */
function oneOf<T extends string>(words: readonly T[], normal = (word: string) => word) {
  return typed<T | ''>((value, refuse) => {
    const word = normal(readText(value, refuse))
    if (word === '') return ''
    return words.find((each) => each === word) ?? refuse(`must be one of ${words.join(', ')}`)
  }).transform((word) => (word === '' ? undefined : word))
}

/** The only word that is right. */
const literally = (word: string) =>
  typed<string>((value, refuse) => {
    const given = readText(value, refuse)
    return given === '' || given === word ? given : refuse(`must be ${word}`)
  })

/** One subnet, or several separated by commas; which ones go together is decided elsewhere. */
const subnets = typed<string>((value, refuse) => {
  const given = readTextUpTo(longestSubnets)(value, refuse)
  return /\s/.test(given) ? refuse('contains a blank; write subnets with a comma between them and nothing else') : given
})

const absolutePath = typed<string>((value, refuse) => {
  const path = readText(value, refuse)
  return path.startsWith('/') ? path : refuse('must be an absolute path in the node, such as /data')
})

const address = typed<string>((value, refuse) => {
  const given = readText(value, refuse)
  return given === '' || isIP(given) !== 0 ? given : refuse('is not an IP address; use one such as 127.0.0.1')
})

/** Items that are empty count for nothing. */
function list(item: z.ZodType) {
  return z
    .array(item.nullable(), 'must be a list; write "- " before each item')
    .max(mostItems, { error: ({ input }) => tooMany(input as unknown[], mostItems), abort: true })
    .transform((items) => items.filter((each) => each !== null))
}

/** A map from names to values; kind gives an empty value the zero of its type. */
function mapOf<T>(value: z.ZodType<T>, zero: T) {
  return z
    .preprocess(withoutScalar, z.record(z.string(), value.nullable(), mustBeMap))
    .transform((map) => Object.fromEntries(Object.entries(map).map(([key, each]) => [key, each ?? zero])))
}

/** A scalar is an object of ours, and no map. */
function withoutScalar(value: unknown): unknown {
  return value instanceof YamlScalar ? value.value : value
}

const mustBeMap = 'must be a map; write "name: value", one a line'

/** A map of known settings; those that are empty count as not given, as in Go. */
function settings<T extends object>(shape: Readonly<Record<keyof T, z.ZodType>>): z.ZodType<T> {
  const optional = Object.fromEntries(Object.entries<z.ZodType>(shape).map(([key, type]) => [key, type.nullish()]))
  const strict = z.strictObject(optional, {
    error: (issue) => (issue.code === 'invalid_type' ? mustBeMap : undefined),
  })
  return z
    .preprocess(withoutScalar, strict)
    .transform((value) =>
      Object.fromEntries(
        Object.entries(value).filter(([, each]) => each !== null && each !== undefined && each !== ''),
      ),
    ) as unknown as z.ZodType<T>
}

const missing = 'is missing; give it'

/** A map in which a setting may not be left out. */
function requiring<T extends object>(type: z.ZodType<T>, setting: keyof T & string): z.ZodType<T> {
  return type.superRefine((value, context) => {
    if (value[setting] === undefined) context.addIssue({ code: 'custom', path: [setting], message: missing })
  })
}

const mountShape = {
  containerPath: absolutePath,
  hostPath: text,
  readOnly: boolean,
  selinuxRelabel: boolean,
  propagation: oneOf(['None', 'HostToContainer', 'Bidirectional']),
}

const portMappingShape = {
  containerPort,
  hostPort,
  listenAddress: address,
  protocol: oneOf(['TCP', 'UDP', 'SCTP'], (word) => word.toUpperCase()),
}

const json6902Shape = { group: text, version: text, kind: text, patch: patchText }

const nodeRole = oneOf(['control-plane', 'worker'])

const nodeShape = {
  role: nodeRole,
  image: textUpTo(longestImage),
  labels: mapOf(textUpTo(longestLabel), ''),
  extraMounts: list(requiring(settings<Mount>(mountShape), 'containerPath')),
  extraPortMappings: list(requiring(settings<PortMapping>(portMappingShape), 'containerPort')),
  kubeadmConfigPatches: list(patchText),
  kubeadmConfigPatchesJSON6902: list(settings<JsonPatch>(json6902Shape)),
}

const networkingShape = {
  ipFamily: oneOf(['ipv4', 'ipv6', 'dual']),
  apiServerPort: hostPort,
  apiServerAddress: address,
  podSubnet: subnets,
  serviceSubnet: subnets,
  disableDefaultCNI: boolean,
  kubeProxyMode: oneOf(['iptables', 'ipvs', 'nftables', 'none']),
  dnsSearch: list(textUpTo(longestDomain)),
}

const clusterShape = {
  kind: literally('Cluster'),
  apiVersion: literally(apiVersion),
  name: textUpTo(longestLabel),
  nodes: list(settings<ConfiguredNode>(nodeShape)),
  networking: settings<Networking>(networkingShape),
  featureGates: mapOf(boolean, false),
  runtimeConfig: mapOf(text, ''),
  kubeadmConfigPatches: list(patchText),
  kubeadmConfigPatchesJSON6902: list(settings<JsonPatch>(json6902Shape)),
  containerdConfigPatches: list(patchText),
  containerdConfigPatchesJSON6902: list(patchText),
}

const cluster = settings<KindConfig>(clusterShape)

/** The maps of known settings, by their place without numbers, with what to call them and how to get there. */
const places: Readonly<Record<string, { shape: z.ZodRawShape; name: string; where: string }>> = {
  '': { shape: clusterShape, name: 'a setting of a kind config', where: 'the top of the config' },
  networking: { shape: networkingShape, name: 'a networking setting', where: 'networking' },
  nodes: { shape: nodeShape, name: 'a node setting', where: 'an item of nodes' },
  'nodes.extraMounts': { shape: mountShape, name: 'a mount setting', where: 'an item of extraMounts' },
  'nodes.extraPortMappings': {
    shape: portMappingShape,
    name: 'a port mapping setting',
    where: 'an item of extraPortMappings',
  },
  'nodes.kubeadmConfigPatchesJSON6902': { shape: json6902Shape, name: 'a setting of a JSON patch', where: '' },
  kubeadmConfigPatchesJSON6902: { shape: json6902Shape, name: 'a setting of a JSON patch', where: '' },
}

/**
 * Reads a kind config as strictly as kind does (`pkg/internal/apis/config/encoding`), whose decoder takes no unknown
 * field and no value of another type.
 * @returns the config without what was left empty, or everything that is wrong with it
 */
export function decodeKindConfig(value: YamlValue): { config: KindConfig } | { problems: readonly ConfigProblem[] } {
  if (value === null) return { config: {} }
  if (!isYamlMap(value)) {
    const message = 'is not a kind config; write a YAML map, such as "networking: {…}"'
    return { problems: [{ path: '', value: toPlain(value), message }] }
  }
  const { success, data, error } = cluster.safeParse(value)
  if (success) return { config: data }
  // a setting that is missing because its name is misspelt is told once
  const misspelt = error.issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => pathOf(path))
  const placed = error.issues
    .filter(({ path, message }) => message !== missing || !misspelt.includes(pathOf(path.slice(0, -1))))
    .flatMap((issue) => problemsOf(value, issue))
  return { problems: placed.sort((one, other) => compare(one.position, other.position)).map(({ problem }) => problem) }
}

interface PlacedProblem {
  /** How many keys or items stand before it, level by level. */
  readonly position: readonly number[]
  readonly problem: ConfigProblem
}

/** In the order in which they were written. */
function compare(one: readonly number[], other: readonly number[]): number {
  const index = one.findIndex((place, level) => place !== other[level])
  return index < 0 ? one.length - other.length : (one[index] ?? 0) - (other[index] ?? -1)
}

function problemsOf(config: YamlMap, issue: z.core.$ZodIssue): PlacedProblem[] {
  const path = pathOf(issue.path)
  if (issue.code === 'unrecognized_keys') {
    const place = issue.path.filter((step) => typeof step === 'string').join('.')
    return issue.keys.map((key) => {
      const message = `is not ${places[place]?.name ?? 'known'}; ${remedyFor(key, place)}`
      const problem = { path: path === '' ? key : `${path}.${key}`, value: undefined, message }
      return { position: positionOf(config, [...issue.path, key]), problem }
    })
  }
  const given = issue.path.reduce(valueAt, config)
  const value = given === undefined ? undefined : toPlain(given)
  return [{ position: positionOf(config, issue.path), problem: { path, value, message: issue.message } }]
}

function valueAt(of: YamlValue | undefined, step: PropertyKey): YamlValue | undefined {
  return (of as Readonly<Record<PropertyKey, YamlValue>> | undefined)?.[step]
}

function positionOf(config: YamlMap, path: readonly PropertyKey[]): number[] {
  return path.map((step, level) =>
    typeof step === 'number' ? step : (placesIn(path.slice(0, level).reduce(valueAt, config)).get(String(step)) ?? -1),
  )
}

/** The place of each key, counted once for a map, which may have thousands of wrong ones. */
const knownPlaces = new WeakMap<object, ReadonlyMap<string, number>>()

function placesIn(map: YamlValue | undefined): ReadonlyMap<string, number> {
  if (!isYamlMap(map)) return new Map()
  const known = knownPlaces.get(map) ?? new Map(Object.keys(map).map((key, index) => [key, index]))
  knownPlaces.set(map, known)
  return known
}

/** `nodes[1].labels.zone` */
function pathOf(steps: readonly PropertyKey[]): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${String(step)}]`
    return path === '' ? String(step) : `${path}.${String(step)}`
  }, '')
}

/** Where a key belongs that is known elsewhere, or else what may have been meant. */
function remedyFor(key: string, place: string): string {
  const own = places[place]?.shape ?? {}
  if (Object.hasOwn(clusterShape, key)) return `it belongs one level up, beside ${place.split('.')[0] ?? ''}`
  const elsewhere = Object.values(places).find(({ shape, where }) => where !== '' && Object.hasOwn(shape, key))
  return elsewhere === undefined ? hintFor(key, Object.keys(own)) : `it belongs to ${elsewhere.where}`
}
