import { applyPatch, type Operation } from 'rfc6902'
import { messageOf } from '../errors.js'
import { families, type Family } from '../model/cidr.js'
import { isYamlMap, readDocuments, readYaml, toPlain, YamlError } from './read-yaml.js'
import type { ConfigProblem, JsonPatch, KindConfig } from './v1alpha4.js'

/** The patches of a kind config or of one of its nodes, each with the place it was given at. */
export interface KubeadmPatches {
  readonly merge: readonly { readonly place: string; readonly text: string }[]
  readonly json: readonly (JsonPatch & { readonly place: string })[]
}

/** A setting of the cluster that a patch decides. */
export interface PatchedSetting {
  readonly place: string
  /** What sets it: `networking.podSubnet`, `cluster-cidr`. */
  readonly setting: string
  readonly value: string
}

/** What patches of kubeadm's ClusterConfiguration decide of the addresses in a cluster. */
export interface PatchedCluster {
  readonly podSubnets: readonly PatchedSetting[]
  readonly serviceSubnets: readonly PatchedSetting[]
  /** Prefix lengths of a node's part of the pod subnet, by what sets them. */
  readonly nodeMasks: readonly (PatchedSetting & { readonly families: readonly Family[] })[]
  /** Patches that leave nodes without addresses for pods, or that do not fit kubeadm's config. */
  readonly problems: readonly { readonly place: string; readonly value?: unknown; readonly message: string }[]
}

/** The patches of a config, or of one of its nodes. */
export function patchesOf(
  {
    kubeadmConfigPatches = [],
    kubeadmConfigPatchesJSON6902 = [],
  }: Pick<KindConfig, 'kubeadmConfigPatches' | 'kubeadmConfigPatchesJSON6902'>,
  place: string,
): KubeadmPatches {
  return {
    merge: kubeadmConfigPatches.map((text, index) => ({
      text,
      place: `${place}.kubeadmConfigPatches[${String(index)}]`,
    })),
    json: kubeadmConfigPatchesJSON6902.map((patch, index) => ({
      ...patch,
      place: `${place}.kubeadmConfigPatchesJSON6902[${String(index)}]`,
    })),
  }
}

/** Patches that kind cannot read: it would notice when the nodes run already. */
export function checkKubeadmPatches(config: KindConfig): ConfigProblem[] {
  const all = [
    patchesOf(config, ''),
    ...(config.nodes ?? []).map((node, index) => patchesOf(node, `nodes[${String(index)}]`)),
  ]
  const problemOf = (place: string, read: unknown): ConfigProblem[] =>
    read instanceof YamlError ? [{ path: place.replace(/^\./, ''), value: undefined, message: read.message }] : []
  return all.flatMap(({ merge, json }) => [
    ...merge.flatMap(({ place, text }) =>
      problemOf(
        place,
        attempt(() => mergePatchesIn(text)),
      ),
    ),
    ...json.flatMap((patch) =>
      problemOf(
        `${patch.place}.patch`,
        attempt(() => operationsIn(patch)),
      ),
    ),
  ])
}

function attempt<T>(read: () => T): T | YamlError {
  try {
    return read()
  } catch (error) {
    if (error instanceof YamlError) return error
    throw error
  }
}

type Json = Readonly<Record<string, unknown>>

function mergePatchesIn(text: string): Json[] {
  return readDocuments(text).flatMap((document) => {
    if (document === null) return []
    if (!isYamlMap(document))
      throw new YamlError('must be a map with the kind that it patches, such as ClusterConfiguration')
    return [toPlain(document) as Json]
  })
}

function operationsIn({ patch = '' }: JsonPatch): Operation[] {
  const operations = toPlain(readYaml(patch))
  const isList = Array.isArray(operations) && operations.every((each) => isMap(each) && typeof each['op'] === 'string')
  if (!isList) throw new YamlError('must be a list of operations, each with op and path (RFC 6902)')
  return operations as Operation[]
}

/** The versions of kubeadm's config that kind writes for a version of Kubernetes (kind, `kubeadm/config.go`). */
function kubeadmVersions(kubernetes: string | undefined): string[] {
  const minor = /^v?1\.(\d+)/.exec(kubernetes ?? '')?.[1]
  if (minor === undefined) return ['v1beta4', 'v1beta3']
  if (Number(minor) >= 36) return ['v1beta4']
  return [Number(minor) >= 23 ? 'v1beta3' : 'v1beta2']
}

/**
 * Applies the patches to the config that kind generates, and reads what the cluster will have. They are applied as kind
 * does it: the cluster's merge patches, its JSON patches, then those of the node that `kubeadm init` runs on.
 * @param kubernetes version of the nodes, where it is known; else all versions count that may apply
 */
