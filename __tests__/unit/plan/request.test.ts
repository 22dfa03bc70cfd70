import { describe, expect, test } from '@jest/globals'
import { InputError, type Problem } from '../../../src/errors.js'
import { maskAddress } from '../../../src/mask-secrets.js'
import { withDefaults, type GivenInputs } from '../../../src/plan/inputs.js'
import { Problems } from '../../../src/model/problems.js'
import { parseRequest } from '../../../src/plan/request.js'
import { problemsOf, request } from '../../fakes/build.js'

const roles = (given: GivenInputs) => request(given).clusters.map(({ nodes }) => nodes.map(({ role }) => role))

describe('clusters', () => {
  test('is two clusters of one node unless told', () => {
    expect(request()).toMatchObject({
      clusters: [
        {
          input: 'clusters[0]',
          families: ['ipv4'],
          networks: ['default'],
          nodes: [{ role: 'control-plane' }],
          config: {},
        },
        {
          input: 'clusters[1]',
          families: ['ipv4'],
          networks: ['default'],
          nodes: [{ role: 'control-plane' }],
          config: {},
        },
      ],
      podSupernets: { ipv4: { text: '10.128.0.0/10' }, ipv6: { text: 'fd00:10:128::/48' } },
      serviceSupernets: { ipv4: { text: '10.192.0.0/10' }, ipv6: { text: 'fd00:10:192::/96' } },
      crossClusterDns: false,
      reuse: false,
      waitSeconds: 300,
      routeServices: true,
      preserveSourceIp: true,
      verify: true,
      cleanup: true,
    })
  })

  test('that can be read in part are looked at in all their parts', () => {
    const clusters = '[{name: east, worker: 1, workers: two, pod-subnet: 10.1.2.3/16}]'
    expect(problemsOf({ clusters }).map((line) => line.split(':')[0])).toEqual([
      'clusters[0].workers',
      'clusters[0].worker',
      'clusters[0].pod-subnet',
    ])
  })

  test('leaves out what was not asked for', () => {
    expect(Object.keys(request())).not.toContain('kubeconfig')
    expect(Object.keys(request())).not.toContain('dockerNetwork')
    expect(request().clusters[0]).toEqual({
      input: 'clusters[0]',
      families: ['ipv4'],
      networks: ['default'],
      nodes: [{ role: 'control-plane' }],
      nodeMasks: { ipv4: 24, ipv6: 64 },
      podSubnets: [],
      serviceSubnets: [],
      config: {},
      places: {
        name: 'clusters[0].name',
        'ip-family': 'ip-family',
        'pod-subnet': 'clusters[0].pod-subnet',
        'service-subnet': 'clusters[0].service-subnet',
        'node-image': 'node-image',
        'kubernetes-version': 'kubernetes-version',
        nodes: 'clusters[0].config.nodes',
        networking: 'config.networking',
      },
    })
  })

  test.each(['1', '3', '1000'])('is a count: %s', (count) => {
    const inputs = request({ clusters: count }).clusters.map(({ input }) => input)
    expect([inputs.length, inputs.at(-1)]).toEqual([Number(count), `clusters[${String(Number(count) - 1)}]`])
  })

  test.each(['0', '00', '1001', '99999999999999999999'])('is no such count: %s', (count) => {
    expect(problemsOf({ clusters: count })).toEqual([
      `clusters: "${count}" is out of range; give a count from 1 to 1000, or a YAML list`,
    ])
  })

  test('is a list of names, of maps, of both', () => {
    const { clusters } = request({
      clusters: ['- east', '- name: west', '  pod-subnet: 10.1.0.0/16', '- workers: 2', '- {}'].join('\n'),
    })
    expect(clusters.map(({ name, nodes, podSubnets }) => [name, nodes.length, podSubnets[0]?.text])).toEqual([
      ['east', 1, undefined],
      ['west', 1, '10.1.0.0/16'],
      [undefined, 3, undefined],
      [undefined, 1, undefined],
    ])
  })

  test('holds everything that can be said of a cluster', () => {
    const { clusters } = request({
      'node-image': 'shared:1',
      clusters: `
- name: east
  control-planes: 2
  workers: 1
  ip-family: dual
  network: [blue, green, blue]
  pod-subnet: fd00:1::/56,10.1.0.0/16
  service-subnet: 10.2.0.0/20
  node-image: kindest/node:v1.34.0
  config: {featureGates: {InPlacePodVerticalScaling: true}}
- west`,
    })
    expect(clusters).toEqual([
      {
        input: 'clusters[0]',
        name: 'east',
        nodes: [{ role: 'control-plane' }, { role: 'control-plane' }, { role: 'worker' }],
        families: ['ipv6', 'ipv4'],
        places: expect.objectContaining({ 'pod-subnet': 'clusters[0].pod-subnet' }) as unknown,
        networks: ['blue', 'green'],
        nodeMasks: { ipv4: 24, ipv6: 64 },
        podSubnets: ['fd00:1::/56', '10.1.0.0/16'].map((text) => expect.objectContaining({ text }) as unknown),
        serviceSubnets: [expect.objectContaining({ text: '10.2.0.0/20' }) as unknown],
        nodeImage: 'kindest/node:v1.34.0',
        config: { featureGates: { InPlacePodVerticalScaling: true } },
      },
      expect.objectContaining({ name: 'west', nodeImage: 'shared:1' }),
    ])
  })

  test.each([
    ['an empty list', '[]'],
    ['a map', 'name: east'],
    ['a text', 'east'],
    ['a negative number', '-3'],
    ['nothing but a comment', '# later'],
  ])('is neither a count nor a list: %s', (_, value) => {
    expect(problemsOf({ clusters: value })).toEqual([
      `clusters: "${value}" is neither a count nor a YAML list; give 3, or one entry for each cluster: "- name: east"`,
    ])
  })

  test.each<[string, string, string]>([
    [
      'a key with one letter wrong',
      '{worker: 1}',
      'clusters[0].worker: is not a cluster setting; did you mean workers?',
    ],
    [
      'a key in camel case',
      '{podSubnet: x}',
      'clusters[0].podSubnet: is not a cluster setting; did you mean pod-subnet?',
    ],
    [
      'a key like no other',
      '{flavour: sweet}',
      'clusters[0].flavour: is not a cluster setting; known are name, workers, control-planes, ip-family, network, pod-subnet, service-subnet, node-image, kubernetes-version, config',
    ],
    ['a number for a name', '{name: 1}', 'clusters[0].name: 1 is no text; give a string'],
    [
      'a quoted number of workers',
      '{workers: "2"}',
      'clusters[0].workers: "2" is not a number of nodes; use a whole number from 0 to 1000, without quotes',
    ],
    [
      'a part of a worker',
      '{workers: 1.5}',
      'clusters[0].workers: 1.5 is not a number of nodes; use a whole number from 0 to 1000, without quotes',
    ],
    [
      'fewer workers than none',
      '{workers: -1}',
      'clusters[0].workers: -1 is not a number of nodes; use a whole number from 0 to 1000, without quotes',
    ],
    [
      'no control plane',
      '{control-planes: 0}',
      'clusters[0].control-planes: 0 is not a number of nodes; use a whole number from 1 to 1000, without quotes',
    ],
    [
      'a list for a subnet',
      '{pod-subnet: [10.0.0.0/8]}',
      'clusters[0].pod-subnet: ["10.0.0.0/8"] is no text; give a string',
    ],
    [
      'a subnet with host bits',
      '{service-subnet: 10.0.0.1/16}',
      'clusters[0].service-subnet: "10.0.0.1/16" has host bits set; the subnet is 10.0.0.0/16',
    ],
    [
      'another family',
      '{ip-family: ipv5}',
      'clusters[0].ip-family: "ipv5" is no address family; give ipv4, ipv6 or dual',
    ],
    [
      'an IPv6 subnet of an IPv4 cluster',
      '{pod-subnet: "10.1.0.0/16, fd00:1::/56"}',
      'clusters[0].pod-subnet: "fd00:1::/56" is IPv6, the cluster is not; give another subnet, or ip-family dual',
    ],
    [
      'an IPv4 subnet of an IPv6 cluster',
      '{ip-family: ipv6, service-subnet: 10.1.0.0/16}',
      'clusters[0].service-subnet: "10.1.0.0/16" is IPv4, the cluster is not; give another subnet, or ip-family dual',
    ],
    [
      'two subnets of one family',
      '{ip-family: dual, pod-subnet: "fd00:1::/56,fd00:2::/56"}',
      'clusters[0].pod-subnet: "fd00:2::/56" is a second subnet of IPv6; give at most one of each address family',
    ],
    [
      'nothing behind a comma',
      '{pod-subnet: "10.1.0.0/16,"}',
      'clusters[0].pod-subnet: "" is no subnet; give address and prefix length, such as 10.128.0.0/16',
    ],
    [
      'an empty network',
      '{network: ""}',
      'clusters[0].network: "" is no network; give a name of letters, digits, - and ., or a list of such names',
    ],
    [
      'no network at all',
      '{network: []}',
      'clusters[0].network: [] is no network; give a name of letters, digits, - and ., or a list of such names',
    ],
    [
      'a network with a blank in a list',
      '{network: [a, "b c"]}',
      'clusters[0].network: ["a","b c"] is no network; give a name of letters, digits, - and ., or a list of such names',
    ],
    [
      'a number for a network',
      '{network: 7}',
      'clusters[0].network: 7 is no network; give a name of letters, digits, - and ., or a list of such names',
    ],
    ['an empty image', '{node-image: ""}', 'clusters[0].node-image: "" is empty; name an image or leave it out'],
    [
      'a number for a config',
      '{config: 1}',
      'clusters[0].config: 1 is not a kind config; write a YAML map, or the path of a file',
    ],
    ['a number', '7', 'clusters[0]: 7 is no cluster; give a name or a map with name, workers, …'],
    ['nothing', '', 'clusters[0]: null is no cluster; give a name or a map with name, workers, …'],
    ['a list', '[east]', 'clusters[0]: ["east"] is no cluster; give a name or a map with name, workers, …'],
  ])('refuses %s', (_, entry, problem) => {
    expect(problemsOf({ clusters: `- ${entry}` })).toEqual([problem])
  })

  test('problems name the place of the entry as it was given, also behind one that cannot be read', () => {
    expect(problemsOf({ clusters: '- 7\n- {pod-subnet: nowhere}\n- {service-subnet: 10.0.0.0}' })).toEqual([
      'clusters[0]: 7 is no cluster; give a name or a map with name, workers, …',
      'clusters[1].pod-subnet: "nowhere" is no subnet; give address and prefix length, such as 10.128.0.0/16',
      'clusters[2].service-subnet: "10.0.0.0" has no prefix length; give one, such as 10.0.0.0/16',
    ])
  })
})

