import { describe, expect, test } from '@jest/globals'
import { Problems } from '../../../src/model/problems.js'
import { withDefaults, type GivenInputs } from '../../../src/plan/inputs.js'
import { parseRequest } from '../../../src/plan/request.js'
import { plan, problemsOf, request } from '../../fakes/build.js'

/** What is decided of each cluster. */
function decided(given: GivenInputs): object[] {
  return request(given).clusters.map(({ name, families, podSubnets, serviceSubnets }) => ({
    name,
    families: families.join(),
    pods: podSubnets.map(({ text }) => text).join(),
    services: serviceSubnets.map(({ text }) => text).join(),
  }))
}

const list = (...entries: readonly object[]) => JSON.stringify(entries)
const patch = (text: string) => ({ kubeadmConfigPatches: [`kind: ClusterConfiguration\n${text}`] })

/** The same said in each way: by the list, the cluster's own config, the shared config of one, a patch of kubeadm. */
const ways = [
  {
    way: 'the list',
    given: { clusters: list({ name: 'dev', 'pod-subnet': '10.1.0.0/16', 'service-subnet': '10.2.0.0/20' }) },
  },
  {
    way: 'its own config',
    given: {
      clusters: list({
        config: { name: 'dev', networking: { podSubnet: '10.1.0.0/16', serviceSubnet: '10.2.0.0/20' } },
      }),
    },
  },
  {
    way: 'the shared config of one cluster',
    given: { clusters: '1', config: 'name: dev\nnetworking: {podSubnet: 10.1.0.0/16, serviceSubnet: 10.2.0.0/20}' },
  },
  {
    way: 'a patch',
    given: {
      clusters: list({
        name: 'dev',
        config: patch('networking: {podSubnet: 10.1.0.0/16, serviceSubnet: 10.2.0.0/20}'),
      }),
    },
  },
  {
    way: 'all of them',
    given: {
      clusters: list({
        name: 'dev',
        'pod-subnet': '10.1.0.0/16',
        'service-subnet': '10.2.0.0/20',
        config: {
          name: 'dev',
          networking: { podSubnet: '10.1.0.0/16', serviceSubnet: '10.2.0.0/20' },
          ...patch('networking: {podSubnet: 10.1.0.0/16, serviceSubnet: 10.2.0.0/20}'),
        },
      }),
      config: 'name: dev\nnetworking: {podSubnet: 10.1.0.0/16}',
    },
  },
] satisfies { way: string; given: GivenInputs }[]

test.each(ways)('name and subnets are said by $way', ({ given }) => {
  expect(decided(given)).toEqual([{ name: 'dev', families: 'ipv4', pods: '10.1.0.0/16', services: '10.2.0.0/20' }])
})

test.each(ways)('kind gets name and subnets that were given by $way', ({ given }) => {
  expect(plan(given).clusters[0]?.kindConfig).toMatchObject({
    name: 'dev',
    networking: { podSubnet: '10.1.0.0/16', serviceSubnet: '10.2.0.0/20', ipFamily: 'ipv4' },
  })
})

test('the config of the article works for each of its clusters', () => {
  const config = (pods: string, services: string) => ({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    nodes: [{ role: 'control-plane' }],
    networking: { podSubnet: pods, serviceSubnet: services },
  })
  const clusters = list(
    { config: config('10.0.0.0/16', '10.1.0.0/16') },
    { config: config('10.2.0.0/16', '10.3.0.0/16') },
  )
  expect(plan({ clusters }, { networks: [], routes: [] }).clusters).toMatchObject([
    { podSubnets: ['10.0.0.0/16'], serviceSubnets: ['10.1.0.0/16'] },
    { podSubnets: ['10.2.0.0/16'], serviceSubnets: ['10.3.0.0/16'] },
  ])
})

