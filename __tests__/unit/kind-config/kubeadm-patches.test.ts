import { describe, expect, test } from '@jest/globals'
import { readKindConfig } from '../../../src/kind-config/kind-config.js'
import { patchesOf, readKubeadmPatches, type PatchedCluster } from '../../../src/kind-config/kubeadm-patches.js'
import type { JsonPatch } from '../../../src/kind-config/v1alpha4.js'

type Patch = string | (JsonPatch & { readonly operations?: readonly object[] })

/** What patches of the cluster and of the first control plane decide; `config.kubeadmConfigPatches[0]` is at `merge 0`. */
function read(
  version: string | undefined,
  patches: readonly Patch[],
  ofNode: readonly Patch[] = [],
): Record<keyof PatchedCluster, string[]> {
  const level = (given: readonly Patch[], place: string) =>
    patchesOf(
      {
        kubeadmConfigPatches: given.filter((patch) => typeof patch === 'string'),
        kubeadmConfigPatchesJSON6902: given
          .filter((patch) => typeof patch !== 'string')
          .map(({ operations, ...patch }) => ({
            kind: 'ClusterConfiguration',
            patch: JSON.stringify(operations ?? []),
            ...patch,
          })),
      },
      place,
    )
  const decided = readKubeadmPatches({}, [level(patches, 'config'), level(ofNode, 'node')], version)
  const short = (place: string) =>
    place.replace(
      /\.kubeadmConfigPatches(JSON6902)?\[(\d)\]/,
      (_, json, index) => ` ${json ? 'json' : 'merge'} ${String(index)}`,
    )
  const lines = (settings: PatchedCluster['podSubnets']) =>
    settings.map(({ place, setting, value }) => `${short(place)}: ${setting} ${value}`)
  return {
    podSubnets: lines(decided.podSubnets),
    serviceSubnets: lines(decided.serviceSubnets),
    nodeMasks: lines(decided.nodeMasks),
    problems: decided.problems.map(({ place, message }) => `${short(place)}: ${message}`),
  }
}

const nothing = { podSubnets: [], serviceSubnets: [], nodeMasks: [], problems: [] }

/** A patch of the controller manager's arguments. */
function args(text: string, version = ''): string {
  return `kind: ClusterConfiguration\n${version && `apiVersion: kubeadm.k8s.io/${version}\n`}controllerManager: {extraArgs: ${text}}\n`
}

const pods = 'kind: ClusterConfiguration\nnetworking: {podSubnet: 10.50.0.0/16}\n'

describe.each(['1.34.0', '1.37.0', undefined])('whatever writes the subnets, for Kubernetes %s', (version) => {
  test('a merge patch', () => {
    expect(read(version, [pods])).toEqual({
      ...nothing,
      podSubnets: ['config merge 0: networking.podSubnet 10.50.0.0/16'],
    })
  })

  test('a merge patch of the node that kubeadm init runs on, which is applied later', () => {
    const own = 'kind: ClusterConfiguration\nnetworking: {podSubnet: 10.60.0.0/16, serviceSubnet: 10.70.0.0/20}'
    expect(read(version, [pods], [own])).toEqual({
      ...nothing,
      podSubnets: ['node merge 0: networking.podSubnet 10.60.0.0/16'],
      serviceSubnets: ['node merge 0: networking.serviceSubnet 10.70.0.0/20'],
    })
  })

  test('a JSON patch', () => {
    const operations = [{ op: 'replace', path: '/networking/serviceSubnet', value: '10.70.0.0/20' }]
    expect(read(version, [{ operations }])).toEqual({
      ...nothing,
      serviceSubnets: ['config json 0: networking.serviceSubnet 10.70.0.0/20'],
    })
  })

  test('a JSON patch that copies one subnet over the other', () => {
    const operations = [{ op: 'copy', from: '/networking/podSubnet', path: '/networking/serviceSubnet' }]
    expect(read(version, [{ operations }]).serviceSubnets).toEqual([
      'config json 0: networking.serviceSubnet the pod subnet',
    ])
  })

  test('arguments as a map in a patch that says no version', () => {
    const text = args('{cluster-cidr: 10.50.0.0/16, service-cluster-ip-range: 10.70.0.0/20}')
    const api = 'kind: ClusterConfiguration\napiServer: {extraArgs: {service-cluster-ip-range: 10.71.0.0/20}}'
    expect(read(version, [text, api])).toEqual({
      ...nothing,
      podSubnets: ['config merge 0: cluster-cidr of the controller manager 10.50.0.0/16'],
      serviceSubnets: [
        'config merge 0: service-cluster-ip-range of the controller manager 10.70.0.0/20',
        'config merge 1: service-cluster-ip-range of the API server 10.71.0.0/20',
      ],
    })
  })

  test.each(['networking: {podSubnet: null}', 'networking: null'])('one that removes them: %s', (text) => {
    expect(read(version, [`kind: ClusterConfiguration\n${text}`]).problems).toContain(
      'config merge 0: removes networking.podSubnet, which every cluster needs; leave it',
    )
  })

  test.each(['false', 'False', '0', 'f'])('one that gives nodes none: allocate-node-cidrs %s', (value) => {
    expect(read(version, [args(`{allocate-node-cidrs: "${value}"}`)]).problems).toEqual([
      'config merge 0: sets allocate-node-cidrs to false, so nodes get no podCIDR that routes could lead to; leave it out',
    ])
  })

  test('one that gives nodes what they get anyway', () => {
    expect(read(version, [args('{allocate-node-cidrs: "true"}')])).toEqual(nothing)
  })
})