describe('what is not YAML', () => {
  test.each<[string, string, string]>([
    ['an open bracket', '- [a', 'at line 1, column 5'],
    ['a key said twice', '- name: a\n  name: b', 'Map keys must be unique at line 2, column 3'],
    ['an alias without an anchor', '- *nobody', 'there is no anchor &nobody before *nobody'],
  ])('is told with its place: %s', (_, yaml, place) => {
    for (const input of ['clusters', 'config'] as const) {
      const [first] = problemsOf({ [input]: yaml })
      expect(first).toMatch(new RegExp(`^${input}: is not YAML: `))
      expect(problemsOf({ [input]: yaml }).join('\n')).toContain(place)
    }
  })

  test('is a list of clusters in two documents, of which one would be lost', () => {
    expect(problemsOf({ clusters: '- a\n---\n- b' })).toEqual([
      'clusters: contains several YAML documents; use one file for each',
    ])
  })

  test('is told for the config of a cluster too', () => {
    expect(problemsOf({ clusters: '- config: "a: [1"' })[0]).toMatch(/^clusters\[0\]\.config: is not YAML: /)
  })
})

describe('single values', () => {
  test.each([
    ['90s', 90],
    ['90', 90],
    ['5m', 300],
    ['1h', 3600],
    ['1h30m', 5400],
    ['1h1m1s', 3661],
    ['2m30s', 150],
  ])('wait: %s is %i seconds', (wait, seconds) => {
    expect(request({ wait }).waitSeconds).toBe(seconds)
  })

  test.each(['0', '0s', 'soon', '-5m', '5 m', '1.5m', '30s1m', 'm', '5d'])('wait: %s is no duration', (wait) => {
    expect(problemsOf({ wait })).toEqual([`wait: "${wait}" is no duration; give one such as 90s, 5m or 1h30m`])
  })

  test.each([
    ['true', true],
    ['True', true],
    ['TRUE', true],
    ['false', false],
    ['FALSE', false],
  ])('a flag reads %s', (text, value) => {
    const flags = {
      'route-services': text,
      'preserve-source-ip': text,
      'cross-cluster-dns': text,
      reuse: text,
      verify: text,
      cleanup: text,
    }
    expect(request(flags)).toMatchObject({
      routeServices: value,
      crossClusterDns: value,
      reuse: value,
      preserveSourceIp: value,
      verify: value,
      cleanup: value,
    })
  })

  test.each(['yes', '1', 'on', 'truefalse'])('a flag refuses %s', (text) => {
    for (const name of ['route-services', 'preserve-source-ip', 'cross-cluster-dns', 'reuse', 'verify', 'cleanup']) {
      expect(problemsOf({ [name]: text })).toEqual([`${name}: "${text}" is neither true nor false; give one of them`])
    }
  })

  test.each([
    ['workers', '-1', 0],
    ['workers', '1.5', 0],
    ['workers', 'two', 0],
    ['workers', '10000', 0],
    ['control-planes', '0', 1],
  ])('%s refuses %s', (name, value, least) => {
    expect(problemsOf({ [name]: value })).toEqual([
      `${name}: "${value}" is not a number of nodes; use a whole number from ${String(least)} to 1000`,
    ])
  })

  test.each(['pod-supernet', 'service-supernet'])('%s is read as strictly as every subnet', (name) => {
    expect(problemsOf({ [name]: '10.1.0.0/8' })).toEqual([
      `${name}: "10.1.0.0/8" has host bits set; the subnet is 10.0.0.0/8`,
    ])
  })
})

