import { describe, expect, test } from '@jest/globals'
import { isOtherMetalLb, manifestAddress, parsePodTroubles, poolManifest } from '../../../src/commands/metallb.js'
import { metallbRelease } from '../../../src/plan/releases.js'

describe('manifestAddress', () => {
  const release = { version: '0.16.2', manifest: 'config/manifests/metallb-native.yaml', sha256: '', seenIn: '' }

  test.each([
    [undefined, 'https://raw.githubusercontent.com'],
    ['http://127.0.0.1:8080/tools', 'http://127.0.0.1:8080/tools'],
  ])('of the mirror %s', (mirror, base) => {
    expect(manifestAddress(release, mirror)).toBe(
      `${base}/metallb/metallb/v0.16.2/config/manifests/metallb-native.yaml`,
    )
  })

  test('of the release that is known', () => {
    expect(manifestAddress(metallbRelease)).toMatch(/\/v\d+\.\d+\.\d+\/config\/manifests\/metallb-native\.yaml$/)
  })
})

test('a pool of the given subnets, and its advertisement', () => {
  const { items } = JSON.parse(poolManifest(['172.18.254.0/24', 'fd00::/112'])) as {
    items: { kind: string; metadata: { name: string; namespace: string }; spec: unknown }[]
  }
  const [pool, advertisement] = items
  expect(pool).toMatchObject({
    kind: 'IPAddressPool',
    metadata: { namespace: 'metallb-system' },
    spec: { addresses: ['172.18.254.0/24', 'fd00::/112'] },
  })
  expect(advertisement).toMatchObject({
    kind: 'L2Advertisement',
    metadata: { namespace: 'metallb-system' },
    spec: { ipAddressPools: [pool?.metadata.name] },
  })
})

test.each([
  ['none', '', false],
  [
    'the one of the manifest',
    'customresourcedefinition.apiextensions.k8s.io/ipaddresspools.metallb.io\ndeployment.apps/controller\n',
    false,
  ],
  ["Helm's", 'customresourcedefinition.apiextensions.k8s.io/ipaddresspools.metallb.io\n', true],
])('another MetalLB: %s', (_, output, other) => {
  expect(isOtherMetalLb(output)).toBe(other)
})

test('what keeps pods from running', () => {
  const pods = {
    items: [
      {
        metadata: { name: 'controller-1' },
        status: {
          conditions: [
            { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' },
          ],
        },
      },
      {
        metadata: { name: 'speaker-1' },
        status: {
          conditions: [{ type: 'PodScheduled', status: 'True' }],
          containerStatuses: [
            {
              ready: false,
              image: 'quay.io/metallb/speaker:v0.16.2',
              state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } },
            },
          ],
        },
      },
      {
        metadata: { name: 'speaker-2' },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [{ ready: true, image: 'speaker', state: { running: {} } }],
        },
      },
      {
        metadata: { name: 'speaker-3' },
        status: { containerStatuses: [{ ready: false, image: 'speaker', state: { running: {} } }] },
      },
      { metadata: { name: 'speaker-4' } },
    ],
  }
  expect(parsePodTroubles(JSON.stringify(pods))).toEqual([
    'pod controller-1: Unschedulable: 0/1 nodes are available',
    'pod speaker-1: ImagePullBackOff: Back-off pulling image',
    'pod speaker-3: not Ready',
    'pod speaker-4: not Ready',
  ])
})
