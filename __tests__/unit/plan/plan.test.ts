import { describe, expect, test } from '@jest/globals'
import { InputError } from '../../../src/errors.js'
import type { HostFacts } from '../../../src/plan/host-facts.js'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import { makePlan, reservationOf } from '../../../src/plan/plan.js'
import { kindRelease } from '../../../src/plan/releases.js'
import { clusters, facts, nodeImage, place, plan, request, run } from '../../fakes/build.js'

function problemsOf(given: GivenInputs, machine: Partial<HostFacts> = {}): string[] {
  const asked = request(given)
  try {
    makePlan(asked, facts(machine), run)
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n')
    throw error
  }
  return []
}

const subnets = (given: GivenInputs, machine: Partial<HostFacts> = {}) =>
  plan(given, machine).clusters.map(({ podSubnets, serviceSubnets }) => `${podSubnets.join()} ${serviceSubnets.join()}`)

const mask = (size: number) =>
  JSON.stringify({
    kubeadmConfigPatches: [
      `{kind: ClusterConfiguration, controllerManager: {extraArgs: {node-cidr-mask-size: "${String(size)}"}}}`,
    ],
  })
const network = (...list: string[]) => ({ networks: [{ id: 'n', name: 'office', subnets: list }] })
const route = (destination: string) => ({ routes: [{ destination, device: 'tun0' }] })