describe("what is empty or kind's default is no contradiction", () => {
  test.each([
    ['an empty name and empty subnets', 'name: ""\nnetworking: {podSubnet: "", serviceSubnet: ~, ipFamily: ""}', {}],
    ['the family that clusters have anyway', 'networking: {ipFamily: ipv4}', {}],
    ['the family that is given besides', 'networking: {ipFamily: dual}', { 'ip-family': 'dual' }],
  ])('%s', (_, config, entry) => {
    expect(problemsOf({ clusters: list({ ...entry, config }) })).toEqual([])
    expect(problemsOf({ ...entry, clusters: '2', config })).toEqual([])
  })
})

describe('a contradiction names both places', () => {
  test.each<[string, GivenInputs, string[]]>([
    [
      'names',
      { clusters: list({ name: 'a', config: { name: 'b' } }) },
      ['clusters[0].config.name: "b" contradicts clusters[0].name (a); give one of the two'],
    ],
    [
      'names, with the config that one cluster has for itself',
      { clusters: list({ name: 'a' }), config: 'name: b' },
      ['config.name: "b" contradicts clusters[0].name (a); give one of the two'],
    ],
    [
      'families',
      { clusters: list({ 'ip-family': 'ipv6', config: { networking: { ipFamily: 'dual' } } }) },
      ['clusters[0].config.networking.ipFamily: "dual" contradicts clusters[0].ip-family (ipv6); give one of the two'],
    ],
    [
      'the family of all',
      { 'ip-family': 'ipv6', config: 'networking: {ipFamily: dual}' },
      ['config.networking.ipFamily: "dual" contradicts ip-family (ipv6); give one of the two'],
    ],
    [
      'subnets',
      { clusters: list({ 'pod-subnet': '10.1.0.0/16', config: { networking: { podSubnet: '10.2.0.0/16' } } }) },
      [
        'clusters[0].config.networking.podSubnet: "10.2.0.0/16" contradicts clusters[0].pod-subnet (10.1.0.0/16); give one of the two',
      ],
    ],
    [
      'a config and its patch',
      {
        clusters: list({
          config: {
            networking: { serviceSubnet: '10.1.0.0/16' },
            ...patch('networking: {serviceSubnet: 10.2.0.0/16}'),
          },
        }),
      },
      [
        'clusters[0].config.kubeadmConfigPatches[0]: "10.2.0.0/16" contradicts clusters[0].config.networking.serviceSubnet (10.1.0.0/16); give one of the two',
      ],
    ],
    [
      'two settings of one patch',
      {
        clusters: list({
          config: patch(
            'networking: {podSubnet: 10.1.0.0/16}\ncontrollerManager: {extraArgs: {cluster-cidr: 10.2.0.0/16}}',
          ),
        }),
      },
      [
        'clusters[0].config.kubeadmConfigPatches[0]: "10.2.0.0/16" contradicts clusters[0].config.kubeadmConfigPatches[0] (10.1.0.0/16); give one of the two',
      ],
    ],
    [
      'the order of families',
      {
        clusters: list({
          'ip-family': 'dual',
          'pod-subnet': '10.1.0.0/16,fd00:1::/56',
          config: { networking: { podSubnet: 'fd00:1::/56,10.1.0.0/16' } },
        }),
      },
      [
        'clusters[0].config.networking.podSubnet: "fd00:1::/56,10.1.0.0/16" contradicts clusters[0].pod-subnet (10.1.0.0/16,fd00:1::/56); give one of the two',
      ],
    ],
  ])('%s', (_, given, problems) => {
    expect(problemsOf(given)).toEqual(problems)
  })

  test('and what cannot be read contradicts nothing', () => {
    const clusters = list({ 'pod-subnet': '10.1.0.1/16', config: { networking: { podSubnet: '10.2.0.0/16' } } })
    expect(problemsOf({ clusters })).toEqual([
      'clusters[0].pod-subnet: "10.1.0.1/16" has host bits set; the subnet is 10.1.0.0/16',
    ])
  })
})