describe('address families', () => {
  const familiesOf = (given: GivenInputs) => request(given).clusters.map(({ families }) => families)

  test('are those of every cluster that does not say otherwise, and IPv4 is the primary one of two', () => {
    expect(familiesOf({ clusters: '- a\n- ip-family: ipv6\n- ip-family: ipv4', 'ip-family': 'dual' })).toEqual([
      ['ipv4', 'ipv6'],
      ['ipv6'],
      ['ipv4'],
    ])
  })

  test.each(['ipv5', 'IPv4,IPv6', 'both', 'constructor'])('are not %s', (family) => {
    expect(problemsOf({ 'ip-family': family })).toEqual([
      `ip-family: "${family}" is no address family; give ipv4, ipv6 or dual`,
    ])
  })
})

describe('supernets', () => {
  const supernetsOf = (given: string) =>
    Object.entries(request({ 'pod-supernet': given }).podSupernets).map(([family, { text }]) => `${family} ${text}`)

  test.each([
    ['10.4.0.0/14', ['ipv4 10.4.0.0/14', 'ipv6 fd00:10:128::/48']],
    ['fd12::/48', ['ipv4 10.128.0.0/10', 'ipv6 fd12::/48']],
    ['fd12::/48, 10.4.0.0/14', ['ipv4 10.4.0.0/14', 'ipv6 fd12::/48']],
  ])('are one of each family; what is not given of %s keeps its default', (given, expected) => {
    expect(supernetsOf(given)).toEqual(expected)
  })

  test('are at most one of each family', () => {
    expect(problemsOf({ 'service-supernet': '10.4.0.0/14,10.8.0.0/14' })).toEqual([
      'service-supernet: "10.8.0.0/14" is a second subnet of IPv4; give at most one of each address family',
    ])
  })
})