describe('subnets that are allotted', () => {
  test.each<[string, GivenInputs, Partial<HostFacts>, string[]]>([
    ['are the first of their supernets', {}, {}, ['10.128.0.0/16 10.192.0.0/16', '10.129.0.0/16 10.193.0.0/16']],
    [
      'avoid Docker networks',
      {},
      network('10.128.4.0/24', '10.193.0.0/28'),
      ['10.129.0.0/16 10.192.0.0/16', '10.130.0.0/16 10.194.0.0/16'],
    ],
    ['avoid routes of the machine', { clusters: '1' }, route('10.128.0.0/12'), ['10.144.0.0/16 10.192.0.0/16']],
    ['avoid a route to a single address', { clusters: '1' }, route('10.192.9.9/32'), ['10.128.0.0/16 10.193.0.0/16']],
    [
      'ignore routes that stand for everything else',
      { clusters: '1' },
      {
        routes: ['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '8.0.0.0/7'].map((destination) => ({
          destination,
          device: 'tun0',
        })),
      },
      ['10.128.0.0/16 10.192.0.0/16'],
    ],
    [
      'of IPv4 ignore what is IPv6',
      { clusters: '1' },
      network('fc00:f853:ccd:e793::/64'),
      ['10.128.0.0/16 10.192.0.0/16'],
    ],
    [
      'avoid a network that an older engine keeps with host bits',
      { clusters: '1' },
      network('10.128.3.1/24'),
      ['10.129.0.0/16 10.192.0.0/16'],
    ],
    [
      'avoid what the user gave to any cluster, for pods or services',
      { clusters: '- a\n- {name: b, pod-subnet: 10.192.0.0/16, service-subnet: 10.128.0.0/20}' },
      {},
      ['10.129.0.0/16 10.193.0.0/16', '10.192.0.0/16 10.128.0.0/20'],
    ],
    [
      'of services avoid those of pods when both come from one supernet',
      { 'pod-supernet': '10.0.0.0/8', 'service-supernet': '10.0.0.0/8' },
      {},
      ['10.0.0.0/16 10.2.0.0/16', '10.1.0.0/16 10.3.0.0/16'],
    ],
    [
      'leave services room where one small supernet is for both',
      { clusters: '2', 'pod-supernet': '10.0.0.0/20', 'service-supernet': '10.0.0.0/20' },
      {},
      ['10.0.0.0/22 10.0.8.0/22', '10.0.4.0/22 10.0.12.0/22'],
    ],
    [
      'leave services just the room they need',
      { clusters: '1', workers: '2', 'pod-supernet': '10.0.0.0/21', 'service-supernet': '10.0.4.0/22' },
      {},
      ['10.0.0.0/22 10.0.4.0/22'],
    ],
    [
      'avoid what foreign kind clusters and other runs take',
      { clusters: '1' },
      {
        clusters: [{ name: 'theirs', subnets: ['10.128.0.0/16', '10.192.0.0/16', 'fd00::/56'] }],
        reservations: [{ run: 'cafe0001', clusters: ['a'], subnets: ['10.129.0.0/16', '10.193.7.0/24'] }],
      },
      ['10.130.0.0/16 10.194.0.0/16'],
    ],
    [
      'do not avoid what the same run has reserved before',
      { clusters: '1' },
      { reservations: [{ run, clusters: ['cluster1'], subnets: ['10.128.0.0/16', '10.192.0.0/16'] }] },
      ['10.128.0.0/16 10.192.0.0/16'],
    ],
    [
      'of IPv6 avoid networks, routes and clusters of IPv6',
      { clusters: '1', 'ip-family': 'ipv6' },
      {
        ...network('fd00:10:128::/64'),
        ...route('fd00:10:192::/112'),
        clusters: [{ name: 'theirs', subnets: ['fd00:10:128:100::/56'] }],
      },
      ['fd00:10:128:200::/56 fd00:10:192::1:0/112'],
    ],
    [
      'of IPv6 ignore routes that stand for everything else',
      { clusters: '1', 'ip-family': 'ipv6' },
      { routes: ['2000::/3', '::/1', 'fc00::/7'].map((destination) => ({ destination, device: 'wg0' })) },
      ['fd00:10:128::/56 fd00:10:192::/112'],
    ],
    [
      'are one of each family, IPv4 first, given ones in between',
      { clusters: '- {pod-subnet: "fd00:1::/60", service-subnet: 10.9.0.0/24}\n- {}', 'ip-family': 'dual' },
      {},
      [
        '10.128.0.0/16,fd00:1::/60 10.9.0.0/24,fd00:10:192::/112',
        '10.129.0.0/16,fd00:10:128::/56 10.192.0.0/16,fd00:10:192::1:0/112',
      ],
    ],
    [
      'are only of the families that a cluster has',
      { clusters: '- {ip-family: ipv6, network: six}\n- ip-family: dual\n- {}' },
      {},
      [
        'fd00:10:128::/56 fd00:10:192::/112',
        '10.128.0.0/16,fd00:10:128:100::/56 10.192.0.0/16,fd00:10:192::1:0/112',
        '10.129.0.0/16 10.193.0.0/16',
      ],
    ],
    [
      'of pods are as large as the masks of the nodes ask for',
      { clusters: '- {workers: 3}\n- {}', 'pod-supernet': '10.0.0.0/19', config: mask(22) },
      {},
      ['10.0.0.0/20 10.192.0.0/16', '10.0.16.0/20 10.193.0.0/16'],
    ],
    [
      'get smaller when not all fit otherwise',
      { clusters: '3', 'pod-supernet': '10.0.0.0/22', 'service-supernet': '10.1.0.0/17' },
      {},
      ['10.0.0.0/24 10.1.0.0/19', '10.0.1.0/24 10.1.32.0/19', '10.0.2.0/24 10.1.64.0/19'],
    ],
    [
      'of pods have a /24 for each node of the largest cluster',
      { clusters: clusters(['a', 1, 0], ['b', 1, 4]), 'pod-supernet': '10.0.0.0/20' },
      {},
      ['10.0.0.0/21 10.192.0.0/16', '10.0.8.0/21 10.193.0.0/16'],
    ],
  ])('%s', (_, given, machine, expected) => {
    expect(subnets(given, machine)).toEqual(expected)
  })

  test.each<[string, GivenInputs, Partial<HostFacts>, string[]]>([
    [
      'say so of each family',
      {
        clusters: '2',
        'ip-family': 'dual',
        'pod-supernet': '10.0.0.0/24,fd00::/64',
        'service-supernet': 'fd00:5::/120',
      },
      {},
      [
        'pod-supernet: "10.0.0.0/24" has room for 1 subnets of /24, 2 are needed; give a larger or freer supernet',
        'pod-supernet: "fd00::/64" has room for 1 subnets of /64, 2 are needed; give a larger or freer supernet',
        'service-supernet: "fd00:5::/120" has room for 1 subnets of /120, 2 are needed; give a larger or freer supernet',
      ],
    ],
    [
      'say which pods are in the way of services',
      { clusters: '1', 'pod-supernet': '10.0.0.0/24', 'service-supernet': '10.0.0.0/24' },
      {},
      [
        'service-supernet: "10.0.0.0/24" has room for 0 subnets of /24, 1 are needed (taken by pod subnet 10.0.0.0/24); give a larger or freer supernet',
      ],
    ],
    [
      'say how many fit',
      { clusters: '4', 'pod-supernet': '10.0.0.0/23' },
      {},
      ['pod-supernet: "10.0.0.0/23" has room for 2 subnets of /24, 4 are needed; give a larger or freer supernet'],
    ],
    [
      'say how many fit for the nodes there are',
      { clusters: clusters(['a', 1, 3], ['b', 1, 0]), 'pod-supernet': '10.0.0.0/22' },
      {},
      ['pod-supernet: "10.0.0.0/22" has room for 1 subnets of /22, 2 are needed; give a larger or freer supernet'],
    ],
    [
      'say who is in the way',
      { clusters: '1', 'pod-supernet': '10.0.0.0/16', 'service-supernet': '10.0.0.0/16' },
      network('10.0.0.0/9'),
      [
        'pod-supernet: "10.0.0.0/16" has room for 0 subnets of /24, 1 are needed (taken by the Docker network office (10.0.0.0/9)); give a larger or freer supernet',
        'service-supernet: "10.0.0.0/16" has room for 0 subnets of /24, 1 are needed (taken by the Docker network office (10.0.0.0/9)); give a larger or freer supernet',
      ],
    ],
    [
      'count a route to the whole /8 as in use',
      { clusters: '1', 'service-supernet': '172.30.0.0/16' },
      route('10.0.0.0/8'),
      [
        'pod-supernet: "10.128.0.0/10" has room for 0 subnets of /24, 1 are needed (taken by this machine\'s route to 10.0.0.0/8 on tun0); give a larger or freer supernet',
      ],
    ],
  ])('%s when there is no room', (_, given, machine, problems) => {
    expect(problemsOf(given, machine)).toEqual(problems)
  })
})

