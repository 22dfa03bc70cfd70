import fc, { type Arbitrary } from 'fast-check'
import { stringify } from 'yaml'
import type { GivenInputs, InputName } from '../../src/plan/inputs.js'
import { anyKindConfig } from '../e2e/support/any-kind-config.js'
import { noSubnet, podSubnets, serviceSubnets, subnet, type Family } from './any-subnet.js'
import { anyDocument, damagedText, garbage, piece, wild, withWrongValues } from './any-text.js'

/** What a cluster must become when its entry is taken as it is. */
export interface Wanted {
  readonly name?: string
  readonly controlPlanes: number
  readonly workers: number
  readonly families: readonly Family[]
  readonly networks: readonly string[]
  readonly podSubnet?: string
  readonly serviceSubnet?: string
  /** Prefix length of a node's part of the pod subnet. */
  readonly nodeMasks: Readonly<Record<Family, number>>
}

export interface AnyInputs {
  readonly given: GivenInputs
  /** The clusters, where the inputs say nothing else and nothing is wrong in them. */
  readonly wanted?: readonly Wanted[]
}

const familiesOf = { ipv4: ['ipv4'], ipv6: ['ipv6'], dual: ['ipv4', 'ipv6'] } as const
type IpFamily = keyof typeof familiesOf
const ipFamily = fc.constantFrom<IpFamily[]>('ipv4', 'ipv6', 'dual')

/** Present once in so many times. */
function seldom<T>(times: number, arbitrary: Arbitrary<T>): Arbitrary<T | undefined> {
  return fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
}

const names = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z]{2}[a-z0-9-]{0,6}[a-z0-9]$/) },
  { weight: 1, arbitrary: fc.constantFrom('east', 'a', 'cluster2', 'a-control-plane', 'x'.repeat(49)) },
)
const wrongNames = fc.oneof(fc.constantFrom('East', '-a', 'a-', 'a.b', 'a_b', 'x'.repeat(64), 'a b', 'ünï'), piece)
const images = fc.constantFrom(
  ...['kindest/node:v1.34.0', 'kindest/node:v1.30.13', 'registry.example:5000/node:mine'],
  `kindest/node:v1.33.1@sha256:${'a1'.repeat(32)}`,
)

/** Logins and queries in addresses, most of them wrong. */
const withSecret = fc
  .tuple(
    fc.constantFrom('', '', '', 'https://', 'http:/', '//', 'ftp://', ' '),
    fc.constantFrom('', 's3crettoken@', 'user:s3cret@', 'me@corp.com:s3cret@', 'user:s3/c?r#e t"s3cret@', ':s3cret@'),
    fc.constantFrom(
      ...['ghcr.io', 'mirror.example/hub', 'localhost:5000', 'ghcr.io/kindest/node:v1.34.0', '[', 'a b'],
      `kindest/node:v1.33.1@sha256:${'a1'.repeat(32)}`,
    ),
    fc.constantFrom('', '?token=s3cret', '#s3cret', '?a=b c&token=s3cret', '?a="s3cret\'', '?`s3cret', '?a@s3cret'),
    fc.constantFrom('', '', '', 'x'.repeat(300), 'x'.repeat(10_000)),
  )
  .map((parts) => parts.join(''))

const masks = fc.record({ ipv4: fc.integer({ min: 22, max: 27 }), ipv6: fc.integer({ min: 60, max: 72 }) })
type Masks = Readonly<Record<Family, number>>

/** The ways to say a node's part of the pod subnet in a kind config. */
function maskPatch(family: IpFamily, { ipv4, ipv6 }: Masks, style: number): object {
  const flags =
    family === 'dual'
      ? { 'node-cidr-mask-size-ipv4': String(ipv4), 'node-cidr-mask-size-ipv6': String(ipv6) }
      : { 'node-cidr-mask-size': String({ ipv4, ipv6 }[family]) }
  const patch = { kind: 'ClusterConfiguration', controllerManager: { extraArgs: flags } }
  if (style === 0) return { kubeadmConfigPatches: [JSON.stringify(patch)] }
  if (style === 1) return { kubeadmConfigPatches: [stringify(patch)] }
  const operations = Object.entries(flags).map(([flag, value]) => ({
    op: 'add',
    path: `/controllerManager/extraArgs/${flag}`,
    value,
  }))
  const json = { group: 'kubeadm.k8s.io', version: 'v1beta3', kind: 'ClusterConfiguration' }
  return { kubeadmConfigPatchesJSON6902: [{ ...json, patch: JSON.stringify(operations) }] }
}