describe('the Docker network', () => {
  test.each(['kind', 'my_net-1.x', '0net'])('may be %s', (name) => {
    expect(request({ 'docker-network': name }).dockerNetwork).toBe(name)
  })

  test.each(['bridge', 'host', 'none'])('may not be %s', (name) => {
    expect(problemsOf({ 'docker-network': name })).toEqual([
      `docker-network: "${name}" is one of Docker's own, which do not resolve names of containers; name another`,
    ])
  })

  test.each(['a', '-net', 'a b', 'a/b', 'a$', 'ä1', '.hidden'])('may not be called %s', (name) => {
    expect(problemsOf({ 'docker-network': name })).toEqual([
      `docker-network: "${name}" is no name of a Docker network; use letters, digits, _, . and -`,
    ])
  })
})

test('names across clusters need services that are routed', () => {
  const given = { 'cross-cluster-dns': 'true', 'route-services': 'False' }
  expect(problemsOf(given)).toEqual([
    'cross-cluster-dns: "true" needs route-services: a cluster asks the DNS service of the other; give one of the two',
  ])
  expect(problemsOf({ ...given, 'cross-cluster-dns': 'false' })).toEqual([])
})

test('the masks of the nodes come from the patches of the shared config and of the own', () => {
  const patch = (mask: number) => ({
    kubeadmConfigPatches: [
      `{kind: ClusterConfiguration, controllerManager: {extraArgs: {node-cidr-mask-size: "${String(mask)}"}}}`,
    ],
  })
  const given = {
    config: JSON.stringify(patch(26)),
    clusters: JSON.stringify([{}, { config: patch(25) }, { config: { nodes: [{ ...patch(27) }] } }]),
  }
  expect(request(given).clusters.map(({ nodeMasks }) => nodeMasks.ipv4)).toEqual([26, 25, 27])
})