describe('subnets that are given', () => {
  const elsewhere = { 'pod-supernet': '172.24.0.0/14', 'service-supernet': '172.28.0.0/14' }
  const given = (...entries: string[]) => ({ clusters: entries.map((entry) => `- {${entry}}`).join('\n') })

  test.each<[string, string[], string[]]>([
    [
      'refused when they are joined',
      ['pod-subnet: 10.1.0.0/16, network: [a, b]', 'pod-subnet: 10.1.0.0/16, network: b'],
      [
        'clusters[1].pod-subnet: "10.1.0.0/16" overlaps clusters[0].pod-subnet (10.1.0.0/16); give a subnet that does not',
      ],
    ],
    [
      'refused when a third cluster is joined with both',
      ['pod-subnet: 10.1.0.0/16, network: a', 'network: [a, b]', 'service-subnet: 10.1.0.0/20, network: b'],
      [
        'clusters[2].service-subnet: "10.1.0.0/20" overlaps clusters[0].pod-subnet (10.1.0.0/16); give a subnet that does not',
      ],
    ],
    ['allowed when they are apart', ['pod-subnet: 10.1.0.0/16, network: a', 'pod-subnet: 10.1.0.0/16, network: b'], []],
    [
      'refused within a cluster that is apart from all',
      ['pod-subnet: 10.1.0.0/16, service-subnet: 10.1.0.0/16, network: a', 'network: b'],
      [
        'clusters[0].service-subnet: "10.1.0.0/16" overlaps clusters[0].pod-subnet (10.1.0.0/16); give a subnet that does not',
      ],
    ],
    [
      'refused of IPv6 too',
      ['ip-family: ipv6, pod-subnet: "fd00:1::/56"', 'ip-family: dual, service-subnet: "fd00:1:0:0:1::/112"'],
      [
        'clusters[1].service-subnet: "fd00:1:0:0:1::/112" overlaps clusters[0].pod-subnet (fd00:1::/56); give a subnet that does not',
      ],
    ],
  ])('that overlap on purpose are %s', (_, entries, problems) => {
    expect(problemsOf(given(...entries))).toEqual(problems)
  })

  test.each<[string, Partial<HostFacts>, string]>([
    ['a foreign kind cluster', { clusters: [{ name: 'theirs', subnets: ['10.1.0.0/16'] }] }, 'the kind cluster theirs'],
    [
      'another run',
      { reservations: [{ run: 'cafe0001', clusters: ['a'], subnets: ['10.1.0.0/16'] }] },
      'the run cafe0001',
    ],
  ])('may not overlap %s', (_, machine, owner) => {
    expect(problemsOf(given('pod-subnet: 10.1.128.0/17'), machine)).toEqual([
      `clusters[0].pod-subnet: "10.1.128.0/17" overlaps ${owner} (10.1.0.0/16); give a subnet that does not`,
    ])
  })

  test.each<[string, number, string, string]>([
    [
      'more nodes',
      25,
      'pod-subnet: 10.1.0.0/24, workers: 2',
      'pod-subnet: "10.1.0.0/24" holds a /25 for 2 nodes, the cluster has 3; give a /23 or larger',
    ],
    [
      'a smaller part',
      22,
      'pod-subnet: 10.1.0.0/23',
      'pod-subnet: "10.1.0.0/23" is a /23; kubeadm takes /6 to /22 where each node gets a /22',
    ],
  ])('may not ask for %s than the masks of the nodes allow', (_, size, entry, problem) => {
    expect(problemsOf({ ...given(entry), config: mask(size) })).toEqual([`clusters[0].${problem}`])
  })

  test('of pods do not help where the masks of the nodes leave room for too few', () => {
    expect(problemsOf({ ...given('workers: 20'), config: mask(4), 'pod-supernet': '0.0.0.0/0' })).toEqual([
      'pod-supernet: "0.0.0.0/0" has room for too few nodes, as every subnet has; give a larger node-cidr-mask-size, or fewer nodes',
    ])
    expect(problemsOf({ ...given('workers: 20, pod-subnet: 16.0.0.0/4'), config: mask(4) })).toEqual([
      'clusters[0].pod-subnet: "16.0.0.0/4" holds a /4 for 1 nodes, the cluster has 21; give a larger node-cidr-mask-size',
    ])
  })

  test.each<[string, string]>([
    [
      'pod-subnet: "fd00:1::/47"',
      'pod-subnet: "fd00:1::/47" is a /47; kubeadm takes /48 to /64 where each node gets a /64',
    ],
    [
      'pod-subnet: "fd00:1::/65"',
      'pod-subnet: "fd00:1::/65" is a /65; kubeadm takes /48 to /64 where each node gets a /64',
    ],
    ['service-subnet: "fd00:1::/107"', 'service-subnet: "fd00:1::/107" is a /107; kubeadm takes /108 to /124'],
    ['service-subnet: "fd00:1::/125"', 'service-subnet: "fd00:1::/125" is a /125; kubeadm takes /108 to /124'],
    [
      'pod-subnet: "fd00:1::/63", control-planes: 3',
      'pod-subnet: "fd00:1::/63" holds a /64 for 2 nodes, the cluster has 3; give a /62 or larger',
    ],
  ])('of IPv6 may not be too large or too small: %s', (entry, problem) => {
    expect(problemsOf({ ...given(entry), 'ip-family': 'dual' })).toEqual([`clusters[0].${problem}`])
  })

  test.each<[string, string[], Partial<HostFacts>, string[]]>([
    [
      'another cluster',
      ['pod-subnet: 10.1.0.0/16', 'pod-subnet: 10.1.128.0/17'],
      {},
      [
        'clusters[1].pod-subnet: "10.1.128.0/17" overlaps clusters[0].pod-subnet (10.1.0.0/16); give a subnet that does not',
      ],
    ],
    [
      'the same cluster',
      ['pod-subnet: 10.1.0.0/16, service-subnet: 10.1.0.0/20'],
      {},
      [
        'clusters[0].service-subnet: "10.1.0.0/20" overlaps clusters[0].pod-subnet (10.1.0.0/16); give a subnet that does not',
      ],
    ],
    [
      'a Docker network, which is a route of the machine too',
      ['pod-subnet: 172.16.0.0/12'],
      {},
      [
        'clusters[0].pod-subnet: "172.16.0.0/12" overlaps the Docker network bridge (172.17.0.0/16); give a subnet that does not',
      ],
    ],
    [
      'a route',
      ['service-subnet: 192.168.0.0/16'],
      {},
      [
        'clusters[0].service-subnet: "192.168.0.0/16" overlaps this machine\'s route to 192.168.1.0/24 on eth0; give a subnet that does not',
      ],
    ],
  ])('may not overlap %s, and both are named', (_, entries, machine, problems) => {
    expect(problemsOf(given(...entries), machine)).toEqual(problems)
  })

  test.each([
    ['pod-subnet: 10.0.0.0/7', 'pod-subnet: "10.0.0.0/7" is a /7; kubeadm takes /8 to /24 where each node gets a /24'],
    [
      'pod-subnet: 10.0.0.0/25',
      'pod-subnet: "10.0.0.0/25" is a /25; kubeadm takes /8 to /24 where each node gets a /24',
    ],
    ['service-subnet: 10.0.0.0/11', 'service-subnet: "10.0.0.0/11" is a /11; kubeadm takes /12 to /28'],
    ['service-subnet: 10.0.0.0/29', 'service-subnet: "10.0.0.0/29" is a /29; kubeadm takes /12 to /28'],
    [
      'pod-subnet: 10.0.0.0/23, workers: 2',
      'pod-subnet: "10.0.0.0/23" holds a /24 for 2 nodes, the cluster has 3; give a /22 or larger',
    ],
  ])('may not be too large or too small: %s', (entry, problem) => {
    expect(problemsOf({ ...given(entry), ...elsewhere })).toEqual([`clusters[0].${problem}`])
  })

  test.each([
    'pod-subnet: 10.0.0.0/8',
    'pod-subnet: 10.0.0.0/24',
    'service-subnet: 10.0.0.0/12',
    'service-subnet: 10.0.0.0/28',
    'pod-subnet: 10.0.0.0/22, workers: 3',
  ])('may be as large or as small as this: %s', (entry) => {
    expect(problemsOf({ ...given(entry), ...elsewhere })).toEqual([])
  })
})