describe('the order of families', () => {
  test.each([
    { key: 'pod-subnet', text: 'fd00:1::/56,10.1.0.0/16' },
    { key: 'service-subnet', text: 'fd00:2::/112,10.2.0.0/16' },
  ])('is that of $key: IPv6 first', ({ key, text }) => {
    const { clusters } = plan({ clusters: list({ 'ip-family': 'dual', [key]: text }) })
    expect(clusters[0]?.podSubnets[0]).toMatch(/^fd00/)
    expect(clusters[0]?.serviceSubnets[0]).toMatch(/^fd00/)
    expect(clusters[0]?.kindConfig.networking?.podSubnet).toMatch(/^fd00:[^,]*,10\./)
    expect(clusters[0]?.kindConfig.networking?.serviceSubnet).toMatch(/^fd00:[^,]*,10\./)
  })

  test('is the same for pods and services', () => {
    const clusters = list({
      'ip-family': 'dual',
      'pod-subnet': 'fd00:1::/56,10.1.0.0/16',
      'service-subnet': '10.2.0.0/16,fd00:2::/112',
    })
    expect(problemsOf({ clusters })).toEqual([
      'clusters[0].service-subnet: "10.2.0.0/16,fd00:2::/112" has its families in another order than clusters[0].pod-subnet; write both in the same order',
    ])
  })
})

describe('a patch of subnets', () => {
  const twice = { clusters: '2', config: JSON.stringify(patch('networking: {podSubnet: 10.50.0.0/16}')) }

  test('is refused once for several clusters, since each needs its own', () => {
    const problems = [
      'config.kubeadmConfigPatches[0]: sets networking.podSubnet to 10.50.0.0/16 in every cluster, and each needs its own; leave it out, or put it into the config of one cluster',
    ]
    expect(problemsOf(twice)).toEqual(problems)
    expect(problemsOf({ ...twice, clusters: list({ 'pod-subnet': '10.1.0.0/16' }, {}) })).toEqual(problems)
  })

  test.each([
    ['networking: {serviceSubnet: 10.50.0.0/16}', 'networking.serviceSubnet to 10.50.0.0/16'],
    [
      'controllerManager: {extraArgs: {cluster-cidr: 10.50.0.0/16}}',
      'cluster-cidr of the controller manager to 10.50.0.0/16',
    ],
    [
      'apiServer: {extraArgs: {service-cluster-ip-range: 10.50.0.0/16}}',
      'service-cluster-ip-range of the API server to 10.50.0.0/16',
    ],
    [
      'apiServer: {extraArgs: [{name: service-cluster-ip-range, value: 10.50.0.0/16}]}',
      'service-cluster-ip-range of the API server to 10.50.0.0/16',
    ],
  ])('is found whatever it writes: %s', (text, setting) => {
    expect(problemsOf({ clusters: '2', config: JSON.stringify(patch(text)) })[0]).toMatch(
      `config.kubeadmConfigPatches[0]: sets ${setting} in every cluster`,
    )
  })

  test('is found on a node', () => {
    const config = JSON.stringify({
      nodes: [{ role: 'worker' }, { role: 'control-plane', ...patch('networking: {podSubnet: 10.50.0.0/16}') }],
    })
    expect(problemsOf({ clusters: '2', config })[0]).toMatch(/^config\.nodes\[1\]\.kubeadmConfigPatches\[0\]: sets/)
    const worker = JSON.stringify({
      nodes: [{ role: 'control-plane' }, { role: 'worker', ...patch('networking: {podSubnet: 10.50.0.0/16}') }],
    })
    expect(problemsOf({ clusters: '2', config: worker })).toEqual([])
  })

  test('is that of one cluster where it stands in the config of one', () => {
    const clusters = list({ config: patch('networking: {podSubnet: 10.50.0.0/16}') }, {})
    expect(decided({ clusters })).toMatchObject([{ pods: '10.50.0.0/16' }, { pods: '' }])
  })

  test('must hold both families of a dual-stack cluster, since nothing can be added to it', () => {
    const clusters = list({ 'ip-family': 'dual', config: patch('networking: {serviceSubnet: 10.70.0.0/20}') })
    expect(problemsOf({ clusters })).toEqual([
      'clusters[0].config.kubeadmConfigPatches[0]: sets networking.serviceSubnet to 10.70.0.0/20, but a dual-stack cluster needs an IPv4 and an IPv6 subnet; give both, separated by a comma',
    ])
    const repeated = list({
      'ip-family': 'dual',
      'pod-subnet': '10.50.0.0/16',
      config: patch('networking: {podSubnet: 10.50.0.0/16}'),
    })
    expect(problemsOf({ clusters: repeated })).toHaveLength(1)
  })
})