describe('nodes', () => {
  test('come from the defaults for every cluster, which a cluster may override', () => {
    const given = { workers: '1', 'control-planes': '3', clusters: '- a\n- {workers: 0}\n- {control-planes: 1}' }
    expect(roles(given).map((list) => list.join(' '))).toEqual([
      'control-plane control-plane control-plane worker',
      'control-plane control-plane control-plane',
      'control-plane worker',
    ])
  })

  test('come from a config, with all that it says of them, and a node without a role is a control plane', () => {
    const [cluster] = request({ config: 'nodes: [{labels: {tier: a}}, {role: worker, image: i}]' }).clusters
    expect(cluster?.nodes).toEqual([
      { role: 'control-plane', labels: { tier: 'a' } },
      { role: 'worker', image: 'i' },
    ])
    expect(cluster?.config).toEqual({})
  })

  const config = 'nodes: [{role: control-plane}, {role: worker}]'

  test.each<[string, GivenInputs, string]>([
    [
      'of the cluster',
      { clusters: '- workers: 2', config },
      "clusters[0].workers: 2 differs from the 1 of that role among the config's nodes; give one of the two",
    ],
    [
      'for all clusters',
      { workers: '2', config },
      "workers: 2 differs from the 1 of that role among the config's nodes; give one of the two",
    ],
    [
      'of control planes',
      { clusters: '- control-planes: 3', config },
      "clusters[0].control-planes: 3 differs from the 1 of that role among the config's nodes; give one of the two",
    ],
  ])('of a config may not contradict a number %s', (_, given, problem) => {
    expect(problemsOf(given)).toEqual([problem])
  })

  test.each<[string, GivenInputs]>([
    ['the same number', { clusters: '1', workers: '1', config }],
    ['no number', { clusters: '1', config }],
    ['the built-in default', { clusters: '1', workers: '0', config }],
  ])('of a config stand beside %s', (_, given) => {
    expect(roles(given)).toEqual([['control-plane', 'worker']])
  })
})

