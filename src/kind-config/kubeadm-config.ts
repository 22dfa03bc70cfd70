import { applyPatch, Pointer, type Operation } from 'rfc6902'
import { mostValues } from '../model/bounds.js'
import type { KindConfig } from './v1alpha4.js'

/** A document of kubeadm's config, or a part of one. */
export type Json = Readonly<Record<string, unknown>>

/** The versions of kubeadm's config that kind writes for a version of Kubernetes (kind, `kubeadm/config.go`). */
export function kubeadmVersions(kubernetes: string | undefined): string[] {
  const minor = /^v?1\.(\d+)/.exec(kubernetes ?? '')?.[1]
  // kind's own images are recent, so that the newer version has the last word
  if (minor === undefined) return ['v1beta3', 'v1beta4']
  if (Number(minor) >= 36) return ['v1beta4']
  return [Number(minor) >= 23 ? 'v1beta3' : 'v1beta2']
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
    // what is decided later differs from all else, so that a patch that copies it is noticed
    kubernetesVersion: 'the version',
    clusterName: 'the name',
    controlPlaneEndpoint: 'the endpoint',
    apiServer: {
      certSANs: ['localhost', networking.apiServerAddress ?? '127.0.0.1'],
      extraArgs: extraArgs({ 'runtime-config': '', ...common }),
    },
    controllerManager: { extraArgs: extraArgs({ ...common, 'enable-hostpath-provisioner': 'true', ...bindTo('::') }) },
    scheduler: { extraArgs: extraArgs({ ...common, ...bindTo('::1') }) },
    networking: {
      podSubnet: networking.podSubnet ?? 'the pod subnet',
      serviceSubnet: networking.serviceSubnet ?? 'the service subnet',
    },
  }
}

/**
 * Applies a merge patch to kubeadm's config as kind does (`pkg/internal/patch/kubeadm_merge.go`): arguments of v1beta4
 * are merged by name, and names in certificates are added.
 */
export function mergeKubeadm(target: Json, patch: Json): Json {
  const mergesByName = String(target['apiVersion']).endsWith('v1beta4')
  const valueOf = (key: string, before: unknown, change: unknown): unknown => {
    if (mergesByName && (key === 'extraArgs' || key === 'kubeletExtraArgs')) {
      return mergeArguments(before, argumentsIn(change, patch['apiVersion']))
    }
    if (key === 'certSANs') return [...new Set([...listOf(before), ...listOf(change)])]
    return isMap(change) ? merge(isMap(before) ? before : {}, change) : change
  }
  const merge = (own: Json, changes: Json): Json => {
    const changed = Object.entries(changes).map(([key, change]) => [key, valueOf(key, own[key], change)] as const)
    // null removes a setting
    const removed = changed.flatMap(([key, value]) => (value === null ? [key] : []))
    return withoutKeys(Object.fromEntries([...Object.entries(own), ...changed]), removed)
  }
  return merge(target, patch)
}

function withoutKeys(map: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)))
}

type Argument = Readonly<Record<string, unknown>>

/** A map, as v1beta3 writes it, is taken only from a patch that does not say its version. */
function argumentsIn(change: unknown, apiVersion: unknown): Argument[] {
  const isOld = isMap(change) && (apiVersion === undefined || apiVersion === '')
  return isOld ? Object.entries(change).map(([name, value]) => ({ name, value })) : listOf(change).filter(isMap)
}

function mergeArguments(before: unknown, changes: readonly Argument[]): Argument[] {
  const result = listOf(before).filter(isMap)
  for (const { name, value } of changes) {
    if (typeof name !== 'string') continue
    const index = result.findIndex((each) => each['name'] === name)
    const isGone = value === null || value === undefined
    if (index >= 0) result.splice(index, 1, ...(isGone ? [] : [{ name, value }]))
    else if (!isGone) result.push({ name, value })
  }
  return result
}

/** @throws {Error} when an operation does not fit the document, or copies so much that the document gets too large */
export function patchJson(before: Json, operations: readonly Operation[]): Json {
  const document = structuredClone(before)
  let size = sizeOf(document)
  for (const operation of operations) {
    checkPlace(document, operation)
    // each copy may double the document; values that are written out are bounded as the patch itself is
    if (operation.op === 'copy') size += sizeOf(Pointer.fromJSON(operation.from).evaluate(document).value)
    if (size > mostValues) {
      throw new Error(
        `${operation.path} is one copy too many: a config has at most ${String(mostValues)} values; copy less`,
      )
    }
    const [failure] = applyPatch(document, [operation])
    if (failure?.name === 'TestError')
      throw new Error(`the value of ${operation.path} is not the one that it tests for`)
    if (failure) throw failure
  }
  return document
}

/** How many values there are, those of a thousand characters counted as several; no further than there may be. */
function sizeOf(root: unknown): number {
  let size = 0
  const left = [root]
  while (left.length > 0 && size <= mostValues) {
    const value = left.pop()
    size += typeof value === 'string' ? 1 + Math.floor(value.length / 1000) : 1
    if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) left.push(each)
  }
  return size
}

/** rfc6902 gives lists and texts any key, which kind refuses. */
function checkPlace(document: Json, { op, path }: Operation): void {
  const { parent, key } = Pointer.fromJSON(path).evaluate(document) as { parent: unknown; key: string }
  const isAppended = key === '-' && ['add', 'copy', 'move'].includes(op)
  const hasKey = Array.isArray(parent)
    ? isAppended || (/^(0|[1-9]\d*)$/.test(key) && Number(key) <= parent.length)
    : parent === null || parent === undefined || typeof parent === 'object'
  if (!hasKey) throw new Error(`there is no ${path}`)
}

/** Reads an argument of a component. */
export function argument(component: string, name: string): (document: Json) => unknown {
  // of an argument that is there twice, the last counts
  return (document) => argumentsOf(document, component).findLast((each) => each.name === name)?.value
}

/** The arguments of a component, in either way that kubeadm's config writes them. */
export function argumentsOf(document: Json, component: string): { readonly name: unknown; readonly value: unknown }[] {
  const args = at(document, component, 'extraArgs')
  if (isMap(args)) return Object.entries(args).map(([name, value]) => ({ name, value }))
  return listOf(args)
    .filter(isMap)
    .map(({ name, value }) => ({ name, value }))
}

export function at(document: Json, ...steps: readonly string[]): unknown {
  return steps.reduce<unknown>((value, step) => (isMap(value) ? value[step] : undefined), document)
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