describe('address families', () => {
  const ipv6 = (name: string, ...list: string[]) => ({ networks: [{ id: 'n', name, subnets: list }] })

  test.each(['ipv6', 'dual'])('%s needs a kernel that has IPv6', (family) => {
    const given = { clusters: `- {ip-family: ${family}}\n- network: alone` }
    expect(problemsOf(given, { ipv6: false })).toEqual([
      `clusters[0].ip-family: "${family}" needs IPv6: the kernel of this machine has no IPv6; give ipv4, or boot it without ipv6.disable=1`,
    ])
  })

  test('needs a Docker network that has an IPv6 subnet, when that exists', () => {
    const given = { 'docker-network': 'mine', 'ip-family': 'dual', clusters: '1' }
    expect(problemsOf(given, ipv6('mine', '172.30.0.0/16'))).toEqual([
      'ip-family: "dual" needs IPv6: the Docker network mine has no IPv6 subnet; give ipv4, or a docker-network that has one',
    ])
    expect(problemsOf(given, ipv6('mine', '172.30.0.0/16', 'fd99::/64'))).toEqual([])
    expect(problemsOf(given, ipv6('other', '172.30.0.0/16'))).toEqual([])
    expect(problemsOf({ ...given, 'ip-family': 'ipv4' }, ipv6('mine', '172.30.0.0/16'))).toEqual([])
  })

  test('of joined clusters have one in common', () => {
    const list = '- a\n- {name: b, ip-family: ipv6}\n- {name: c, ip-family: dual}'
    expect(problemsOf({ clusters: list })).toEqual([
      'clusters[1].ip-family: "ipv6" cannot be joined with clusters[0] (ipv4); give one of them dual, or another network',
    ])
    expect(problemsOf({ clusters: list.replace('ipv6}', 'ipv6, network: other}') })).toEqual([])
  })
})