/** Settings that change nothing of the addresses. */
const otherConfig = fc.record(
  {
    featureGates: fc.constant({ A: true }),
    runtimeConfig: fc.constant({ 'api/all': 'true' }),
    containerdConfigPatches: fc.constant(['[debug]\nlevel = "info"']),
  },
  { requiredKeys: [] },
)

/** An entry of the list of clusters, and what it means. */
interface Entry {
  readonly entry: Readonly<Record<string, unknown>>
  readonly wanted: Wanted
}

const networks = fc.constantFrom<(string | string[])[]>('default', 'a', 'b', ['a', 'b'], ['b', 'default'], ['a', 'a'])

function entryOf(family: IpFamily): Arbitrary<Entry> {
  return fc
    .record({
      name: seldom(2, names),
      controlPlanes: seldom(3, fc.constantFrom(1, 1, 2, 3)),
      workers: seldom(2, fc.integer({ min: 0, max: 5 })),
      network: seldom(2, networks),
      image: seldom(4, images),
      masks: seldom(4, masks),
      style: fc.nat(2),
      other: otherConfig,
      asText: fc.boolean(),
      podSubnet: seldom(8, podSubnets(familiesOf[family])),
      serviceSubnet: seldom(8, serviceSubnets(familiesOf[family])),
    })
    .map(({ name, controlPlanes, workers, network, image, masks, style, other, asText, podSubnet, serviceSubnet }) => {
      // JSON patches of lists of arguments are another matter
      const patch = masks === undefined ? {} : maskPatch(family, masks, image === undefined ? style % 2 : 0)
      const config = { ...other, ...patch }
      const hasConfig = Object.keys(config).length > 0
      const defaults = { ipv4: 24, ipv6: 64 }
      return {
        entry: withoutUndefined({
          name,
          'control-planes': controlPlanes,
          workers,
          'ip-family': family,
          network,
          'node-image': image,
          'pod-subnet': podSubnet,
          'service-subnet': serviceSubnet,
          config: !hasConfig ? undefined : asText ? JSON.stringify(config) : config,
        }),
        wanted: {
          controlPlanes: controlPlanes ?? 1,
          workers: workers ?? 0,
          families: familiesOf[family],
          networks: [...new Set([network ?? 'default'].flat())],
          nodeMasks: masks === undefined ? defaults : masks,
          ...(name !== undefined && { name }),
          ...(podSubnet !== undefined && { podSubnet }),
          ...(serviceSubnet !== undefined && { serviceSubnet }),
        },
      }
    })
}

function withoutUndefined(map: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined))
}

/** YAML as people write it, and as programs do. */
const writers: readonly ((value: unknown) => string)[] = [
  (value) => JSON.stringify(value),
  (value) => stringify(value),
  (value) => stringify(value, { collectionStyle: 'flow' }),
]

const writer = fc.constantFrom(...writers)

/** Mostly of one family, since clusters that share none cannot be joined. */
const list = fc.oneof(
  { weight: 3, arbitrary: ipFamily.chain((family) => fc.array(entryOf(family), { minLength: 1, maxLength: 4 })) },
  { weight: 1, arbitrary: fc.array(ipFamily.chain(entryOf), { minLength: 1, maxLength: 4 }) },
)

/** The image of a node, in the right place and in a wrong one. */
const configWithSecret = withSecret.chain((image) =>
  fc.constantFrom({ nodes: [{ image }] }, { nodes: { image } }, JSON.stringify({ nodes: [{ image }] })),
)

/** Numbers that no machine has room for. */
const hugeNumber = fc.constantFrom(1000, 9999, 65536, 1e6, 1e9, 2 ** 31, 2 ** 53, 1e21, 1e308, Infinity, -Infinity)