describe('node masks', () => {
  const masks = (ipFamily: string, text: string) => ({
    clusters: list({ 'ip-family': ipFamily, config: patch(`controllerManager: {extraArgs: ${text}}`) }),
  })

  test.each([
    ['ipv4', '{node-cidr-mask-size: "25"}', { ipv4: 25, ipv6: 64 }],
    ['ipv6', '{node-cidr-mask-size: "72"}', { ipv4: 24, ipv6: 72 }],
    ['ipv6', '{node-cidr-mask-size-ipv6: "72"}', { ipv4: 24, ipv6: 72 }],
    ['dual', '{node-cidr-mask-size-ipv4: "26", node-cidr-mask-size-ipv6: "72"}', { ipv4: 26, ipv6: 72 }],
  ])('of %s are those of the patch %s', (family, text, nodeMasks) => {
    expect(request(masks(family, text)).clusters[0]?.nodeMasks).toEqual(nodeMasks)
  })

  test.each([
    [
      'dual',
      '{node-cidr-mask-size: "25"}',
      ', which dual-stack clusters do not take; use node-cidr-mask-size-ipv4 and node-cidr-mask-size-ipv6',
    ],
    ['ipv4', '{node-cidr-mask-size: "33"}', ' to 33; use a prefix length from 1 to 32'],
    ['ipv4', '{node-cidr-mask-size: "0"}', ' to 0; use a prefix length from 1 to 32'],
    ['ipv4', '{node-cidr-mask-size: large}', ' to large; use a prefix length from 1 to 32'],
    ['ipv4', '{node-cidr-mask-size-ipv6: "72"}', "-ipv6, but the cluster's ip-family is ipv4; leave it out"],
    [
      'ipv4',
      '{node-cidr-mask-size: "25", node-cidr-mask-size-ipv4: "26"}',
      ' and that of one family, which kube-controller-manager does not take together; give one of the two',
    ],
  ])('of %s cannot be %s', (family, text, message) => {
    expect(problemsOf(masks(family, text))).toEqual([
      `clusters[0].config.kubeadmConfigPatches[0]: sets node-cidr-mask-size${message}`,
    ])
  })

  test('follow JSON patches, and no patch that kind skips', () => {
    const operations = [{ op: 'add', path: '/controllerManager/extraArgs/node-cidr-mask-size', value: '26' }]
    const json = { kind: 'ClusterConfiguration', patch: JSON.stringify(operations) }
    const of = (config: object) =>
      request({ clusters: list({ 'kubernetes-version': '1.34', config }) }).clusters[0]?.nodeMasks.ipv4
    expect(of({ kubeadmConfigPatchesJSON6902: [json] })).toBe(26)
    expect(of({ kubeadmConfigPatchesJSON6902: [{ ...json, group: 'kubeadm.k8s.io', version: 'v1beta4' }] })).toBe(24)
    expect(of({ nodes: [{}, { role: 'worker', kubeadmConfigPatchesJSON6902: [json] }] })).toBe(24)
    expect(
      of(patch('apiVersion: kubeadm.k8s.io/v1beta4\ncontrollerManager: {extraArgs: {node-cidr-mask-size: "26"}}')),
    ).toBe(24)
  })
})