export function readKubeadmPatches(
  config: KindConfig,
  levels: readonly KubeadmPatches[],
  kubernetes: string | undefined,
): PatchedCluster {
  const outcomes = kubeadmVersions(kubernetes).map((version) => outcomeOf(config, levels, version))
  const all = <T extends object>(pick: (outcome: PatchedCluster) => readonly T[]): T[] => {
    const found = outcomes.flatMap(pick)
    return found.filter(
      (one, index) => found.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === index,
    )
  }
  const [first = { problems: [] }, ...others] = outcomes
  return {
    podSubnets: all(({ podSubnets }) => podSubnets),
    serviceSubnets: all(({ serviceSubnets }) => serviceSubnets),
    nodeMasks: all(({ nodeMasks }) => nodeMasks),
    problems: first.problems.filter(({ place }) =>
      others.every(({ problems }) => problems.some((other) => other.place === place)),
    ),
  }
}

const maskFlags: readonly (readonly [flag: string, families: readonly Family[]])[] = [
  ['node-cidr-mask-size', families],
  ['node-cidr-mask-size-ipv4', ['ipv4']],
  ['node-cidr-mask-size-ipv6', ['ipv6']],
]

/** Where kubeadm's config says something about addresses, by the name that a user knows it under. */
const readings: Readonly<Record<string, (document: Json) => unknown>> = {
  'networking.podSubnet': (document) => at(document, 'networking', 'podSubnet'),
  'networking.serviceSubnet': (document) => at(document, 'networking', 'serviceSubnet'),
  'cluster-cidr of the controller manager': argument('controllerManager', 'cluster-cidr'),
  'service-cluster-ip-range of the controller manager': argument('controllerManager', 'service-cluster-ip-range'),
  'service-cluster-ip-range of the API server': argument('apiServer', 'service-cluster-ip-range'),
  'allocate-node-cidrs': argument('controllerManager', 'allocate-node-cidrs'),
  ...Object.fromEntries(maskFlags.map(([flag]) => [flag, argument('controllerManager', flag)])),
}

function outcomeOf(config: KindConfig, levels: readonly KubeadmPatches[], version: string): PatchedCluster {
  const apiVersion = `kubeadm.k8s.io/${version}`
  let document = clusterConfiguration(config, version)
  const setBy = new Map<string, string>()
  const problems: PatchedCluster['problems'][number][] = []
  const apply = (place: string, change: (before: Json) => Json) => {
    const before = document
    try {
      document = change(before)
    } catch (error) {
      problems.push({ place, message: `does not fit the config that kind writes for kubeadm: ${messageOf(error)}` })
    }
    for (const [setting, read] of Object.entries(readings)) {
      if (read(before) !== read(document)) setBy.set(setting, place)
    }
    for (const component of ['apiServer', 'controllerManager'] as const) {
      const isList = Array.isArray(at(document, component, 'extraArgs'))
      if (isList === (version === 'v1beta4') || isList === Array.isArray(at(before, component, 'extraArgs'))) continue
      const written = isList
        ? 'a list, as Kubernetes 1.36 and later take it'
        : 'a map, as Kubernetes before 1.36 takes it'
      problems.push({
        place,
        message: `writes extraArgs of ${component} as ${written}; the nodes have another version`,
      })
    }
  }
  for (const { merge, json } of levels) {
    for (const { place, text } of merge) {
      const patches = attempt(() => mergePatchesIn(text))
      // told by checkKubeadmPatches
      if (patches instanceof YamlError) continue
      for (const patch of patches) {
        if (
          patch['kind'] !== 'ClusterConfiguration' ||
          ![undefined, '', apiVersion].includes(patch['apiVersion'] as string)
        ) {
          continue
        }
        apply(place, (before) => mergeKubeadm(before, patch))
      }
    }
    for (const patch of json) {
      const { place, kind, group = '', version: ofApi = '' } = patch
      const wanted = [group, ofApi].filter((part) => part !== '').join('/')
      const operations = attempt(() => operationsIn(patch))
      if (operations instanceof YamlError || kind !== 'ClusterConfiguration' || !['', apiVersion].includes(wanted)) {
        continue
      }
      apply(place, (before) => patchJson(before, operations))
    }
  }
  const settings = (...names: readonly string[]): PatchedSetting[] =>
    names.flatMap((setting) => {
      const place = setBy.get(setting)
      const value = readings[setting]?.(document)
      return place === undefined || value === undefined || value === null
        ? []
        : [{ place, setting, value: String(value) }]
    })
  for (const setting of ['networking.podSubnet', 'networking.serviceSubnet']) {
    const place = setBy.get(setting)
    if (place === undefined || settings(setting).length > 0) continue
    problems.push({ place, message: `removes ${setting}, which every cluster needs; leave it` })
  }
  const [allocate] = settings('allocate-node-cidrs')
  if (allocate !== undefined && /^(0|f|false)$/i.test(allocate.value)) {
    const message = 'sets allocate-node-cidrs to false, so nodes get no podCIDR that routes could lead to; leave it out'
    problems.push({ place: allocate.place, message })
  }
  return {
    podSubnets: settings('networking.podSubnet', 'cluster-cidr of the controller manager'),
    serviceSubnets: settings(
      'networking.serviceSubnet',
      'service-cluster-ip-range of the controller manager',
      'service-cluster-ip-range of the API server',
    ),
    nodeMasks: maskFlags.flatMap(([flag, of]) => settings(flag).map((setting) => ({ ...setting, families: of }))),
    problems,
  }
}

