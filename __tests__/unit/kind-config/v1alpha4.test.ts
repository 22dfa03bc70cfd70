import { describe, expect, test } from '@jest/globals'
import { describeProblem } from '../../../src/errors.js'
import { decodeKindConfig } from '../../../src/kind-config/v1alpha4.js'
import { readYaml } from '../../../src/kind-config/read-yaml.js'

function decode(text: string): unknown {
  const decoded = decodeKindConfig(readYaml(text))
  return 'config' in decoded
    ? decoded.config
    : decoded.problems.map(({ path, ...problem }) => describeProblem({ input: path, ...problem }))
}

describe('scalars keep the text that was written', () => {
  test('in labels and runtimeConfig', () => {
    const labels = '{build: 1.30, zone: 010, on: True, off: ~, y: 2024-05-01}'
    expect(decode(`nodes: [{labels: ${labels}}]\nruntimeConfig: {api/all: True, "1.30": 0x1}`)).toEqual({
      nodes: [{ labels: { build: '1.30', zone: '010', on: 'True', off: '', y: '2024-05-01' } }],
      runtimeConfig: { 'api/all': 'True', '1.30': '0x1' },
    })
  })

  test.each([
    ...['true', 'True', 'yes', 'Y', 'on', "'yes'"].map((word) => [word, true] as const),
    ...['false', 'FALSE', 'no', 'n', 'Off', '~'].map((word) => [word, false] as const),
  ])('%s is a boolean as in Go: %j', (word, value) => {
    expect(decode(`featureGates: {A: ${word}}`)).toEqual({ featureGates: { A: value } })
  })

  test.each([
    ['80', 80],
    ['+80', 80],
    ['0x50', 80],
    ['0120', 80],
    ['8_0', 80],
    ['80.0', 80],
    ['!!int "80"', 80],
  ])('%s is a port as in Go', (text, port) => {
    expect(decode(`nodes: [{extraPortMappings: [{containerPort: ${text}}]}]`)).toEqual({
      nodes: [{ extraPortMappings: [{ containerPort: port }] }],
    })
  })
})

test('what is empty is not given', () => {
  const text =
    'name: ""\nnodes: [~, {role: , image: "", labels: }]\nnetworking: {podSubnet: "", ipFamily: ~}\nfeatureGates:'
  expect(decode(text)).toEqual({ nodes: [{}], networking: {} })
  expect(decode('')).toEqual({})
})