describe('tools', () => {
  test('are those of the machine, or are downloaded, and one that cannot be had is told with the rest', () => {
    expect(plan().tools).toEqual([
      { name: 'kind', version: '0.33.0', from: 'path' },
      { name: 'kubectl', version: '1.34.4', from: 'path' },
    ])
    const without = { tools: { kubectl: '1.34.4', platform: 'linux/x64' } }
    expect(plan({ 'kind-version': '0.33.0' }, without).tools).toMatchObject([
      { name: 'kind', version: '0.33.0', from: 'download' },
      { name: 'kubectl', from: 'path' },
    ])
    const given = { 'kind-version': '0.33.0', 'kubernetes-version': '1.2', clusters: '- {pod-subnet: 172.17.0.0/24}' }
    expect(
      problemsOf(given, { tools: { kubectl: '1.34.4', platform: 'darwin/arm64' } }).map((line) => line.split(':')[0]),
    ).toEqual(['kind-version', 'clusters[0].pod-subnet'])
  })
})

describe('node images', () => {
  const images = (given: GivenInputs, machine: Partial<HostFacts> = {}) =>
    plan(given, machine).clusters.map(({ kindConfig }) =>
      (kindConfig['nodes'] as { image?: string }[]).map(({ image }) => image),
    )

  test("are the node's own, the cluster's, those of its Kubernetes, or kind's; each is provided once", () => {
    const given = {
      clusters: [
        '- {name: a, workers: 1, node-image: "mine:1", config: {nodes: [{role: worker, image: "own:1"}, {role: control-plane}]}}',
        '- {name: b, kubernetes-version: "1.34"}',
        '- {name: c}',
        '- {name: d, node-image: "mine:1"}',
      ].join('\n'),
    }
    const published = kindRelease('0.33.0')?.nodeImages ?? {}
    const of134 = Object.entries(published).find(([version]) => version.startsWith('1.34.'))?.[1]
    expect(of134).toBeDefined()
    expect(images(given)).toEqual([['own:1', 'mine:1'], [of134], [nodeImage], ['mine:1']])
    expect(plan(given).nodeImages).toEqual(['own:1', 'mine:1', of134, nodeImage])
  })

  test('of a Kubernetes that kind has none for are refused, with those that it has', () => {
    expect(problemsOf({ clusters: '- {}\n- {kubernetes-version: "1.2"}' })).toEqual([
      expect.stringMatching(
        /^clusters\[1\]\.kubernetes-version: "1\.2" has no image that is known for kind 0\.33\.0; give one of .*1\.34\.\d+, /,
      ),
    ])
  })

  test('of a kind that is not known here are left to it, with a warning', () => {
    const { nodeImages, warnings } = plan({ clusters: '1' }, { tools: { ...facts().tools, kind: '0.99.0' } })
    expect([nodeImages, warnings]).toEqual([
      [],
      [expect.stringContaining('the node image of kind 0.99.0 is not known')],
    ])
  })

  test('of clusters that are reused need not be there', () => {
    const shared = { name: 'a', run: 'cafe0001', podSubnets: ['10.1.0.0/16'], serviceSubnets: ['10.2.0.0/16'] }
    const nodes = [{ name: 'a-control-plane', role: 'control-plane' as const }]
    const machine = {
      reusable: [{ ...shared, nodes, dockerNetworks: ['lab'] }],
      containers: [{ name: 'a-control-plane', cluster: 'a', run: 'cafe0001' }],
    }
    const given = { clusters: '[{name: a}, {name: b, node-image: "mine:1"}]', reuse: 'true' }
    expect(plan(given, machine)).toMatchObject({
      nodeImages: ['mine:1'],
      clusters: [{ reused: true }, { reused: false }],
    })
  })
})

