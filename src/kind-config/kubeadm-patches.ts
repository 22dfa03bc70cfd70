import type { Operation } from 'rfc6902'
import { shortMessageOf } from '../errors.js'
import { families, type Family } from '../model/cidr.js'
import { shorten } from '../shorten.js'
import {
  argument,
  argumentsOf,
  at,
  clusterConfiguration,
  isMap,
  kubeadmVersions,
  mergeKubeadm,
  patchJson,
  type Json,
} from './kubeadm-config.js'
import { isYamlMap, readYaml, toPlain, YamlError } from './read-yaml.js'
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
    ...merge.flatMap(({ place, text }) => {
      const patches = attempt(() => mergePatchesIn(text))
      return patches instanceof YamlError ? problemOf(place, patches) : problemOf(place, skippedAddon(patches))
    }),
    ...json.flatMap((patch) =>
      problemOf(
        `${patch.place}.patch`,
        attempt(() => operationsIn(patch)),
      ),
    ),
  ])
}

/** What a cluster cannot do without: kube-proxy serves ClusterIPs, and the check asks with CoreDNS. */
function skippedAddon(patches: readonly Json[]): YamlError | undefined {
  const phases = patches
    .filter(({ kind }) => kind === 'InitConfiguration')
    .flatMap(({ skipPhases }) => (Array.isArray(skipPhases) ? (skipPhases as unknown[]) : []))
  const phase = phases.find((each) => ['addon', 'addon/kube-proxy', 'addon/coredns'].includes(String(each)))
  return phase === undefined
    ? undefined
    : new YamlError(`skips the phase ${String(phase)}, without which the clusters cannot be connected; leave it out`)
}

function attempt<T>(read: () => T): T | YamlError {
  try {
    return read()
  } catch (error) {
    if (error instanceof YamlError) return error
    throw error
  }
}

function mergePatchesIn(text: string): Json[] {
  return documentsIn(text).flatMap((part) => {
    const document = readYaml(part)
    if (document === null) return []
    if (!isYamlMap(document))
      throw new YamlError('must be a map with the kind that it patches, such as ClusterConfiguration')
    return [toPlain(document) as Json]
  })
}

/** kind cuts a text at every line that begins with `---`, whatever else is in that line (`pkg/internal/patch/resource.go`). */
function documentsIn(text: string): string[] {
  const parts = text.split(/\n---[^\n]*\n/)
  const last = parts.pop() ?? ''
  // a separator without a line after it: kind drops what stands before it, except where it is bare
  const kept = last.replace(/\n---$/, '')
  return kept.includes('\n---') ? parts : [...parts, kept]
}

function operationsIn({ patch = '' }: JsonPatch): Operation[] {
  const operations = toPlain(readYaml(patch))
  const isList = Array.isArray(operations) && operations.every(isOperation)
  if (!isList) throw new YamlError('must be a list of operations, each with op and path (RFC 6902)')
  return operations as Operation[]
}

function isOperation(value: unknown): boolean {
  return isMap(value) && typeof value['op'] === 'string' && typeof value['path'] === 'string'
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
  const outcomes = kubeadmVersions(kubernetes).map((version) => new PatchedConfig(config, version).apply(levels))
  const all = <T extends object>(pick: (outcome: Outcome) => readonly T[]): T[] => {
    const found = outcomes.flatMap(pick)
    return found.filter(
      (one, index) => found.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === index,
    )
  }
  const misfits = outcomes.flatMap((outcome, index) =>
    outcome.misfits.filter(
      ({ place }) =>
        // a patch may fit one version of kubeadm's config and not the other
        outcomes.every((other) => !other.applied.has(place) || fitsNot(other, place)) &&
        // of a place, what is wrong in one version is enough
        !outcomes.slice(0, index).some((earlier) => fitsNot(earlier, place)),
    ),
  )
  return {
    podSubnets: all(({ podSubnets }) => podSubnets),
    serviceSubnets: all(({ serviceSubnets }) => serviceSubnets),
    nodeMasks: all(({ nodeMasks }) => nodeMasks),
    problems: [...misfits, ...all(({ problems }) => problems)],
  }
}

function fitsNot({ misfits }: Outcome, place: string): boolean {
  return misfits.some((misfit) => misfit.place === place)
}

const components = ['apiServer', 'controllerManager', 'scheduler']

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

/** What patches decide in one version of kubeadm's config. */
interface Outcome extends PatchedCluster {
  /** Places of the patches that were not skipped. */
  readonly applied: ReadonlySet<string>
  /** Patches that cannot be applied to this version. */
  readonly misfits: PatchedCluster['problems']
}

/** kubeadm's ClusterConfiguration in one of its versions while patches are applied to it. */
class PatchedConfig {
  #document: Json
  readonly #apiVersion: string
  /** Where each setting was last changed. */
  readonly #setBy = new Map<string, string>()
  readonly #applied = new Set<string>()
  readonly #misfits: PatchedCluster['problems'][number][] = []
  readonly #problems: PatchedCluster['problems'][number][] = []