describe('versions of the config of kubeadm', () => {
  test('v1beta4 takes arguments as a list, merged by name', () => {
    const first = args('[{name: node-cidr-mask-size, value: "25"}, {name: v, value: "4"}]')
    const second = args('[{name: node-cidr-mask-size, value: "26"}]', 'v1beta4')
    expect(read('1.36.1', [first, second])).toEqual({
      ...nothing,
      nodeMasks: ['config merge 1: node-cidr-mask-size 26'],
    })
    expect(read('1.36.1', [first, args('{node-cidr-mask-size: null}')])).toEqual(nothing)
  })

  test('v1beta3 takes them as a map', () => {
    expect(read('1.35.9', [args('{node-cidr-mask-size-ipv4: "25"}', 'v1beta3')]).nodeMasks).toEqual([
      'config merge 0: node-cidr-mask-size-ipv4 25',
    ])
    expect(read('1.22.0', [args('{node-cidr-mask-size: "25"}', 'v1beta2')]).nodeMasks).toHaveLength(1)
  })

  test.each<[string, string, string]>([
    ['1.34.0', '[{name: v, value: "4"}]', 'as a list, as Kubernetes 1.36 and later take it'],
  ])('%s does not take the other way', (version, text, written) => {
    expect(read(version, [args(text)]).problems).toEqual([
      `config merge 0: writes extraArgs of controllerManager ${written}; the nodes have another version`,
    ])
  })

  test('a JSON patch can write a map where a list is wanted', () => {
    const operations = [{ op: 'replace', path: '/apiServer/extraArgs', value: { v: '4' } }]
    expect(read('1.37.0', [{ operations }]).problems).toEqual([
      'config json 0: writes extraArgs of apiServer as a map, as Kubernetes before 1.36 takes it; the nodes have another version',
    ])
    expect(read('1.34.0', [{ operations }])).toEqual(nothing)
  })

  test('kind skips patches for another version', () => {
    const other = 'apiVersion: kubeadm.k8s.io/v1beta4\n' + pods
    expect(read('1.34.0', [other])).toEqual(nothing)
    expect(read('1.37.0', [other]).podSubnets).toHaveLength(1)
    const operations = [{ op: 'replace', path: '/networking/podSubnet', value: '10.50.0.0/16' }]
    expect(read('1.34.0', [{ group: 'kubeadm.k8s.io', version: 'v1beta4', operations }])).toEqual(nothing)
    expect(read('1.37.0', [{ group: 'kubeadm.k8s.io', version: 'v1beta4', operations }]).podSubnets).toHaveLength(1)
    // a version without its group is of no document
    expect(read('1.37.0', [{ version: 'v1beta4', operations }])).toEqual(nothing)
  })

  test('of nodes that are not known, what either may set counts', () => {
    const old = args('{node-cidr-mask-size: "25"}', 'v1beta3')
    const recent = args('[{name: node-cidr-mask-size, value: "26"}]', 'v1beta4')
    expect(read(undefined, [old, recent]).nodeMasks.sort()).toEqual([
      'config merge 0: node-cidr-mask-size 25',
      'config merge 1: node-cidr-mask-size 26',
    ])
    const removal = `apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nnetworking: {podSubnet: null}`
    expect(read(undefined, [removal]).problems).toHaveLength(1)
  })

  test('of nodes that are not known, a patch needs to fit one of those that it is for', () => {
    const recent = {
      operations: [{ op: 'add', path: '/controllerManager/extraArgs/-', value: { name: 'v', value: '4' } }],
    }
    expect(read(undefined, [recent])).toEqual(nothing)
    expect(read(undefined, [args('[{name: v, value: "4"}]')])).toEqual(nothing)
    const wrong = { ...recent, group: 'kubeadm.k8s.io', version: 'v1beta3' }
    expect(read(undefined, [wrong]).problems).toEqual([
      'config json 0: sets - to {"name":"v","value":"4"}, but kubeadm takes strings only; put the value in quotes',
    ])
  })
})

