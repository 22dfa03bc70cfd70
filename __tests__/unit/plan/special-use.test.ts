import { describe, expect, test } from '@jest/globals'
import { InputError } from '../../../src/errors.js'
import type { HostFacts } from '../../../src/plan/host-facts.js'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import { facts, plan } from '../../fakes/build.js'

/** The problems of a plan, by what they say is in the way. */
function inTheWay(given: GivenInputs, machine: Partial<HostFacts> = {}): string[] {
  try {
    plan(given, machine)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return error.problems.flatMap(({ input, value, message }) => {
      const what = /^(?:overlaps|lies in) ([^;]+?)(?:, which no cluster[^;]*)?;/.exec(message)?.[1]
      return what === undefined ? [] : [`${input}: ${String(value)}: ${what}`]
    })
  }
  return []
}

const family = (subnet: string) => (subnet.includes(':') ? 'ipv6' : 'ipv4')
const pods = (subnet: string) => ({ clusters: `- pod-subnet: "${subnet}"`, 'ip-family': family(subnet) })

const refused: [subnet: string, block: string][] = [
  ['0.0.0.0/8', '0.0.0.0/8 (this network, RFC 791)'],
  ['0.1.0.0/16', '0.0.0.0/8 (this network, RFC 791)'],
  ['127.0.0.0/16', '127.0.0.0/8 (loopback, RFC 1122)'],
  ['127.255.255.0/24', '127.0.0.0/8 (loopback, RFC 1122)'],
  ['126.0.0.0/7', '127.0.0.0/8 (loopback, RFC 1122)'],
  ['169.254.0.0/16', '169.254.0.0/16 (link-local, RFC 3927)'],
  ['169.254.128.0/17', '169.254.0.0/16 (link-local, RFC 3927)'],
  ['192.0.0.0/24', '192.0.0.0/24 (IETF protocol assignments, RFC 6890)'],
  ['192.0.0.0/22', '192.0.0.0/24 (IETF protocol assignments, RFC 6890)'],
  ['192.0.2.0/24', '192.0.2.0/24 (documentation, RFC 5737)'],
  ['198.51.100.0/24', '198.51.100.0/24 (documentation, RFC 5737)'],
  ['203.0.113.0/24', '203.0.113.0/24 (documentation, RFC 5737)'],
  ['224.0.0.0/16', '224.0.0.0/4 (multicast, RFC 5771)'],
  ['239.255.0.0/16', '224.0.0.0/4 (multicast, RFC 5771)'],
  ['240.0.0.0/4', '240.0.0.0/4 (reserved, RFC 1112)'],
  ['255.255.255.0/24', '240.0.0.0/4 (reserved, RFC 1112)'],
  ['::/64', '::/128 (unspecified address, RFC 4291)'],
  ['::1:0/112', '::/64 (reserved by the IETF, RFC 4291)'],
  ['::ffff:10.1.0.0/112', '::ffff:0:0/96 (IPv4-mapped, RFC 4291)'],
  ['100:0:0:1::/64', '100:0:0:1::/64 (dummy prefix, RFC 9780)'],
  ['2001:100::/56', '2001::/23 (IETF protocol assignments, RFC 2928)'],
  ['2001:10::/56', '2001::/23 (IETF protocol assignments, RFC 2928)'],
  ['2001:db8::/56', '2001:db8::/32 (documentation, RFC 3849)'],
  ['3fff:abc::/56', '3fff::/20 (documentation, RFC 9637)'],
  ['fe80::/64', 'fe80::/10 (link-local, RFC 4291)'],
  ['febf:ffff::/56', 'fe80::/10 (link-local, RFC 4291)'],
  ['ff02::/64', 'ff00::/8 (multicast, RFC 4291)'],
]

describe('a subnet of a block that routers do not forward', () => {
  test.each(refused)('%s is refused with the name of the block', (subnet, block) => {
    const text = subnet === '::ffff:10.1.0.0/112' ? '::ffff:a01:0/112' : subnet
    expect(inTheWay(pods(subnet))).toEqual([`clusters[0].pod-subnet: ${text}: ${block}`])
    expect(inTheWay({ ...pods(subnet), clusters: `- service-subnet: "${subnet}"` })).toEqual([
      `clusters[0].service-subnet: ${text}: ${block}`,
    ])
  })

  test('::1 lies in a block of its own', () => {
    const clusters =
      '- {ip-family: ipv6, service-subnet: "0:0:0:1::/112"}\n- {ip-family: ipv6, service-subnet: "::/112"}'
    expect(inTheWay({ clusters })).toEqual([
      'clusters[1].service-subnet: ::/112: ::/128 (unspecified address, RFC 4291)',
    ])
  })

  const patch = (text: string) => ({ config: JSON.stringify({ kubeadmConfigPatches: [text] }) })

  test.each<[string, GivenInputs]>([
    ['clusters[0].config.networking.podSubnet', { clusters: '- config: {networking: {podSubnet: 127.1.0.0/16}}' }],
    ['config.networking.podSubnet', { clusters: '1', config: 'networking: {podSubnet: 127.1.0.0/16}' }],
    ['config.networking.serviceSubnet', { clusters: '1', config: 'networking: {serviceSubnet: 127.1.0.0/16}' }],
    [
      'config.kubeadmConfigPatches[0]',
      { clusters: '1', ...patch('{kind: ClusterConfiguration, networking: {podSubnet: 127.1.0.0/16}}') },
    ],
    [
      'config.kubeadmConfigPatches[0]',
      {
        clusters: '1',
        ...patch('{kind: ClusterConfiguration, apiServer: {extraArgs: {service-cluster-ip-range: 127.1.0.0/16}}}'),
      },
    ],
    [
      'config.kubeadmConfigPatchesJSON6902[0]',
      {
        clusters: '1',
        config: JSON.stringify({
          kubeadmConfigPatchesJSON6902: [
            {
              kind: 'ClusterConfiguration',
              patch: '[{"op": "replace", "path": "/networking/podSubnet", "value": "127.1.0.0/16"}]',
            },
          ],
        }),
      },
    ],
  ])('is refused where %s says it', (place, given) => {
    expect(inTheWay(given)).toEqual([`${place}: 127.1.0.0/16: 127.0.0.0/8 (loopback, RFC 1122)`])
  })

  test.each([
    ...['10.0.0.0/16', '172.16.0.0/16', '192.168.0.0/20', '100.64.0.0/16', '198.18.0.0/16', '192.88.99.0/24'],
    ...['1.1.0.0/16', '126.255.0.0/16', '128.0.0.0/16', '223.255.255.0/24', '169.253.0.0/16', '192.0.1.0/24'],
    ...[
      'fd00:1::/56',
      'fc00:1::/56',
      '2001:2::/56',
      '2001:20::/56',
      '2001:200::/56',
      '2002:a00::/56',
      '64:ff9b:1::/56',
    ],
    ...['100::/64', '5f00::/56', 'fec0::/56', 'fe00::/56'],
  ])('%s is not one', (subnet) => {
    const machine = { networks: [], routes: [] }
    expect(() => plan(pods(subnet), machine)).not.toThrow()
  })
})