  constructor(
    config: KindConfig,
    private readonly version: string,
  ) {
    // without the subnets that were given: a patch that repeats one of them sets it all the same
    const { apiServerAddress, ipFamily } = config.networking ?? {}
    const networking = { ...(apiServerAddress && { apiServerAddress }), ...(ipFamily && { ipFamily }) }
    this.#document = clusterConfiguration({ ...config, networking }, version)
    this.#apiVersion = `kubeadm.k8s.io/${version}`
  }

  apply(levels: readonly KubeadmPatches[]): Outcome {
    for (const { merge, json } of levels) {
      for (const patch of merge) this.#merge(patch)
      for (const patch of json) this.#patch(patch)
    }
    this.#checkRemoved()
    this.#checkAllocation()
    return {
      podSubnets: this.#settings('networking.podSubnet', 'cluster-cidr of the controller manager'),
      serviceSubnets: this.#settings(
        'networking.serviceSubnet',
        'service-cluster-ip-range of the controller manager',
        'service-cluster-ip-range of the API server',
      ),
      nodeMasks: maskFlags.flatMap(([flag, of]) =>
        this.#settings(flag).map((setting) => ({ ...setting, families: of })),
      ),
      problems: this.#problems,
      applied: this.#applied,
      misfits: this.#misfits,
    }
  }

  #merge({ place, text }: KubeadmPatches['merge'][number]): void {
    const patches = attempt(() => mergePatchesIn(text))
    // reported by checkKubeadmPatches
    if (patches instanceof YamlError) return
    for (const patch of patches) {
      if (!this.#isFor(patch['kind'], patch['apiVersion'])) continue
      this.#change(place, (before) => mergeKubeadm(before, patch))
    }
  }

  #patch(patch: KubeadmPatches['json'][number]): void {
    const { place, kind, group = '', version = '' } = patch
    const operations = attempt(() => operationsIn(patch))
    if (operations instanceof YamlError || !this.#isFor(kind, group === '' ? version : `${group}/${version}`)) return
    this.#change(place, (before) => patchJson(before, operations))
  }

  /** kind skips patches of other kinds and versions. */
  #isFor(kind: unknown, apiVersion: unknown): boolean {
    return kind === 'ClusterConfiguration' && [undefined, null, '', this.#apiVersion].includes(apiVersion as string)
  }

  #change(place: string, change: (before: Json) => Json): void {
    const before = this.#document
    this.#applied.add(place)
    try {
      this.#document = change(before)
    } catch (error) {
      const message = `does not fit the config that kind writes for kubeadm: ${shortMessageOf(error)}`
      this.#misfits.push({ place, message })
    }
    for (const [setting, read] of Object.entries(readings)) {
      if (read(before) !== read(this.#document)) this.#setBy.set(setting, place)
    }
    for (const key of ['apiVersion', 'kind']) {
      if (this.#document[key] === before[key]) continue
      this.#refuse(
        place,
        `changes ${key} of kubeadm's config, which kubeadm then cannot read; leave it out or write it in full`,
      )
    }
    for (const component of components) this.#checkArguments(place, before, component)
  }

  #checkArguments(place: string, before: Json, component: string): void {
    const args = at(this.#document, component, 'extraArgs')
    if (JSON.stringify(args) === JSON.stringify(at(before, component, 'extraArgs'))) return
    const isList = Array.isArray(args)
    if (args !== undefined && args !== null && isList !== (this.version === 'v1beta4')) {
      const written = isList
        ? 'a list, as Kubernetes 1.36 and later take it'
        : 'a map, as Kubernetes before 1.36 takes it'
      const message = `writes extraArgs of ${component} as ${written}; the nodes have another version`
      this.#misfits.push({ place, message })
      return
    }
    const known = argumentsOf(before, component)
    for (const { name, value } of argumentsOf(this.#document, component)) {
      const isReadable = typeof value === 'string' || value === null || value === undefined
      if (isReadable || known.some((other) => other.name === name && other.value === value)) continue
      const message = `sets ${String(name)} to ${shorten(JSON.stringify(value))}, but kubeadm takes strings only; put the value in quotes`
      this.#misfits.push({ place, message })
    }
  }

  /** What patches set, each with its value at the end. */
  #settings(...names: readonly string[]): PatchedSetting[] {
    return names.flatMap((setting) => {
      const place = this.#setBy.get(setting)
      const value = readings[setting]?.(this.#document)
      return place === undefined || value === undefined || value === null
        ? []
        : [{ place, setting, value: typeof value === 'string' ? value : JSON.stringify(value) }]
    })
  }

  #checkRemoved(): void {
    for (const setting of ['networking.podSubnet', 'networking.serviceSubnet']) {
      const place = this.#setBy.get(setting)
      if (place === undefined || this.#settings(setting).length > 0) continue
      this.#refuse(place, `removes ${setting}, which every cluster needs; leave it`)
    }
  }

  #checkAllocation(): void {
    const [allocate] = this.#settings('allocate-node-cidrs')
    if (allocate === undefined || !/^(0|f|false)$/i.test(allocate.value)) return
    const message = 'sets allocate-node-cidrs to false, so nodes get no podCIDR that routes could lead to; leave it out'
    this.#refuse(allocate.place, message)
  }

  #refuse(place: string, message: string): void {
    this.#problems.push({ place, message })
  }
}