const wrongEntries = fc
  .tuple(
    list,
    fc.nat(4),
    fc.oneof(
      fc.record({ workers: fc.oneof(hugeNumber, wild) }),
      fc.record({ 'control-planes': fc.oneof(hugeNumber, fc.constant(0), wild) }),
      fc.record({ name: fc.oneof(wrongNames, wild) }),
      fc.record({ 'pod-subnet': noSubnet }),
      fc.record({ 'service-subnet': fc.oneof(noSubnet, subnet) }),
      fc.record({ network: fc.oneof(wild, piece) }),
      fc.record({ 'ip-family': wild }),
      fc.record({ 'node-image': fc.oneof(piece, garbage, wild) }),
      fc.record({ 'node-image': withSecret }),
      fc.record({ config: configWithSecret }),
      fc.record({ 'kubernetes-version': fc.oneof(fc.constantFrom('1.34', '1.30', 'v1.33.1', '1.99', 1.3), wild) }),
      fc.record({ config: fc.oneof(wild, garbage) }),
      fc.record({ config: anyKindConfig.map(({ text }) => text) }),
      fc.record({ config: damagedText(anyKindConfig.map(({ text }) => text)) }),
    ),
  )
  .map(([entries, at, wrong]) =>
    entries.map(({ entry: own }, index) => (index === at % entries.length ? { ...own, ...wrong } : own)),
  )

