import { describe, expect, test } from '@jest/globals'
import { parseSubnets } from '../../../src/commands/kubeadm.js'

/** As kind v0.33.0 writes it, shortened. */
const config = (networking: string) => `apiServer:
  certSANs:
  - localhost
apiVersion: kubeadm.k8s.io/v1beta3
clusterName: east
kind: ClusterConfiguration
kubernetesVersion: v1.34.4
${networking}
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
networking:
  podSubnet: 10.9.0.0/16
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard:
  imagefs.available: 0%
`

describe('pod and service subnets', () => {
  test.each<[string, string[], string[]]>([
    ['networking:\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/16', ['10.244.0.0/16'], ['10.96.0.0/16']],
    [
      'networking:\n  podSubnet: 10.244.0.0/16,fd00:10:244::/56\n  serviceSubnet: 10.96.0.0/16, fd00:10:96::/112',
      ['10.244.0.0/16', 'fd00:10:244::/56'],
      ['10.96.0.0/16', 'fd00:10:96::/112'],
    ],
    ['networking: {serviceSubnet: 10.96.0.0/16}', [], ['10.96.0.0/16']],
    ['', [], []],
  ])('are read from %j', (networking, podSubnets, serviceSubnets) => {
    expect(parseSubnets(config(networking))).toEqual({ podSubnets, serviceSubnets })
  })

  test.each([
    'networking: {podSubnet: 5, serviceSubnet: 10.96.0.0/16}',
    'networking: {podSubnet: [10.244.0.0/16, x]}',
    'networking: {serviceSubnet: {a: b}}',
    'networking: {podSubnet: 10.244.0.0/x}',
    'networking: {podSubnet: 10.244.0.0/99}',
  ])('that are not subnets are told: %j', (networking) => {
    expect(() => parseSubnets(config(networking))).toThrow(
      /^(pod|service)Subnet is not a subnet in \/kind\/kubeadm.conf$/,
    )
  })

  test.each(['networking: here', 'networking: ~', 'networking: {podSubnet: ~, serviceSubnet: ""}'])(
    'may be none: %j',
    (networking) => {
      expect(parseSubnets(config(networking))).toEqual({ podSubnets: [], serviceSubnets: [] })
    },
  )

  test.each(['', 'kubeadm.conf', 'kind: JoinConfiguration\n', '---\n---\n'])('are not in %j', (text) => {
    expect(() => parseSubnets(text)).toThrow('no ClusterConfiguration in /kind/kubeadm.conf')
  })
})