describe('patches without effect', () => {
  test.each([
    'kind: InitConfiguration\nnetworking: {podSubnet: 10.50.0.0/16}',
    'networking: {podSubnet: 10.50.0.0/16}',
    '',
    '# nothing',
    `kind: KubeletConfiguration\n---\n# ${'nothing'}\n`,
  ])('are those of other documents: %j', (text) => {
    expect(read('1.34.0', [text])).toEqual(nothing)
  })

  test('are not those behind a separator, whatever stands in its line', () => {
    expect(read('1.34.0', [`kind: InitConfiguration\n--- # the cluster\n${pods}`]).podSubnets).toHaveLength(1)
    expect(read('1.34.0', [`---\n${pods}---`]).podSubnets).toHaveLength(1)
  })

  test('are those before a separator that nothing follows, which kind drops', () => {
    expect(read('1.34.0', [`${pods}--- # the end`])).toEqual(nothing)
  })

  test('are those that a later one takes back', () => {
    const set = args('{node-cidr-mask-size: "25"}')
    expect(read('1.34.0', [set, args('{node-cidr-mask-size: null}')])).toEqual(nothing)
    const remove = { operations: [{ op: 'remove', path: '/controllerManager/extraArgs/node-cidr-mask-size' }] }
    expect(read('1.34.0', [set, remove])).toEqual(nothing)
  })
})

/** So many operations that copy. */
function copies(count: number, from: (index: number) => string, to: string): object[] {
  return Array.from({ length: count }, (_, index) => ({ op: 'copy', from: from(index), path: `${to}${String(index)}` }))
}

describe('JSON patches', () => {
  const mask = (path: string, value: unknown) => ({ operations: [{ op: 'add', path, value }] })

  test('set a node mask in either version', () => {
    const old = mask('/controllerManager/extraArgs/node-cidr-mask-size', '25')
    const recent = mask('/controllerManager/extraArgs/-', { name: 'node-cidr-mask-size', value: '26' })
    expect(read('1.34.0', [old]).nodeMasks).toEqual(['config json 0: node-cidr-mask-size 25'])
    expect(read('1.37.0', [recent]).nodeMasks).toEqual(['config json 0: node-cidr-mask-size 26'])
  })

  test('are applied after the merge patches of their level, and before those of the node', () => {
    const json = { operations: [{ op: 'replace', path: '/networking/podSubnet', value: '10.60.0.0/16' }] }
    expect(read('1.34.0', [json, pods]).podSubnets).toEqual(['config json 0: networking.podSubnet 10.60.0.0/16'])
    expect(read('1.34.0', [json], [pods]).podSubnets).toEqual(['node merge 0: networking.podSubnet 10.50.0.0/16'])
  })

  test('find the names that a merge patch has added to the certificate', () => {
    const merge = 'kind: ClusterConfiguration\napiServer: {certSANs: [localhost, kind.example]}'
    const replace = (index: number) => ({
      operations: [{ op: 'replace', path: `/apiServer/certSANs/${String(index)}`, value: 'x' }],
    })
    expect(read('1.34.0', [merge, replace(2)])).toEqual(nothing)
    expect(read('1.34.0', [merge, replace(3)]).problems).toHaveLength(1)
  })

  test('of an argument that is there twice the last counts', () => {
    const twice = ['25', '26'].map((value) => ({
      op: 'add',
      path: '/controllerManager/extraArgs/-',
      value: { name: 'node-cidr-mask-size', value },
    }))
    expect(read('1.37.0', [{ operations: twice }]).nodeMasks).toEqual(['config json 0: node-cidr-mask-size 26'])
  })

  test.each<[string, object]>([
    ['1.34.0', { op: 'replace', path: '/etcd', value: {} }],
    ['1.34.0', { op: 'add', path: '/scheduler/extraArgs/v', value: '4' }],
    ['1.37.0', { op: 'replace', path: '/controllerManager/extraArgs/cluster-cidr', value: 'x' }],
    ['1.37.0', { op: 'move', from: '/clusterName', path: '/apiServer/certSANs/9' }],
    ['1.37.0', { op: 'test', path: '/clusterName', value: 'x' }],
    ['1.37.0', { op: 'add', path: '/clusterName/x', value: 'x' }],
    ['1.37.0', { op: 'none', path: '/clusterName' }],
    ['1.37.0', { op: 'add', path: 'clusterName', value: 'x' }],
  ])('must fit the config that kind writes for %s: %j', (version, operation) => {
    const { problems } = read(version, [{ operations: [operation] }])
    expect(problems).toEqual([
      expect.stringMatching(/^config json 0: does not fit the config that kind writes for kubeadm: /) as unknown,
    ])
  })

  const tooMany = /^config json 0: does not fit the config .* is one copy too many: .* at most 20000 values; copy less$/

  // each fills the memory where nobody counts
  test.each<[string, object, readonly object[]]>([
    ['of a part into itself', {}, copies(30, () => '/apiServer', '/apiServer/x')],
    [
      'of a part in turns',
      {},
      copies(30, (index) => `/${['apiServer', 'scheduler'][index % 2] ?? ''}`, '/scheduler/x'),
    ],
    ['of a long text', { clusterName: 'x'.repeat(1e6) }, copies(100, () => '/clusterName', '/apiServer/x')],
  ])('may not copy without end: %s', (_, merge, operations) => {
    const patch = JSON.stringify({ kind: 'ClusterConfiguration', ...merge })
    for (const version of ['1.34.0', '1.37.0']) {
      expect(read(version, [patch, { operations }]).problems).toEqual([expect.stringMatching(tooMany) as unknown])
    }
  })

  test('may copy as often as anybody needs', () => {
    const operations = copies(1000, () => '/networking', '/scheduler/x')
    expect(read('1.34.0', [{ operations }]).problems).toEqual([])
  })
})