describe('a supernet', () => {
  test.each<[GivenInputs, string]>([
    [{ 'pod-supernet': '127.0.0.0/8' }, 'pod-supernet: 127.0.0.0/8: 127.0.0.0/8 (loopback, RFC 1122)'],
    [{ 'pod-supernet': 'fe80::/48' }, 'pod-supernet: fe80::/48: fe80::/10 (link-local, RFC 4291)'],
    [{ 'service-supernet': '230.0.0.0/8' }, 'service-supernet: 230.0.0.0/8: 224.0.0.0/4 (multicast, RFC 5771)'],
  ])('%j wholly in a block is refused', (given, problem) => {
    expect(inTheWay(given)).toEqual([problem])
  })

  test.each<[GivenInputs, string[]]>([
    [{ 'pod-supernet': '0.0.0.0/0' }, ['1.0.0.0/16 10.192.0.0/16', '1.1.0.0/16 10.193.0.0/16']],
    [{ 'pod-supernet': '126.0.0.0/7' }, ['126.0.0.0/16 10.192.0.0/16', '126.1.0.0/16 10.193.0.0/16']],
    [{ 'service-supernet': '192.0.0.0/22' }, ['10.128.0.0/16 192.0.1.0/24', '10.129.0.0/16 192.0.3.0/24']],
    [
      { 'ip-family': 'ipv6', 'pod-supernet': '2001::/16' },
      ['2001::/56 fd00:10:192::/112', '2001:0:0:100::/56 fd00:10:192::1:0/112'],
    ],
    [
      { 'ip-family': 'ipv6', 'pod-supernet': '::/0' },
      ['0:0:0:100::/56 fd00:10:192::/112', '0:0:0:200::/56 fd00:10:192::1:0/112'],
    ],
  ])('%j gives nothing out of such a block', (given, subnets) => {
    const { clusters } = plan(given)
    expect(clusters.map(({ podSubnets, serviceSubnets }) => `${podSubnets.join()} ${serviceSubnets.join()}`)).toEqual(
      subnets,
    )
  })

  test('that has too little room names the block once', () => {
    const patch = '{kind: ClusterConfiguration, controllerManager: {extraArgs: {node-cidr-mask-size-ipv6: "48"}}}'
    const config = JSON.stringify({ kubeadmConfigPatches: [patch] })
    expect(() => plan({ 'ip-family': 'ipv6', 'pod-supernet': '2001:4::/32', config })).toThrow(
      'has room for 1 subnets of /48, 2 are needed (taken by 2001::/23 (IETF protocol assignments, RFC 2928)); give',
    )
  })
})

describe("this machine's nameservers", () => {
  const machine = { nameservers: ['10.128.0.2', '127.0.0.53', 'fd00:10:128::53', 'none'] }

  test('are in no subnet that is given', () => {
    expect(inTheWay({ clusters: '- pod-subnet: 10.128.0.0/16\n- service-subnet: 127.0.0.0/24' }, machine)).toEqual([
      "clusters[0].pod-subnet: 10.128.0.0/16: this machine's nameserver 10.128.0.2",
      'clusters[1].service-subnet: 127.0.0.0/24: 127.0.0.0/8 (loopback, RFC 1122)',
    ])
  })

  test('are in no subnet that is allotted', () => {
    const [cluster] = plan({ clusters: '1', 'ip-family': 'dual' }, machine).clusters
    expect(cluster?.podSubnets).toEqual(['10.129.0.0/16', 'fd00:10:128:100::/56'])
  })
})

test('a cluster that exists keeps the subnets it has', () => {
  const existing = {
    name: 'old',
    run: 'cafe0001',
    podSubnets: ['192.0.2.0/24'],
    serviceSubnets: ['198.51.100.0/24'],
    nodes: [{ name: 'old-control-plane', role: 'control-plane' as const }],
    dockerNetworks: ['lab'],
  }
  const machine = { ...facts(), reusable: [existing], nameservers: ['192.0.2.1'] }
  const given = { clusters: '- old', reuse: 'true', 'docker-network': 'lab' }
  expect(plan(given, machine).clusters[0]).toMatchObject({ reused: true, podSubnets: ['192.0.2.0/24'] })
})