describe('parts of the Docker network for load balancers', () => {
  const given = { clusters: '[a, b]', 'docker-network': 'lab' }
  const lab = (subnet: string, rest: object = {}) => ({
    networks: [{ id: 'l', name: 'lab', subnets: [subnet], ...rest }],
  })

  test('are decided as soon as the network is there, and others keep away from them', () => {
    const machine = lab('172.30.0.0/16')
    expect(plan(given).clusters.map(({ loadBalancerSubnets }) => loadBalancerSubnets)).toEqual([[], []])
    expect(reservationOf(plan(given))).not.toHaveProperty('loadBalancerSubnets')
    const reserved = reservationOf(plan(given, machine))
    expect(reserved.loadBalancerSubnets).toEqual({ a: ['172.30.254.0/24'], b: ['172.30.253.0/24'] })
    const reservations = [{ run: 'cafe0001', ...reserved }]
    const later = plan({ ...given, clusters: '[c]' }, { ...machine, reservations })
    expect(later.clusters.map(({ loadBalancerSubnets }) => loadBalancerSubnets)).toEqual([['172.30.252.0/24']])
    expect(plan(given, { ...machine, reservations: [{ run, ...reserved }] })).toEqual(plan(given, machine))
  })

  test('that find no room are a problem only for MetalLB', () => {
    const machine = lab('172.30.0.0/27')
    expect(problemsOf({ ...given, 'load-balancer': 'metallb' }, machine)).toEqual([
      expect.stringMatching(
        /^docker-network: "lab" is too small for 2 clusters' load balancers: .* or load-balancer: none$/,
      ),
    ])
    expect(plan(given, machine).clusters.map(({ loadBalancerSubnets }) => loadBalancerSubnets)).toEqual([[], []])
  })
})

test('the registry has an image in the plan only when there is to be one', () => {
  expect(plan({ registry: 'true', 'registry-image': 'mine:2' }).registryImage).toBe('mine:2')
  expect(plan({ 'registry-image': 'mine:2' })).not.toHaveProperty('registryImage')
})

test('the Docker network is one of the run alone, unless one was named', () => {
  expect([plan().dockerNetwork, plan({ 'docker-network': 'kind' }).dockerNetwork]).toEqual([
    `kind-flat-network-${run}`,
    'kind',
  ])
})

describe('domains', () => {
  const given = { clusters: '- cluster\n- b', 'cross-cluster-dns': 'true' }

  test('are the names of the clusters below local', () => {
    const domains = (inputs: GivenInputs) => plan(inputs).clusters.map(({ domain }) => domain)
    expect(domains({ 'cross-cluster-dns': 'true' })).toEqual(['cluster1.local', 'cluster2.local'])
    expect(domains({})).toEqual([undefined, undefined])
  })

  test('may not be the one that every cluster has', () => {
    expect(problemsOf(given)).toEqual([
      'clusters[0].name: "cluster" gives the domain cluster.local, which every cluster has already; give another name',
    ])
    expect(problemsOf({ ...given, 'cross-cluster-dns': 'false' })).toEqual([])
  })
})

describe('names that are not given', () => {
  const names = (given: GivenInputs, machine: Partial<HostFacts> = {}) =>
    plan(given, machine).clusters.map(({ name }) => name)

  test.each<[string, GivenInputs, Partial<HostFacts>, string[]]>([
    ['count from 1', { clusters: '3' }, {}, ['cluster1', 'cluster2', 'cluster3']],
    ['count places in the list', { clusters: '- a\n- {}\n- {}' }, {}, ['a', 'cluster2', 'cluster3']],
    [
      'pass over those that are given',
      { clusters: '- {}\n- cluster3\n- {}' },
      {},
      ['cluster1', 'cluster3', 'cluster4'],
    ],
    [
      'pass over clusters that exist',
      { clusters: '2' },
      { containers: [{ name: 'x', cluster: 'cluster1' }] },
      ['cluster2', 'cluster3'],
    ],
    [
      'pass over containers that exist',
      { clusters: '- {workers: 1}\n- {}' },
      { containers: [{ name: 'cluster1-worker' }, { name: 'cluster2-worker' }] },
      ['cluster3', 'cluster4'],
    ],
    [
      'pass over what other runs are about to make',
      { clusters: '2' },
      { reservations: [{ run: 'cafe0001', clusters: ['cluster1', 'cluster2'], subnets: [] }] },
      ['cluster3', 'cluster4'],
    ],
    [
      'do not pass over what the same run has reserved before',
      { clusters: '1' },
      { reservations: [{ run, clusters: ['cluster1'], subnets: [] }] },
      ['cluster1'],
    ],
  ])('%s', (_, given, machine, expected) => {
    expect(names(given, machine)).toEqual(expected)
  })

  test('are told of when they are not what one would think', () => {
    const machine = { containers: [{ name: 'x', cluster: 'cluster2' }] }
    expect(plan({ clusters: '[{}, {}, {name: third}]' }, machine).warnings).toEqual([
      'clusters[1] is called cluster3, because cluster2 is taken: take its context from the output clusters',
    ])
    expect(plan({ clusters: '3' }).warnings).toEqual([])
  })
})

