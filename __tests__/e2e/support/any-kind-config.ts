import fc, { type Arbitrary } from 'fast-check'

/** A value of a config in the spelling that it has in the text. */
type Spelled = string | Lines | List | Map

/** A text of several lines. */
interface Lines {
  readonly lines: string
}

interface List {
  readonly isFlow: boolean
  readonly items: readonly Spelled[]
}

interface Map {
  readonly isFlow: boolean
  readonly entries: readonly (readonly [key: string, value: Spelled])[]
  readonly comment?: string | undefined
  readonly anchor?: string
}

const isFlow = fc.boolean()

function spelled(...texts: readonly string[]): Arbitrary<string> {
  return fc.constantFrom(...texts)
}

/** A word as it may be quoted; quotes do not change what it says. */
function word(...words: readonly string[]): Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...words), fc.constantFrom('plain', 'plain', 'single', 'double', 'tag'))
    .map(([text, style]) => {
      if (style === 'single') return `'${text}'`
      if (style === 'double') return JSON.stringify(text)
      return style === 'tag' ? `!!str ${text}` : text
    })
}

/** What YAML takes for something else than a text, where kind keeps the text. */
const oddText = spelled(
  '1.30',
  '010',
  '0x1F',
  'on',
  'No',
  'True',
  'FALSE',
  '2024-05-01',
  '12:30:45',
  '1_000',
  '1e3',
  '.5',
  '.inf',
  '"~"',
  "''",
  '""',
  '~',
  'null',
  '!!str 1.30',
  '!!str ~',
  '! 7',
  'ünï',
  '"a\\u0062c"',
  '"tab\\tbed"',
  "'it''s'",
)

const yesNo = spelled(
  'true',
  'True',
  'TRUE',
  'false',
  'False',
  'FALSE',
  'yes',
  'no',
  'on',
  'Off',
  'y',
  'N',
  '~',
  "'yes'",
)

/** A number in the ways that Go's YAML reads. */
function number(value: number): Arbitrary<string> {
  const decimal = String(value)
  const others = value > 0 ? [`+${decimal}`, `0x${value.toString(16)}`, `0o${value.toString(8)}`] : []
  const rare =
    value > 0 ? [`0${value.toString(8)}`, `0b${value.toString(2)}`, `${decimal}.0`, `!!int "${decimal}"`] : []
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(decimal) },
    { weight: 2, arbitrary: fc.constantFrom(decimal, ...others) },
    { weight: 1, arbitrary: fc.constantFrom(decimal, ...rare) },
  )
}

function mapOf(shape: Readonly<Record<string, Arbitrary<Spelled>>>, required: readonly string[] = []): Arbitrary<Map> {
  const comment = fc.option(fc.constantFrom('a comment', 'role: worker', '- "'), { freq: 2, nil: undefined })
  return fc
    .tuple(fc.record(shape, { requiredKeys: [...required] }), isFlow, fc.nat(12), comment)
    .map(([record, flow, turn, remark]) => {
      const entries = Object.entries(record)
      const first = entries.length === 0 ? 0 : turn % entries.length
      return { isFlow: flow, entries: [...entries.slice(first), ...entries.slice(0, first)], comment: remark }
    })
}

function listOf(item: Arbitrary<Spelled>, most = 2): Arbitrary<List> {
  return fc.record({ isFlow, items: fc.array(item, { maxLength: most }) })
}

/** A list that is empty more often than not, since one item may make kind refuse the whole. */
function seldom(item: Arbitrary<Spelled>): Arbitrary<List> {
  return fc.oneof({ weight: 2, arbitrary: listOf(item, 0) }, { weight: 1, arbitrary: listOf(item) })
}

const lines = (text: Arbitrary<string>): Arbitrary<Spelled> => text.map((each) => ({ lines: each }))

const podSubnet = ['10.50.0.0/16', '10.60.0.0/16']
const serviceSubnet = ['10.70.0.0/20', '10.71.0.0/16']
const families = [...podSubnet, 'fd00:50::/56', '10.50.0.0/16,fd00:50::/56', 'fd00:50::/56,10.50.0.0/16']

