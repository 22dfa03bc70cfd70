import { describe, expect, test } from '@jest/globals'
import { InputError } from '../../../src/errors.js'
import type { HostFacts } from '../../../src/plan/host-facts.js'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import { makePlan } from '../../../src/plan/plan.js'
import { clusters, facts, plan, request, run } from '../../fakes/build.js'

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
    ['ignore what is IPv6', { clusters: '1' }, network('fc00:f853:ccd:e793::/64'), ['10.128.0.0/16 10.192.0.0/16']],
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
    ['pod-subnet: 10.0.0.0/25', 'pod-subnet: "10.0.0.0/25" is a /25; kubeadm takes /8 to /24 where each node gets a /24'],
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
    const engine = { version: '28.3.0', cpus, memory }
    expect(plan({ clusters: String(count) }, { engine }).concurrency).toBe(expected)
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
        { role: 'control-plane', extraMounts: [owner] },
        { role: 'worker', extraMounts: [owner] },
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
      kubeadmConfigPatches: ['a'],
    }
    const given = { clusters: '1', 'node-image': 'shared:1', config: JSON.stringify(user) }
    expect(config(given)).toMatchObject({
      networking: { apiServerPort: 7443, podSubnet: '10.128.0.0/16' },
      nodes: [
        { image: 'shared:1', extraMounts: [mount, { containerPath: `/kind-flat-network/${run}` }] },
        { image: 'own:1', extraMounts: [{ containerPath: `/kind-flat-network/${run}` }] },
      ],
      kubeadmConfigPatches: ['a'],
    })
  })
})