describe('names', () => {
  test.each<[string, GivenInputs, Partial<HostFacts>, string]>([
    [
      'that are no DNS labels',
      { clusters: '- East' },
      {},
      'clusters[0].name: "East" is no DNS label; use lower-case letters, digits and -, with a letter or digit at both ends',
    ],
    [
      'that are too long for the load balancer of several control planes',
      { clusters: clusters(['x'.repeat(45), 2, 0]) },
      {},
      `clusters[0].name: "${'x'.repeat(45)}" is too long: ${'x'.repeat(45)}-external-load-balancer has 68 characters, a host name at most 63; use at most 40 characters`,
    ],
    [
      'that are given twice',
      { clusters: '- a\n- b\n- a' },
      {},
      'clusters[2].name: "a" is the name of clusters[0] too; give each cluster a name of its own',
    ],
    [
      'of clusters that exist',
      { clusters: '- a' },
      { containers: [{ name: 'a-somehow', cluster: 'a' }] },
      'clusters[0].name: "a" is a kind cluster that exists already; give another name, or remove it with: kind delete cluster --name a',
    ],
    [
      'that another run is making',
      { clusters: '- a' },
      { reservations: [{ run: 'cafe0001', clusters: ['b', 'a'], subnets: [] }] },
      'clusters[0].name: "a" is a cluster that the run cafe0001 is making; give another name, or wait until that run has ended',
    ],
    [
      'that need a container which exists',
      { clusters: clusters(['a', 1, 2]) },
      { containers: [{ name: 'a-worker2' }] },
      'clusters[0].name: "a" needs a container named a-worker2, which exists already; give another name',
    ],
    [
      'that need a load balancer which exists',
      { clusters: clusters(['a', 3, 0]) },
      { containers: [{ name: 'a-external-load-balancer' }] },
      'clusters[0].name: "a" needs a container named a-external-load-balancer, which exists already; give another name',
    ],
  ])('%s are refused', (_, given, machine, problem) => {
    expect(problemsOf(given, machine)).toEqual([problem])
  })

  test('may be as long as the load balancer allows, and longer without one', () => {
    expect(problemsOf({ clusters: clusters(['x'.repeat(40), 2, 0], ['y'.repeat(45), 1, 0]) })).toEqual([])
  })

  test('of other clusters and containers are no trouble', () => {
    const containers = [{ name: 'a-worker' }, { name: 'b-control-plane', cluster: 'b' }]
    expect(problemsOf({ clusters: '- a' }, { containers })).toEqual([])
  })
})

describe('the kubeconfig', () => {
  const file = { path: '/home/me/config', exists: false, directoryExists: true }

  test.each([
    [
      'exist yet',
      { ...file, exists: true },
      'exists already and is left alone; name a file that does not, or remove it',
    ],
    ['lie nowhere', { ...file, directoryExists: false }, 'lies in no directory; make it first, or name another file'],
  ])('may not %s', (_, found, problem) => {
    expect(problemsOf({ kubeconfig: file.path }, { files: [found] })).toEqual([
      `kubeconfig: "/home/me/config" ${problem}`,
    ])
  })

  test('may be a new file in a directory', () => {
    expect(problemsOf({ kubeconfig: file.path }, { files: [file] })).toEqual([])
  })

  test('is part of the plan when it was named', () => {
    expect([plan({ kubeconfig: '/home/me/config' }).kubeconfig, 'kubeconfig' in plan()]).toEqual([
      '/home/me/config',
      false,
    ])
  })
})

test('problems of names, subnets and files are told together', () => {
  const given = {
    clusters: '- {name: A, pod-subnet: 172.17.0.0/24}\n- b\n- c',
    'service-supernet': '10.0.0.0/24',
    kubeconfig: '/k',
  }
  expect(
    problemsOf(given, { files: [{ path: '/k', exists: true, directoryExists: true }] }).map(
      (line) => line.split(':')[0],
    ),
  ).toEqual(['clusters[0].name', 'kubeconfig', 'clusters[0].pod-subnet', 'service-supernet'])
})