const subnetFlags = fc.tuple(
  fc.constantFrom('cluster-cidr', 'service-cluster-ip-range', 'node-cidr-mask-size', 'node-cidr-mask-size-ipv4', 'v'),
  fc.constantFrom(...podSubnet, ...serviceSubnet, '25', '26', '4', 'false', null),
)
const flag = fc.oneof(
  { weight: 4, arbitrary: subnetFlags.filter(([name, value]) => name.includes('mask') === /^\d+$/.test(value ?? '1')) },
  { weight: 1, arbitrary: fc.constant(['allocate-node-cidrs', 'false'] as const) },
  { weight: 1, arbitrary: fc.constant(['allocate-node-cidrs', 'true'] as const) },
)

const extraArgs = fc.oneof(
  fc.array(flag, { maxLength: 2 }).map((flags) => Object.fromEntries(flags) as Record<string, unknown>),
  fc.array(flag, { maxLength: 2 }).map((flags) => flags.map(([name, value]) => ({ name, value }))),
  fc.constant(null),
)

const kubeadmVersion = fc.constantFrom(undefined, undefined, 'kubeadm.k8s.io/v1beta3', 'kubeadm.k8s.io/v1beta4')

/** A patch to merge, as JSON or as YAML of one level. */
const mergePatch = fc
  .record(
    {
      kind: fc.constantFrom(
        'ClusterConfiguration',
        'ClusterConfiguration',
        'InitConfiguration',
        'KubeletConfiguration',
      ),
      apiVersion: kubeadmVersion,
      networking: fc.record(
        {
          podSubnet: fc.constantFrom(...podSubnet, null),
          serviceSubnet: fc.constantFrom(...serviceSubnet, null),
          dnsDomain: fc.constant('cluster.local'),
        },
        { requiredKeys: [] },
      ),
      controllerManager: fc.record({ extraArgs }),
      apiServer: fc.record({ extraArgs, certSANs: fc.constant(['kind.example']) }, { requiredKeys: [] }),
    },
    { requiredKeys: ['kind'] },
  )
  .map((patch) =>
    Object.entries(patch)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join(''),
  )

const mergePatches = fc
  .tuple(fc.array(mergePatch, { minLength: 1, maxLength: 2 }), fc.constantFrom('---\n', '--- # next\n'), fc.boolean())
  .map(([documents, separator, leads]) => (leads ? '---\n' : '') + documents.join(separator))

const operation = fc
  .record({
    op: fc.constantFrom('add', 'add', 'replace', 'replace', 'remove', 'test', 'copy', 'move'),
    path: fc.constantFrom(
      '/networking/podSubnet',
      '/networking/serviceSubnet',
      '/controllerManager/extraArgs/cluster-cidr',
      '/controllerManager/extraArgs/node-cidr-mask-size',
      '/controllerManager/extraArgs/-',
      '/controllerManager/extraArgs/0',
      '/controllerManager/extraArgs',
      '/apiServer/certSANs/-',
      '/apiServer/certSANs/2',
      '/scheduler/extraArgs',
      '/scheduler/extraArgs/v',
      '/etcd/local/dataDir',
    ),
    from: fc.constantFrom('/networking/podSubnet', '/networking/serviceSubnet', '/clusterName'),
    value: fc.constantFrom(
      ...podSubnet,
      ...serviceSubnet,
      '25',
      { name: 'cluster-cidr', value: '10.50.0.0/16' },
      { name: 'node-cidr-mask-size', value: '26' },
      {},
      [],
    ),
  })
  .map(({ op, path, from, value }) => ({
    op,
    path,
    ...(['copy', 'move'].includes(op) && { from }),
    ...(['add', 'replace', 'test'].includes(op) && { value }),
  }))

const jsonPatch = mapOf(
  {
    group: word('kubeadm.k8s.io', 'kubeadm.k8s.io', 'kubelet.config.k8s.io', ''),
    version: word('v1beta3', 'v1beta4'),
    kind: word('ClusterConfiguration', 'ClusterConfiguration', 'ClusterStatus'),
    patch: lines(fc.array(operation, { minLength: 1, maxLength: 2 }).map((each) => JSON.stringify(each))),
  },
  ['kind', 'patch'],
)

const mount = mapOf(
  {
    hostPath: word('/srv/data', './data', '/tmp/a b'),
    containerPath: word('/data', '/var/lib/data'),
    readOnly: yesNo,
    selinuxRelabel: yesNo,
    propagation: word('None', 'HostToContainer', 'Bidirectional'),
  },
  ['containerPath'],
)

const port = fc.integer({ min: 30_000, max: 30_040 }).chain(number)