describe('refuses with place, near match and remedy', () => {
  test.each<[string, string]>([
    ['networkin: {}', 'networkin: is not a setting of a kind config; did you mean networking?'],
    ['nodes: [{imag: x}]', 'nodes[0].imag: is not a node setting; did you mean image?'],
    ['nodes: [{}, {Role: worker}]', 'nodes[1].Role: is not a node setting; did you mean role?'],
    [
      'nodes: [{flavour: sweet}]',
      'nodes[0].flavour: is not a node setting; known are role, image, labels, extraMounts, extraPortMappings, kubeadmConfigPatches, kubeadmConfigPatchesJSON6902',
    ],
    [
      'nodes: [{role: control-plane, networking: {podSubnet: 10.0.0.0/16, serviceSubnet: 10.1.0.0/16}}]',
      'nodes[0].networking: is not a node setting; it belongs one level up, beside nodes',
    ],
    [
      'networking: {nodes: []}',
      'networking.nodes: is not a networking setting; it belongs one level up, beside networking',
    ],
    ['podSubnet: 10.1.0.0/16', 'podSubnet: is not a setting of a kind config; it belongs to networking'],
    ['extraMounts: []', 'extraMounts: is not a setting of a kind config; it belongs to an item of nodes'],
    ['hostPort: 80', 'hostPort: is not a setting of a kind config; it belongs to an item of extraPortMappings'],
    [
      'nodes: [{extraMounts: [{hostPath: /a, readonly: true, containerPath: /a}]}]',
      'nodes[0].extraMounts[0].readonly: is not a mount setting; did you mean readOnly?',
    ],
    [
      'kubeadmConfigPatchesJSON6902: [{patches: ""}]',
      'kubeadmConfigPatchesJSON6902[0].patches: is not a setting of a JSON patch; did you mean patch?',
    ],
    ['kind: cluster', 'kind: "cluster" must be Cluster'],
    ['apiVersion: kind.x-k8s.io/v1alpha3', 'apiVersion: "kind.x-k8s.io/v1alpha3" must be kind.x-k8s.io/v1alpha4'],
    ['nodes: {}', 'nodes: {} must be a list; write "- " before each item'],
    ['networking: []', 'networking: [] must be a map; write "name: value", one a line'],
    ['nodes: [worker]', 'nodes[0]: "worker" must be a map; write "name: value", one a line'],
    ['nodes: [{role: master}]', 'nodes[0].role: "master" must be one of control-plane, worker'],
    ['nodes: [{image: [x]}]', 'nodes[0].image: ["x"] must be a string'],
    ['featureGates: {A: "true"}', 'featureGates.A: "true" must be true or false'],
    ['networking: {disableDefaultCNI: maybe}', 'networking.disableDefaultCNI: "maybe" must be true or false'],
    [
      'networking: {kubeProxyMode: eBPF}',
      'networking.kubeProxyMode: "eBPF" must be one of iptables, ipvs, nftables, none',
    ],
    ['networking: {ipFamily: IPv4}', 'networking.ipFamily: "IPv4" must be one of ipv4, ipv6, dual'],
    [
      'networking: {podSubnet: "10.1.0.0/16, fd00::/56"}',
      'networking.podSubnet: "10.1.0.0/16, fd00::/56" contains a blank; write subnets with a comma between them and nothing else',
    ],
    [
      'networking: {apiServerAddress: localhost}',
      'networking.apiServerAddress: "localhost" is not an IP address; use one such as 127.0.0.1',
    ],
    [
      'networking: {apiServerPort: 70000}',
      'networking.apiServerPort: 70000 is not a port; use 1 to 65535, or 0 for any that is free',
    ],
    [
      'nodes: [{extraPortMappings: [{containerPort: "80"}]}]',
      'nodes[0].extraPortMappings[0].containerPort: "80" is a string; write the port without quotes',
    ],
    [
      'nodes: [{extraPortMappings: [{containerPort: 0}]}]',
      'nodes[0].extraPortMappings[0].containerPort: 0 is not a port; use 1 to 65535',
    ],
    [
      'nodes: [{extraPortMappings: [{containerPort: 80, protocol: TDP}]}]',
      'nodes[0].extraPortMappings[0].protocol: "TDP" must be one of TCP, UDP, SCTP',
    ],
    [
      'nodes: [{extraPortMappings: [{hostPort: 80}]}]',
      'nodes[0].extraPortMappings[0].containerPort: is missing; give it',
    ],
    ['nodes: [{extraMounts: [{hostPath: /a}]}]', 'nodes[0].extraMounts[0].containerPath: is missing; give it'],
    [
      'nodes: [{extraMounts: [{containerPath: data}]}]',
      'nodes[0].extraMounts[0].containerPath: "data" must be an absolute path in the node, such as /data',
    ],
    [
      'nodes: [{extraMounts: [{containerPath: /a, propagation: none}]}]',
      'nodes[0].extraMounts[0].propagation: "none" must be one of None, HostToContainer, Bidirectional',
    ],
    [
      'kubeadmConfigPatches: [{kind: ClusterConfiguration}]',
      'kubeadmConfigPatches[0]: {"kind":"ClusterConfiguration"} must be a string: write "|" behind the dash, so that it stays text',
    ],
    [
      'nodes: [{image: "${IMAGE}"}]',
      'nodes[0].image: "${IMAGE}" contains the template ${IMAGE}, which nothing has filled in; replace it with its value',
    ],
    ['- a', ': ["a"] is not a kind config; write a YAML map, such as "networking: {…}"'],
    ['text', ': "text" is not a kind config; write a YAML map, such as "networking: {…}"'],
  ])('%s', (text, problem) => {
    expect(decode(text)).toEqual([problem])
  })

  test('all that is wrong, in the order in which it was written', () => {
    const text = 'nodes: [{role: x}, {imag: y, labels: [z]}]\nname: [a]\nnodez: []'
    expect((decode(text) as string[]).map((line) => line.split(':')[0])).toEqual([
      'nodes[0].role',
      'nodes[1].imag',
      'nodes[1].labels',
      'name',
      'nodez',
    ])
  })

  test('what is misspelt once, not as missing too', () => {
    expect(decode('nodes: [{extraMounts: [{containerpath: /a}]}]')).toEqual([
      'nodes[0].extraMounts[0].containerpath: is not a mount setting; did you mean containerPath?',
    ])
  })

  test.each(['constructor', 'toString', 'hasOwnProperty'])('%s, which every object has', (key) => {
    expect(decode(`${key}: {}`)).toEqual([
      expect.stringMatching(
        new RegExp(`^${key}: is not a setting of a kind config; (known are|did you mean) `),
      ) as unknown,
    ])
    expect(decode(`nodes: [{labels: {${key}: x}}]`)).toEqual({ nodes: [{ labels: Object.fromEntries([[key, 'x']]) }] })
  })
})