describe('clusters created at the same time', () => {
  test.each([
    ['all when there is room', 3, 4, 16e9, 3],
    ['two for each core', 20, 4, 64e9, 8],
    ['two on a single core', 20, 1, 64e9, 2],
    ['as many as fit into memory', 20, 16, 3e9, 4],
    ['one when there is hardly any memory', 20, 16, 0.5e9, 1],
  ])('are %s', (_, count, cpus, memory, expected) => {
    const engine = { ...facts().engine, cpus, memory }
    expect(plan({ clusters: String(count) }, { engine }).concurrency).toBe(expected)
  })
})

describe('where the run is', () => {
  const inContainer = (...networks: string[]) => ({
    place: { ...place, container: { id: 'f00', name: 'job', networks } },
  })
  const elsewhere = { place: { ...place, endpoint: 'tcp://10.0.0.5:2376', named: 'DOCKER_HOST', remote: '10.0.0.5' } }
  const ports = (decided: ReturnType<typeof plan>) =>
    decided.clusters.map(({ kindConfig }) => (kindConfig['networking'] as { apiServerPort?: number }).apiServerPort)

  test('on the machine of the engine kind looks for free ports, and no container joins', () => {
    const decided = plan()
    expect(decided).not.toHaveProperty('container')
    expect(ports(decided)).toEqual([undefined, undefined])
  })

  test.each([
    ['joins a network of the run alone', {}, ['bridge'], true],
    ['joins the one that is named', { 'docker-network': 'lab' }, ['bridge'], true],
    ['needs not join the one that it is on', { 'docker-network': 'lab' }, ['bridge', 'lab'], false],
  ])('a container %s', (_, given, networks, joins) => {
    const decided = plan(given, inContainer(...networks))
    expect(decided.container).toEqual({ id: 'f00', name: 'job', joins })
    expect(ports(decided)).toEqual([-1, -1])
  })

  test('a port that was asked for goes before what the engine would choose', () => {
    const given = { clusters: '[{config: {networking: {apiServerPort: 6445}}}, {}]' }
    expect(ports(plan(given, inContainer('bridge')))).toEqual([6445, -1])
  })

  test('an engine on another machine is of use for clusters that it publishes in reach', () => {
    const reachable = '{networking: {apiServerAddress: 10.0.0.5}}'
    expect(problemsOf({ clusters: `[{name: a, config: ${reachable}}, b]` }, elsewhere)).toEqual([
      expect.stringMatching(/^DOCKER_HOST: "tcp:\/\/10\.0\.0\.5:2376" is another machine, and the API servers of b /),
    ])
    expect(ports(plan({ config: reachable }, elsewhere))).toEqual([-1, -1])
  })
})

describe('the kind config', () => {
  const config = (given: GivenInputs) => plan(given).clusters[0]?.kindConfig

  test('always holds the subnets, and a mount on every node that tells whose it is', () => {
    const owner = { hostPath: '/dev/null', containerPath: `/kind-flat-network/${run}`, readOnly: true }
    expect(config({ clusters: clusters(['east', 1, 1]) })).toEqual({
      kind: 'Cluster',
      apiVersion: 'kind.x-k8s.io/v1alpha4',
      name: 'east',
      networking: { ipFamily: 'ipv4', podSubnet: '10.128.0.0/16', serviceSubnet: '10.192.0.0/16' },
      nodes: [
        { role: 'control-plane', image: nodeImage, extraMounts: [owner] },
        { role: 'worker', image: nodeImage, extraMounts: [owner] },
      ],
    })
  })

  test("keeps the user's settings, mounts and images beside them", () => {
    const mount = { hostPath: '/data', containerPath: '/data' }
    const user = {
      networking: { apiServerPort: 7443 },
      nodes: [
        { role: 'control-plane', extraMounts: [mount] },
        { role: 'worker', image: 'own:1' },
      ],
      kubeadmConfigPatches: ['kind: KubeletConfiguration'],
    }
    const given = { clusters: '1', 'node-image': 'shared:1', config: JSON.stringify(user) }
    expect(config(given)).toMatchObject({
      networking: { apiServerPort: 7443, podSubnet: '10.128.0.0/16' },
      nodes: [
        { image: 'shared:1', extraMounts: [mount, { containerPath: `/kind-flat-network/${run}` }] },
        { image: 'own:1', extraMounts: [{ containerPath: `/kind-flat-network/${run}` }] },
      ],
      kubeadmConfigPatches: ['kind: KubeletConfiguration'],
    })
  })
})