/** The ClusterConfiguration that kind generates (`pkg/cluster/internal/kubeadm/config.go`), as far as patches need it. */
export function clusterConfiguration({ networking = {}, featureGates = {} }: KindConfig, version: string): Json {
  const gates = Object.entries(featureGates)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, on]) => `${name}=${String(on)}`)
    .join()
  const extraArgs = (args: Readonly<Record<string, string>>) => {
    const given = Object.entries(args)
    if (version === 'v1beta4') return given.length === 0 ? null : given.map(([name, value]) => ({ name, value }))
    return given.length === 0 ? null : Object.fromEntries(given)
  }
  const common = gates === '' ? {} : { 'feature-gates': gates }
  const bindTo = (bindAddress: string) => (networking.ipFamily === 'ipv6' ? { 'bind-address': bindAddress } : {})
  return {
    apiVersion: `kubeadm.k8s.io/${version}`,
    kind: 'ClusterConfiguration',
    metadata: { name: 'config' },
    kubernetesVersion: '',
    clusterName: '',
    controlPlaneEndpoint: '',
    apiServer: {
      certSANs: ['localhost', networking.apiServerAddress ?? '127.0.0.1'],
      extraArgs: extraArgs({ 'runtime-config': '', ...common }),
    },
    controllerManager: { extraArgs: extraArgs({ ...common, 'enable-hostpath-provisioner': 'true', ...bindTo('::') }) },
    scheduler: { extraArgs: extraArgs({ ...common, ...bindTo('::1') }) },
    networking: { podSubnet: networking.podSubnet ?? '', serviceSubnet: networking.serviceSubnet ?? '' },
  }
}

/** A merge patch as kind applies it to kubeadm's config: arguments of v1beta4 are merged by name (kind, `kubeadm_merge.go`). */
function mergeKubeadm(target: Json, patch: Json): Json {
  const mergesByName = String(target['apiVersion']).endsWith('v1beta4')
  const walk = (own: Json, changes: Json): Json =>
    Object.fromEntries(
      [...new Set([...Object.keys(own), ...Object.keys(changes)])].flatMap((key): [string, unknown][] => {
        const [before, change] = [own[key], changes[key]]
        if (!(key in changes)) return [[key, before]]
        if (mergesByName && (key === 'extraArgs' || key === 'kubeletExtraArgs')) {
          return [[key, mergeArguments(before, argumentsIn(change, patch['apiVersion']))]]
        }
        if (change === null) return []
        return [[key, isMap(change) ? walk(isMap(before) ? before : {}, change) : change]]
      }),
    )
  return walk(target, patch)
}

type Argument = Readonly<Record<string, unknown>>

/** A map, as v1beta3 writes it, is taken only from a patch that does not say its version. */
function argumentsIn(change: unknown, apiVersion: unknown): Argument[] {
  if (Array.isArray(change)) return change.filter(isMap)
  const isOld = isMap(change) && (apiVersion === undefined || apiVersion === '')
  return isOld ? Object.entries(change).map(([name, value]) => ({ name, value })) : []
}

function mergeArguments(before: unknown, changes: readonly Argument[]): Argument[] {
  const result = Array.isArray(before) ? before.filter(isMap) : []
  for (const { name, value } of changes) {
    const index = result.findIndex((each) => each['name'] === name)
    const isGone = value === null || value === undefined
    if (index >= 0) result.splice(index, 1, ...(isGone ? [] : [{ name, value }]))
    else if (!isGone) result.push({ name, value })
  }
  return result
}

function patchJson(before: Json, operations: readonly Operation[]): Json {
  const document = structuredClone(before)
  const failure = applyPatch(document, [...operations]).find((error) => error !== null)
  if (failure !== undefined) throw failure
  return document
}

function argument(component: string, name: string): (document: Json) => unknown {
  return (document) => {
    const args = at(document, component, 'extraArgs')
    if (!Array.isArray(args)) return isMap(args) ? args[name] : undefined
    return (args as unknown[]).filter(isMap).find((each) => each['name'] === name)?.['value']
  }
}

function at(document: Json, ...steps: readonly string[]): unknown {
  return steps.reduce<unknown>((value, step) => (isMap(value) ? value[step] : undefined), document)
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