const portMapping = mapOf(
  {
    containerPort: fc.oneof(number(80), number(443), port),
    hostPort: fc.oneof(port, number(0), fc.constant('-1')),
    // Go's YAML takes ::1 in quotes only, where a map stands in braces
    listenAddress: fc.oneof(word('127.0.0.1', '0.0.0.0', '192.168.7.1'), spelled('"::1"', "''")),
    protocol: word('TCP', 'udp', 'Sctp'),
  },
  ['containerPort'],
)

const names = fc.oneof(
  { weight: 4, arbitrary: word('ServerSideApply', 'A', 'AllAlpha', 'api/all') },
  { weight: 1, arbitrary: spelled('1.30', 'on', '"a b"', 'ü') },
)

function anyMap(value: Arbitrary<Spelled>): Arbitrary<Map> {
  return fc.record({
    isFlow,
    entries: fc.uniqueArray(fc.tuple(names, value), {
      maxLength: 2,
      selector: ([name]) => name.replace(/^!!str |['"]/g, '').replace(/['"]$/, ''),
    }),
  })
}

const images = [
  'kindest/node:v1.34.0',
  'kindest/node:v1.36.1',
  'kindest/node:v1.22.17',
  `kindest/node:v1.37.0@sha256:${'a1'.repeat(32)}`,
  'registry.example:5000/node:mine',
]

const label = fc.oneof(
  oddText,
  word('edge', 'ingress-ready=true', 'a: b').map((text) => (text === 'a: b' ? `"${text}"` : text)),
)

const nodeShape = {
  role: fc.oneof({ weight: 4, arbitrary: word('worker') }, { weight: 1, arbitrary: spelled('~', '', "''") }),
  image: word(...images),
  labels: anyMap(label),
  extraMounts: listOf(mount),
  extraPortMappings: listOf(portMapping),
  kubeadmConfigPatches: seldom(lines(mergePatches)),
  kubeadmConfigPatchesJSON6902: seldom(jsonPatch),
}

const controlPlane = fc
  .tuple(mapOf({ ...nodeShape, role: word('control-plane') }, []), fc.boolean())
  .map(([node, named]) => (named ? node : { ...node, entries: node.entries.filter(([key]) => key !== 'role') }))

/** Nodes of which the first is a control plane; some take over what another says by a merge key. */
const nodes = fc
  .tuple(
    isFlow,
    controlPlane,
    fc.array(fc.tuple(fc.oneof(mapOf(nodeShape, ['role']), controlPlane), fc.boolean()), { maxLength: 2 }),
    fc.boolean(),
  )
  .map(([flow, first, others, isAnchored]): List => {
    const list = others.map(([node, merges]) => {
      if (!isAnchored || !merges) return node
      return { ...node, entries: [['<<', '*first'] as const, ...node.entries] }
    })
    return { isFlow: flow, items: [isAnchored ? { ...first, anchor: 'first' } : first, ...list] }
  })

const networkingShape = {
  apiServerPort: fc.oneof(port, number(0), fc.constant('-1')),
  apiServerAddress: fc.oneof(word('127.0.0.1', '0.0.0.0'), fc.constant('"::1"')),
  disableDefaultCNI: spelled('false', 'no', 'Off', '~'),
  kubeProxyMode: word('iptables', 'ipvs', 'nftables'),
  dnsSearch: listOf(word('example.com', 'svc.local')),
}

const pods = { ipv4: podSubnet, ipv6: ['fd00:50::/56'], dual: families }
const services = {
  ipv4: serviceSubnet,
  ipv6: ['fd00:70::/112'],
  dual: ['10.70.0.0/20,fd00:70::/112', '10.71.0.0/16'],
}

const quoted = (...texts: readonly string[]) => fc.constantFrom(...texts).map((text) => `"${text}"`)

/** Subnets of the families that are asked for, or now and then of another. */
const networking = fc
  .tuple(fc.constantFrom('ipv4', 'ipv4', 'ipv6', 'dual'), fc.integer({ min: 0, max: 19 }))
  .chain(([family, chance]) => {
    const of = (chance === 0 ? 'ipv6' : family) as keyof typeof pods
    return mapOf(
      {
        ...networkingShape,
        ipFamily: word(family),
        podSubnet: chance === 1 ? word(...families) : quoted(...pods[of]),
        serviceSubnet: chance === 2 ? spelled('', "''", '~') : quoted(...services[of]),
      },
      family === 'ipv4' ? [] : ['ipFamily'],
    )
  })

const containerd = [
  '[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "/etc/containerd/certs.d"\n',
  'version = 3\n',
  'version = 2\n[debug]\nlevel = "info"',
]

const parts: Readonly<Record<string, Arbitrary<Spelled>>> = {
  name: word('dev', 'kind', 'a1'),
  nodes,
  networking,
  featureGates: anyMap(yesNo),
  runtimeConfig: anyMap(oddText),
  kubeadmConfigPatches: seldom(lines(mergePatches)),
  kubeadmConfigPatchesJSON6902: seldom(jsonPatch),
  containerdConfigPatches: listOf(lines(fc.constantFrom(...containerd)), 1),
  containerdConfigPatchesJSON6902: listOf(
    lines(fc.constantFrom('[{"op": "add", "path": "/debug", "value": {"level": "info"}}]', '[]')),
    1,
  ),
}

/** Settings that are misspelt, misplaced, of another type, or not what this project takes. */
const defects: readonly (readonly [string, Spelled])[] = [
  ['nodes', 'worker'],
  ['node', '[]'],
  ['nodes', '{role: worker}'],
  ['nodes', '[{role: worker}]'],
  ['nodes', '[{role: master}]'],
  ['nodes', '[{role: Control-plane}, {}]'],
  ['nodes', '[~, {role: control-plane}]'],
  ['nodes', '[{extraPortMappings: [{hostPort: 80}]}]'],
  ['nodes', '[{extraPortMappings: [{containerPort: "80"}]}]'],
  ['nodes', '[{extraPortMappings: [{containerPort: 80.5}]}]'],
  ['nodes', '[{extraPortMappings: [{containerPort: 80, hostPort: 70000}]}]'],
  ['nodes', '[{extraPortMappings: [{containerPort: 80, hostPort: 08}]}]'],
  ['nodes', '[{extraPortMappings: [{containerPort: 80, protocol: TDP}]}]'],
  ['nodes', '[{extraPortMappings: [{containerPort: 80, hostPort: 80, listenAddress: localhost}]}]'],
  ['nodes', '[{extraPortMappings: [{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}]}]'],
  ['nodes', '[{extraMounts: [{hostPath: /a}]}]'],
  ['nodes', '[{extraMounts: [{hostPath: /a, containerPath: b}]}]'],
  ['nodes', '[{extraMounts: [{containerPath: /b, propagation: none}]}]'],
  ['nodes', '[{extraMounts: [{containerPath: /b, readonly: true}]}]'],
  ['nodes', '[{extraMounts: [{hostPath: /a, containerPath: /kind-flat-network/data}]}]'],
  ['nodes', '[{labels: [a]}]'],
  ['nodes', '[{labels: {a: [b]}}]'],
  ['nodes', '[{image: [a]}]'],
  ['nodes', '[{image: "${IMAGE}"}]'],
  ['nodes', '[{image: {{ .Image }}}]'],
  ['nodes', '[{image: "kindest/Node:v1"}]'],
  ['nodes', '[{networking: {}}]'],
  ['nodes', '[{kubeadmConfigPatches: [{kind: ClusterConfiguration}]}]'],
  ['networking', '[ipv4]'],
  ['networking', '{ipFamily: IPv4}'],
  ['networking', '{ipFamily: dualstack}'],
  ['networking', '{ipfamily: ipv4}'],
  ['networking', '{disableDefaultCNI: true}'],
  ['networking', '{disableDefaultCNI: "true"}'],
  ['networking', '{disableDefaultCNI: maybe}'],
  ['networking', '{kubeProxyMode: none}'],
  ['networking', '{kubeProxyMode: eBPF}'],
  ['networking', '{podSubnet: 10.50.0.0}'],
  ['networking', '{podSubnet: 10.50.0.1/16}'],
  ['networking', '{podSubnet: 10.050.0.0/16}'],
  ['networking', '{podSubnet: 10.50.0.0/8}'],
  ['networking', '{podSubnet: "10.50.0.0/16, fd00:50::/56", ipFamily: dual}'],
  ['networking', '{podSubnet: 10.50.0.0/16,fd00:50::/56, ipFamily: dual}'],
  ['networking', '{podSubnet: 10.50.0.0/16, serviceSubnet: 10.50.8.0/24}'],
  ['networking', '{serviceSubnet: fd00:70::/112}'],
  ['networking', '{apiServerAddress: localhost}'],
  ['networking', '{apiServerPort: -2}'],
  ['networking', '{apiServerPort: 6443.5}'],
  ['networking', '{apiServerPort: true}'],
  ['networking', '{dnsSearch: example.com}'],
  ['featureGates', '[A]'],
  ['featureGates', '{A: "true"}'],
  ['featureGates', '{A: 1}'],
  ['runtimeConfig', '{api/all: [true]}'],
  ['containerdConfigPatches', '["a = "]'],
  ['containerdConfigPatches', '[{plugins: {}}]'],
  ['containerdConfigPatchesJSON6902', '["{}"]'],
  ['kubeadmConfigPatches', 'kind'],
  ['kubeadmConfigPatches', '["kind"]'],
  ['kubeadmConfigPatchesJSON6902', '["[]"]'],
  ['kubeadmConfigPatchesJSON6902', '[{kind: ClusterConfiguration, patch: "[{path: /a}]"}]'],
  ['kubeadmConfigPatchesJSON6902', '[{kind: ClusterConfiguration, patches: "[]"}]'],
  ['name', 'UPPER'],
  ['name', 'with.dot'],
  ['name', '[a]'],
  ['role', 'worker'],
  ['kind', 'cluster'],
  ['apiVersion', 'kind.x-k8s.io/v1alpha3'],
  ['<<', '*nothing'],
  ['<<', '{name: merged}'],
  ['<<', 'text'],
  ['"name"', 'twice'],
  ['x', '!!set {a}'],
]

export interface AnyConfig {
  readonly text: string
  /** The same with kind and apiVersion, which only this project lets a user leave out. */
  readonly whole: string
}

/** kind configs over the whole of v1alpha4 as YAML in varied spellings: valid ones, and some that are not quite. */
export const anyKindConfig: Arbitrary<AnyConfig> = fc
  .tuple(
    mapOf(parts),
    fc.option(fc.constantFrom(...defects), { freq: 2, nil: undefined }),
    fc.constantFrom('whole', 'whole', 'whole', 'part'),
    fc.constantFrom('', '', '---\n', '# a comment\n\n'),
    fc.constantFrom('', '', '...\n', '---\n- a second document\n'),
    word('Cluster'),
    word('kind.x-k8s.io/v1alpha4'),
  )
  .map(([map, defect, extent, before, after, kind, apiVersion]) => {
    const own = defect === undefined ? map.entries : map.entries.filter(([key]) => key !== defect[0])
    const header = [['kind', kind] as const, ['apiVersion', apiVersion] as const].filter(([key]) => key !== defect?.[0])
    const written = (entries: Map['entries']) =>
      `${before}${write({ ...map, entries: defect === undefined ? entries : [...entries, defect] })}\n${after}`
    const whole = written([...header, ...own])
    return { text: extent === 'part' ? written(own) : whole, whole }
  })

function write(map: Map): string {
  return map.isFlow ? flow(map) : block(map).join('\n')
}

function flow(value: Spelled): string {
  if (typeof value === 'string') return value
  if ('lines' in value) return JSON.stringify(value.lines)
  if ('items' in value) return `[${value.items.map(flow).join(', ')}]`
  const { anchor, entries } = value
  return `${anchorOf(anchor)}{${entries.map(([key, each]) => `${key}: ${flow(each)}`).join(', ')}}`
}

function anchorOf(anchor: string | undefined): string {
  return anchor === undefined ? '' : `&${anchor} `
}

/** The lines of a block; a collection that is empty has none. */
function block(value: List | Map): string[] {
  if ('items' in value) return value.items.flatMap((item) => joined('-', item))
  const { comment, entries } = value
  const remark = comment === undefined ? [] : [`# ${comment}`]
  return [...remark, ...entries.flatMap(([key, each]) => joined(`${key}:`, each))]
}

/** What stands before a value, and the value: on the same line or in those below it. */
function joined(before: string, value: Spelled): string[] {
  const below = (lines: readonly string[]) => lines.map((line) => (line === '' ? '' : `  ${line}`))
  if (typeof value === 'string') return [`${before} ${value}`]
  if ('lines' in value) {
    const style = value.lines.endsWith('\n') ? '|' : '|-'
    return [`${before} ${style}`, ...below(value.lines.replace(/\n$/, '').split('\n'))]
  }
  const isEmpty = ('items' in value ? value.items : value.entries).length === 0
  if (value.isFlow || isEmpty) return [`${before} ${flow(value)}`]
  const anchor = 'entries' in value && value.anchor !== undefined ? ` &${value.anchor}` : ''
  return [`${before}${anchor}`, ...below(block(value))]
}