describe('kind config', () => {
  test.each<[string, string, string]>([
    ['a list', '[a]', 'config: ["a"] is not a kind config; write a YAML map, such as "networking: {…}"'],
    ['another kind', 'kind: Pod', 'config.kind: "Pod" must be Cluster'],
    [
      'another version',
      'apiVersion: kind.x-k8s.io/v1alpha3',
      'config.apiVersion: "kind.x-k8s.io/v1alpha3" must be kind.x-k8s.io/v1alpha4',
    ],
    [
      'networking that is no map',
      'networking: fast',
      'config.networking: "fast" must be a map; write "name: value", one a line',
    ],
    [
      'a pod subnet',
      'networking: {podSubnet: 10.0.0.0/16}',
      'config.networking.podSubnet: "10.0.0.0/16" would be the same in every cluster, and each needs its own; leave it out, or put it into the config of one cluster',
    ],
    [
      'a service subnet',
      'networking: {serviceSubnet: 10.0.0.0/16}',
      'config.networking.serviceSubnet: "10.0.0.0/16" would be the same in every cluster, and each needs its own; leave it out, or put it into the config of one cluster',
    ],
    [
      'another CNI',
      'networking: {disableDefaultCNI: true}',
      "config.networking.disableDefaultCNI: true is not supported yet, because the routes follow kind's own CNI; leave it out",
    ],
    ['nodes that are no list', 'nodes: 3', 'config.nodes: 3 must be a list; write "- " before each item'],
    [
      'a node that is no map',
      'nodes: [{role: control-plane}, worker]',
      'config.nodes[1]: "worker" must be a map; write "name: value", one a line',
    ],
    [
      'an unknown role',
      'nodes: [{role: control-plane}, {role: boss}]',
      'config.nodes[1].role: "boss" must be one of control-plane, worker',
    ],
    ['no control plane', 'nodes: [{role: worker}]', 'config.nodes: has no control plane; add "- role: control-plane"'],
    [
      'mounts that are no list',
      'nodes: [{extraMounts: {hostPath: /a, containerPath: /b}}]',
      'config.nodes[0].extraMounts: {"hostPath":"/a","containerPath":"/b"} must be a list; write "- " before each item',
    ],
  ])('refuses %s', (_, config, problem) => {
    expect(problemsOf({ config })).toEqual([problem])
  })

  test('of a cluster is checked the same way, as a map and as text', () => {
    expect(problemsOf({ clusters: '- config: {kind: Pod}\n- config: "kind: Pod"' })).toEqual([
      'clusters[0].config.kind: "Pod" must be Cluster',
      'clusters[1].config.kind: "Pod" must be Cluster',
    ])
  })

  test('may say what is so anyway, and nothing', () => {
    const config = [
      'kind: Cluster',
      'apiVersion: kind.x-k8s.io/v1alpha4',
      'networking: {disableDefaultCNI: false}',
      'nodes:',
    ].join('\n')
    expect(problemsOf({ config })).toEqual([])
    expect(roles({ clusters: '1', config })).toEqual([['control-plane']])
  })

  test('of a cluster is merged over the shared one: maps deep, lists one after the other, nodes whole', () => {
    const [cluster] = request({
      config: `
networking: {apiServerAddress: 127.0.0.1, kubeProxyMode: iptables}
featureGates: {A: true}
kubeadmConfigPatches: ['kind: One']
containerdConfigPatches: [x = 1]
nodes: [{role: control-plane}, {role: worker}]`,
      clusters: `
- config:
    networking: {kubeProxyMode: nftables}
    featureGates: {B: true}
    kubeadmConfigPatches: ['kind: Two', 'kind: Three']
    nodes: [{role: control-plane, image: own}]`,
    }).clusters
    expect(cluster).toMatchObject({
      nodes: [{ role: 'control-plane', image: 'own' }],
      config: {
        networking: { apiServerAddress: '127.0.0.1', kubeProxyMode: 'nftables' },
        featureGates: { A: true, B: true },
        kubeadmConfigPatches: ['kind: One', 'kind: Two', 'kind: Three'],
        containerdConfigPatches: ['x = 1'],
      },
    })
  })
})