test.each(['/__proto__/polluted', '/constructor/prototype/polluted'])('%s changes no other object', (path) => {
  read('1.37.0', [{ operations: [{ op: 'add', path, value: 'x' }] }])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

describe('values that are no text are shown as JSON', () => {
  test('in a test that fails', () => {
    const operations = [{ op: 'test', path: '/networking', value: { dnsDomain: 'x' } }]
    expect(read('1.34.0', [{ operations }]).problems).toEqual([
      'config json 0: does not fit the config that kind writes for kubeadm: the value of /networking is not the one that it tests for',
    ])
  })

  test('in a setting', () => {
    expect(
      read('1.34.0', ['kind: ClusterConfiguration\nnetworking: {serviceSubnet: {a: 1}}\n']).serviceSubnets,
    ).toEqual(['config merge 0: networking.serviceSubnet {"a":1}'])
  })
})

describe('what kubeadm cannot read', () => {
  test.each([
    ['25', '25'],
    ['true', 'true'],
    ['[a]', '["a"]'],
  ])('an argument that is not a string: %s', (value, shown) => {
    for (const version of ['1.34.0', '1.37.0', undefined]) {
      expect(read(version, [args(`{node-cidr-mask-size: ${value}}`)]).problems).toEqual([
        `config merge 0: sets node-cidr-mask-size to ${shown}, but kubeadm takes strings only; put the value in quotes`,
      ])
    }
  })

  test('is reported once, where it was written', () => {
    const operations = [{ op: 'add', path: '/etcd', value: {} }]
    expect(read('1.34.0', [args('{v: 4}'), args('{w: "5"}'), { operations }]).problems).toHaveLength(1)
  })

  test.each(['apiVersion: ""\nkind: ClusterConfiguration', 'apiVersion: ~\nkind: ClusterConfiguration'])(
    'a config without its version: %j',
    (text) => {
      expect(read('1.34.0', [text]).problems).toEqual([
        "config merge 0: changes apiVersion of kubeadm's config, which kubeadm then cannot read; leave it out or write it in full",
      ])
    },
  )
})

describe('patches that kind cannot read are reported with their place', () => {
  const problemsOf = (text: string) => readKindConfig(text).problems.map(({ path, message }) => `${path}: ${message}`)

  test.each([
    [
      'kubeadmConfigPatches: ["- a"]',
      'kubeadmConfigPatches[0]: must be a map with the kind that it patches, such as ClusterConfiguration',
    ],
    [
      'nodes: [{}, {kubeadmConfigPatches: ["~", text]}]',
      'nodes[1].kubeadmConfigPatches[1]: must be a map with the kind that it patches, such as ClusterConfiguration',
    ],
    [
      'kubeadmConfigPatchesJSON6902: [{}]',
      'kubeadmConfigPatchesJSON6902[0].patch: must be a list of operations, each with op and path (RFC 6902)',
    ],
    [
      'kubeadmConfigPatchesJSON6902: [{patch: "[{op: add}]"}]',
      'kubeadmConfigPatchesJSON6902[0].patch: must be a list of operations, each with op and path (RFC 6902)',
    ],
  ])('%s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  test('in YAML that is not', () => {
    expect(problemsOf('kubeadmConfigPatches: ["a: ["]')[0]).toMatch(/^kubeadmConfigPatches\[0\]: is not YAML: /)
  })

  test('with the template that nobody filled in', () => {
    expect(problemsOf('kubeadmConfigPatches: ["a: {{ x }}"]')).toEqual([
      'kubeadmConfigPatches[0]: contains the template {{ x }}, which nothing has filled in; replace it with its value',
    ])
  })
})