test('masks for both versions of the config of kubeadm are that of the newer one where the nodes are not known', () => {
  const mask = (version: string, args: string) =>
    `kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/${version}\ncontrollerManager: {extraArgs: ${args}}`
  const kubeadmConfigPatches = [
    mask('v1beta4', '[{name: node-cidr-mask-size, value: "26"}]'),
    mask('v1beta3', '{node-cidr-mask-size: "25"}'),
  ]
  const of = (entry: object) => request({ clusters: list({ ...entry, config: { kubeadmConfigPatches } }) })
  expect(of({}).clusters[0]?.nodeMasks.ipv4).toBe(26)
  expect(of({ 'kubernetes-version': '1.34' }).clusters[0]?.nodeMasks.ipv4).toBe(25)
})

describe('a shared config', () => {
  test('gives its family to all', () => {
    expect(decided({ clusters: '2', config: 'networking: {ipFamily: ipv6}' })).toMatchObject([
      { families: 'ipv6' },
      { families: 'ipv6' },
    ])
    const clusters = list({ config: { networking: { ipFamily: 'ipv4' } } }, {})
    expect(decided({ clusters, config: 'networking: {ipFamily: dual}' })).toMatchObject([
      { families: 'ipv4' },
      { families: 'ipv4,ipv6' },
    ])
  })

  test('gives its subnets to one cluster, not to several', () => {
    const config = 'networking: {podSubnet: 10.1.0.0/16, serviceSubnet: 10.2.0.0/20}'
    expect(decided({ clusters: '1', config })).toMatchObject([{ pods: '10.1.0.0/16', services: '10.2.0.0/20' }])
    expect(problemsOf({ clusters: '3', config })).toEqual([
      'config.networking.podSubnet: "10.1.0.0/16" would be the same in every cluster, and each needs its own; leave it out, or put it into the config of one cluster',
      'config.networking.serviceSubnet: "10.2.0.0/20" would be the same in every cluster, and each needs its own; leave it out, or put it into the config of one cluster',
    ])
  })

  test('has a name that is ignored with a warning, since each cluster needs its own', () => {
    const { clusters, warnings } = request({ clusters: '2', config: 'name: kind' })
    expect(clusters.map(({ name }) => name)).toEqual([undefined, undefined])
    expect(warnings).toEqual([
      'config.name: "kind" is ignored, because several clusters share this config; name them in the list of clusters',
    ])
  })

  test.each([
    ['nodes: [{role: x}]', /^config\.nodes\[0\]\.role: /],
    ['kubeadmConfigPatches: ["a: ["]', /^config\.kubeadmConfigPatches\[0\]: is not YAML/],
    [
      'nodes: [{extraPortMappings: [{containerPort: "80"}]}]',
      /^config\.nodes\[0\]\.extraPortMappings\[0\]\.containerPort: /,
    ],
    [
      'kubeadmConfigPatches: ["{kind: ClusterConfiguration, controllerManager: {extraArgs: {node-cidr-mask-size: \'99\'}}}"]',
      /^config\.kubeadmConfigPatches\[0\]: sets node-cidr-mask-size to 99/,
    ],
    ['nodes: [{image: "${IMAGE}"}]', /^config\.nodes\[0\]\.image: .* contains the template \$\{IMAGE\}/],
  ])('has its problems told once, under its own name: %s', (config, line) => {
    const problems = problemsOf({ clusters: '3', config }).filter((each) => each.startsWith('config'))
    expect(problems).toEqual([expect.stringMatching(line) as unknown])
  })
})