test('what cannot be read stands in the request as if it had not been given, so that the plan can go on', () => {
  const wrong = {
    clusters: '- 7\n- {name: b, pod-subnet: x}',
    'pod-supernet': 'x',
    'service-supernet': 'y',
    workers: 'z',
  }
  const asked = parseRequest(withDefaults(wrong), new Problems())
  expect(asked).toMatchObject({
    clusters: [{ input: 'clusters[1]', name: 'b', nodes: [{ role: 'control-plane' }] }],
    podSupernets: request().podSupernets,
    serviceSupernets: request().serviceSupernets,
  })
  expect(asked.clusters[0]?.podSubnets).toEqual([])
})

test('every problem of every input is told at once', () => {
  const inputsOf = (given: GivenInputs) => {
    try {
      request(given)
    } catch (error) {
      return (error as InputError).problems.map(({ input }: Problem) => input)
    }
    return []
  }
  const wrong = {
    clusters: '- {worker: 1, workers: "1"}\n- {pod-subnet: x, service-subnet: y}',
    workers: 'few',
    'control-planes': '0',
    'pod-supernet': 'x',
    'service-supernet': 'y',
    config: 'kind: Pod',
    wait: 'long',
    'route-services': 'maybe',
    verify: 'no',
  }
  expect(inputsOf(wrong).sort()).toEqual([
    'clusters[0].worker',
    'clusters[0].workers',
    'clusters[1].pod-subnet',
    'clusters[1].service-subnet',
    'config.kind',
    'control-planes',
    'pod-supernet',
    'route-services',
    'service-supernet',
    'verify',
    'wait',
    'workers',
  ])
})

describe('kubernetes-version and node-image', () => {
  const images = (given: GivenInputs) =>
    request(given).clusters.map(({ nodeImage, kubernetesVersion }) => nodeImage ?? kubernetesVersion)

  test("are the default of every cluster, and an entry's own stands before either", () => {
    const list = '[{name: a}, {name: b, kubernetes-version: "1.33"}, {name: c, node-image: own:1}]'
    expect(images({ clusters: list, 'kubernetes-version': 'v1.34.2' })).toEqual(['1.34.2', '1.33', 'own:1'])
    expect(images({ clusters: list, 'node-image': 'shared:1' })).toEqual(['shared:1', '1.33', 'own:1'])
    expect(images({})).toEqual([undefined, undefined])
  })

  test('exclude each other at one place', () => {
    expect(
      problemsOf({
        clusters: '[{name: a, node-image: x, kubernetes-version: "1.33"}]',
        'node-image': 'y',
        'kubernetes-version': '1.34',
      }),
    ).toEqual([
      'kubernetes-version: "1.34" contradicts node-image; give one of the two',
      'clusters[0].kubernetes-version: "1.33" contradicts node-image; give one of the two',
    ])
  })

  test.each(['latest', '1', '1.34.x', '1.34.0-rc.1'])('are refused when they are no version: %s', (version) => {
    expect(problemsOf({ clusters: '[{name: a}]', 'kubernetes-version': version })).toEqual([
      `kubernetes-version: "${version}" is no version of Kubernetes; give one such as 1.34 or 1.34.0`,
    ])
    expect(problemsOf({ clusters: `[{name: a, kubernetes-version: "${version}"}]` })).toEqual([
      `clusters[0].kubernetes-version: "${version}" is no version of Kubernetes; give one such as 1.34 or 1.34.0`,
    ])
  })

  test('a number is refused, because YAML has lost its last zero', () => {
    expect(problemsOf({ clusters: '[{name: a, kubernetes-version: 1.30}]' })).toEqual([
      'clusters[0].kubernetes-version: 1.3 is no text; put it in quotes, or YAML reads 1.30 as 1.3',
    ])
  })
})