const clusters: Arbitrary<{ readonly text: string; readonly wanted?: readonly Wanted[] }> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(list, writer).map(([entries, write]) => ({
      text: write(entries.map((each) => each.entry)),
      wanted: entries.map((each) => each.wanted),
    })),
  },
  { weight: 5, arbitrary: fc.tuple(wrongEntries, writer).map(([entries, write]) => ({ text: write(entries) })) },
  {
    weight: 4,
    arbitrary: anyDocument(list.map((entries) => entries.map((each) => each.entry))).map((text) => ({ text })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(withWrongValues(list.map((all) => all.map((each) => each.entry))), writer)
      .map(([all, write]) => ({
        text: write(all),
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('1', '2', '17', '200', '0', '1001', '-1', '1e3', '99999999999')
      .map((text) => ({ text })),
  },
)

const versions = ['0.33.0', 'v0.33', '>=0.30 <0.34', '*', '', '1.34', '1.34.0', '99.0.0', '1 || 2', '0.33.0-alpha+x']
const durations = ['90s', '5m', '1h30m', '45', '0s', '999h9999m', '1d', '-5m', '1.5h', '5 m', '1e9s', '999999s']
const mirrors = [
  ...['https://mirror.example/tools', 'http://10.0.0.5:8080/', 'https://user:s3cret@mirror.example/x?token=s3cret#y'],
  ...['ftp://x', 'mirror.example', 'file:///etc', 'https://', 'https://[::1]:5000', 'javascript:alert(1)'],
]
const registries = [
  'mirror.example/hub',
  'localhost:5000',
  '10.0.0.5:5000/a/b',
  'https://mirror.example',
  'UPPER/x',
  'a',
]
const yesNo = ['true', 'false', 'TRUE', 'yes', '0']
const sums = ['ab'.repeat(32), 'AB'.repeat(32), 'ab', 'g'.repeat(64)]

/** Values of an input: those that are right, and some that look like it. */
const usual: Readonly<Record<Exclude<InputName, 'clusters' | 'config'>, readonly string[]>> = {
  workers: ['0', '1', '3', '-1', '9999', '10000', '1.5', '01', '1e3', 'two'],
  'control-planes': ['1', '3', '0', '9999', '1.0'],
  'ip-family': ['ipv4', 'ipv6', 'dual', 'IPv4', 'dualstack'],
  'pod-supernet': ['10.0.0.0/9', '172.16.0.0/13,fd00:20::/48', '10.128.0.0/10', '0.0.0.0/0', '::/0', '10.1.0.0/30'],
  'service-supernet': ['10.128.0.0/9', '172.24.0.0/13', 'fd00:30::/96', '10.192.0.0/24', '224.0.0.0/4', '::/0'],
  'node-image': ['kindest/node:v1.34.0', 'kindest/Node', 'a@sha256:00', 'kindest/node:v1.34.0@sha512:00'],
  'kubernetes-version': ['1.34', 'v1.33.1', '1.99', '1', '1.34.0.0', 'latest'],
  'registry-mirror': registries,
  cache: ['auto', 'true', 'false', 'AUTO', 'maybe'],
  images: ['busybox', 'a\nb', 'me/app:1', '\n\n', 'x@sha256:00'],
  registry: yesNo,
  'registry-image': ['registry:3', 'registry', '', 'Not An Image'],
  'load-balancer': ['none', 'metallb', 'cloud-provider-kind', 'MetalLB', 'both'],
  'kind-version': versions,
  'kubectl-version': versions,
  'kind-sha256': sums,
  'kubectl-sha256': sums,
  'download-mirror': mirrors,
  'docker-network': ['kind', 'kind.net', 'host', 'bridge', '-x', 'a b', 'ä'],
  wait: durations,
  'route-services': yesNo,
  'preserve-source-ip': yesNo,
  'cross-cluster-dns': yesNo,
  verify: yesNo,
  reuse: yesNo,
  kubeconfig: ['/home/me/config', 'relative', '/nowhere/config', '/home/me', '/dev/full', '~/x', '-'],
  cleanup: yesNo,
}

/** Those of the values that change neither clusters nor subnets, and are right. */
const harmless: GivenInputs = {
  registry: 'true',
  wait: '90s',
  verify: 'false',
  'load-balancer': 'cloud-provider-kind',
  'preserve-source-ip': 'false',
  'kind-version': '>=0.30',
  cleanup: 'false',
}

const addresses = ['download-mirror', 'registry-mirror', 'registry-image', 'node-image', 'images']

const wrongValue = fc.oneof({ weight: 3, arbitrary: piece }, { weight: 1, arbitrary: garbage })

const others: Arbitrary<GivenInputs> = fc
  .record(
    Object.fromEntries(
      Object.entries(usual).map(([name, values]) => {
        const value = fc.oneof(
          { weight: 6, arbitrary: fc.constantFrom(...values) },
          { weight: 1, arbitrary: wrongValue },
          { weight: addresses.includes(name) ? 6 : 0, arbitrary: withSecret },
        )
        return [name, seldom(8, value)]
      }),
    ),
  )
  .map((given) => withoutUndefined(given) as GivenInputs)

const sharedConfig = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(otherConfig, writer).map(([config, write]) => write(config)) },
  { weight: 3, arbitrary: anyKindConfig.map(({ text }) => text) },
  { weight: 2, arbitrary: damagedText(anyKindConfig.map(({ text }) => text)) },
  { weight: 1, arbitrary: garbage },
)

/** Supernets that hold some clusters, at times too few. */
const supernets = fc.record(
  {
    'pod-supernet': fc.constantFrom(
      ...['10.0.0.0/9', '172.16.0.0/13,fd00:20::/48', '10.240.0.0/13', '100.64.0.0/14', '::/0'],
      // so small that no more than what the nodes need can be allotted
      ...['10.240.0.0/19', '10.240.0.0/20', '10.240.0.0/21,fd00:20::/59', '10.240.0.0/22,fd00:20::/60'],
    ),
    'service-supernet': fc.constantFrom('10.0.0.0/9', '172.24.0.0/13', 'fd00:30::/104', '10.248.0.0/16', '::/0'),
  },
  { requiredKeys: [] },
)

/** All inputs at once: many of them accepted, many of them wrong in one place, and some without any sense. */
export const anyInputs: Arbitrary<AnyInputs> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(clusters, supernets, fc.subarray(Object.keys(harmless) as InputName[]))
      .map(([{ text, wanted }, shared, names]) => ({
        given: { ...shared, ...Object.fromEntries(names.map((name) => [name, harmless[name]])), clusters: text },
        ...(wanted !== undefined && { wanted }),
      })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(clusters, others, seldom(2, sharedConfig)).map(([{ text }, given, config]) => ({
      given: { ...given, clusters: text, ...(config !== undefined && { config }) },
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom<InputName[]>('clusters', 'config', ...(Object.keys(usual) as InputName[])), garbage)
      .map(([name, text]) => ({ given: { [name]: text } })),
  },
)