test('a base that is merged into the config of each cluster keeps its nodes and its proxy mode', () => {
  const clusters = `
- name: a
  config: &base
    nodes: [{role: control-plane}, &w {role: worker, image: "kindest/node:v1.34.0", labels: {build: 1.30}}, {<<: *w}]
    networking: {kubeProxyMode: ipvs}
- name: b
  config: {<<: *base, featureGates: {A: true}}`
  for (const { nodes, config } of request({ clusters }).clusters) {
    expect(nodes.map(({ role, image }) => [role, image])).toEqual([
      ['control-plane', undefined],
      ['worker', 'kindest/node:v1.34.0'],
      ['worker', 'kindest/node:v1.34.0'],
    ])
    expect(nodes[2]?.labels).toEqual({ build: '1.30' })
    expect(config.networking).toEqual({ kubeProxyMode: 'ipvs' })
  }
})

test('a node without a role is a control plane', () => {
  const clusters = list({ config: 'nodes: [{role: }, {role: worker}]' })
  expect(request({ clusters }).clusters[0]?.nodes.map(({ role }) => role)).toEqual(['control-plane', 'worker'])
})

test('only the first document of a config counts', () => {
  const clusters = list({ config: 'name: first\n---\nname: second' })
  expect(decided({ clusters })).toMatchObject([{ name: 'first' }])
})

test.each([
  ['registry.mirrors', '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."localhost:5001"]\nendpoint = []', 1],
  ['a config_path', '[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"', 0],
])('%s in a patch of containerd warns where it breaks nodes', (_, text, count) => {
  const config = JSON.stringify({ containerdConfigPatches: [text] })
  const warnings = Array<unknown>(count).fill(
    expect.stringMatching(
      /^config\.containerdConfigPatches\[0\]: registry\.mirrors keeps containerd from starting .*hosts\.toml/,
    ),
  )
  expect(request({ clusters: '2', config }).warnings).toEqual(warnings)
})

describe('the Kubernetes that kind takes by itself', () => {
  const patch = (version: string) =>
    `{kind: ClusterConfiguration, apiVersion: kubeadm.k8s.io/${version}, controllerManager: {extraArgs: {node-cidr-mask-size: "26"}}}`
  const maskWith = (version: string, given: GivenInputs = {}) => {
    const raw = withDefaults({
      clusters: '1',
      config: JSON.stringify({ kubeadmConfigPatches: [patch(version)] }),
      ...given,
    })
    return parseRequest(raw, new Problems(), '1.34.0').clusters[0]?.nodeMasks.ipv4
  }

  test('decides which patches count where no image was asked for', () => {
    expect(maskWith('v1beta3')).toBe(26)
    expect(maskWith('v1beta4')).toBe(24)
  })

  test('is nothing to clusters with a version or an image of their own', () => {
    expect(maskWith('v1beta3', { 'kubernetes-version': '1.37' })).toBe(24)
    expect(maskWith('v1beta3', { 'node-image': 'kindest/node:v1.37.0' })).toBe(24)
    expect(maskWith('v1beta3', { 'node-image': 'mine:latest' })).toBe(26)
  })
})

test.each(['addon/kube-proxy', 'addon/coredns', 'addon'])('a patch that skips %s is refused', (phase) => {
  const config = JSON.stringify({
    kubeadmConfigPatches: [`{kind: InitConfiguration, skipPhases: [preflight, ${phase}]}`],
  })
  const problems = new Problems()
  parseRequest(withDefaults({ clusters: '1', config }), problems)
  expect(problems.found).toEqual([
    {
      input: 'config.kubeadmConfigPatches[0]',
      value: undefined,
      message: `skips the phase ${phase}, without which the clusters cannot be connected; leave it out`,
    },
  ])
})

test('texts of a cluster with an unfilled template are named as such', () => {
  const problems = new Problems()
  parseRequest(withDefaults({ clusters: '[{name: "{{ x }}", pod-subnet: "${PODS:-10.1.0.0/16}"}]' }), problems)
  expect(problems.found.map(({ input, message }) => `${input}: ${message.slice(0, 24)}`)).toEqual([
    'clusters[0].name: contains the template {{',
    'clusters[0].pod-subnet: contains the template ${',
  ])
})