describe('kind and kubectl', () => {
  const sum = 'AB'.repeat(32)

  test('are versions or ranges, with the sum of a version', () => {
    const { kind, kubectl } = request({
      'kind-version': 'v0.33.0',
      'kind-sha256': sum,
      'kubectl-version': '>=1.33 <1.35',
    })
    expect([kind, kubectl]).toEqual([{ version: 'v0.33.0', sha256: sum.toLowerCase() }, { version: '>=1.33 <1.35' }])
    expect([request().kind, request().kubectl]).toEqual([{}, {}])
  })

  test.each<[string, GivenInputs, string]>([
    [
      'a word',
      { 'kind-version': 'latest' },
      'kind-version: "latest" is no version; give one such as 1.2.3, 1.2 or ">=1.2 <1.4"',
    ],
    [
      'a sum that is cut',
      { 'kubectl-version': '1.34.0', 'kubectl-sha256': 'abc' },
      'kubectl-sha256: "abc" is no SHA-256; give its 64 hexadecimal digits',
    ],
    [
      'a sum without its version',
      { 'kind-version': '0.33', 'kind-sha256': 'ab'.repeat(32) },
      `kind-sha256: "${'ab'.repeat(32)}" belongs to one version; give kind-version too, such as 1.2.3`,
    ],
  ])('are refused: %s', (_, given, problem) => {
    expect(problemsOf(given)).toEqual([problem])
  })
})

describe('mirrors', () => {
  test('are addresses without a slash at their end', () => {
    expect(request({ 'download-mirror': 'https://mirror.example.com/tools/' }).downloadMirror).toBe(
      'https://mirror.example.com/tools',
    )
    expect(request({ 'registry-mirror': 'mirror.example.com/hub/' }).registryMirror).toBe('mirror.example.com/hub')
    expect(request({ 'registry-mirror': 'localhost:5000' }).registryMirror).toBe('localhost:5000')
    expect(Object.keys(request())).not.toEqual(expect.arrayContaining(['downloadMirror', 'registryMirror']))
  })

  test.each([
    'mirror.example.com',
    'ftp://mirror',
    'file:///tools',
    'https://a/?b=c',
    'https://a/#b',
    'https://user:s3/cret@a/',
    'user:s3cret@a/',
  ])('of downloads are not %s', (address) => {
    expect(problemsOf({ 'download-mirror': address })).toEqual([
      `download-mirror: "${maskAddress(address)}" is no address; give one such as https://mirror.example.com/tools`,
    ])
  })

  test.each(['https://mirror.example.com', 'mirror', 'a b:1', 'mirror.example.com/Hub', '-x:5000', 'a.b//c'])(
    'of registries are not %s',
    (mirror) => {
      expect(problemsOf({ 'registry-mirror': mirror })).toEqual([
        `registry-mirror: "${mirror}" is no registry; give its host, and a path if need be, without https://: mirror.example.com/hub`,
      ])
    },
  )
})

describe('cache, images, registry and load-balancer', () => {
  test('are read', () => {
    expect(
      request({
        cache: 'TRUE',
        images: '\n  app:1\n\n  out/web.tar\n  app:1\n',
        registry: 'true',
        'load-balancer': 'metallb',
      }),
    ).toMatchObject({ cache: 'true', images: ['app:1', 'out/web.tar'], registry: true, loadBalancer: 'metallb' })
    expect(request()).toMatchObject({ cache: 'auto', images: [], registry: false, loadBalancer: 'none' })
  })

  test('are refused when they are none of what is known', () => {
    expect(problemsOf({ cache: 'always', registry: '5001', 'load-balancer': 'nginx' })).toEqual([
      'cache: "always" is unknown here; give one of auto, true, false',
      'registry: "5001" is neither true nor false; give one of them',
      'load-balancer: "nginx" is unknown here; give one of none, metallb, cloud-provider-kind',
    ])
  })
})
