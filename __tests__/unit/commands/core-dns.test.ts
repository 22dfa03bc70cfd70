import { expect, test } from '@jest/globals'
import {
  digestOf,
  isRoutableIPv6,
  parseCoreDns,
  parseNameservers,
  setCorefile,
  startWithCorefile,
} from '../../../src/commands/core-dns.js'

const target = { kubeconfig: '/k' }

/** A deployment as the API lists it, with what a patch of ours puts on its pods. */
const listed = (corefile: string, template: object) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { kind: 'ConfigMap', metadata: { name: 'coredns', resourceVersion: '4711' }, data: { Corefile: corefile } },
      {
        kind: 'Deployment',
        metadata: { name: 'coredns', resourceVersion: '12', annotations: {} },
        spec: { replicas: 2, template },
      },
    ],
  })

test('what the pods were told to start with is read back', () => {
  const patch = startWithCorefile(target, '.:53 {\n}\n').at(-1)?.replace('--patch=', '') ?? ''
  const { template } = (JSON.parse(patch) as { spec: { template: object } }).spec
  expect(parseCoreDns(listed('.:53 {\n}\n', template))).toEqual({
    corefile: '.:53 {\n}\n',
    resourceVersion: '4711',
    digest: digestOf('.:53 {\n}\n'),
  })
  expect(parseCoreDns(listed('.:54 {\n}\n', { metadata: { labels: { 'k8s-app': 'kube-dns' } } }))).toEqual({
    corefile: '.:54 {\n}\n',
    resourceVersion: '4711',
  })
})

test('only the Corefile of the ConfigMap is set, and only when it has not changed', () => {
  expect(setCorefile(target, { corefile: '.:53 {\n  "x"\n}\n', resourceVersion: '4711' })).toEqual([
    'kubectl',
    '--kubeconfig',
    '/k',
    '--namespace=kube-system',
    'patch',
    'configmap/coredns',
    '--type=merge',
    '--patch={"metadata":{"resourceVersion":"4711"},"data":{"Corefile":".:53 {\\n  \\"x\\"\\n}\\n"}}',
  ])
})

test('nameservers are read from a resolv.conf', () => {
  const file = '# nameserver 1.1.1.1\nsearch a.internal\nnameserver 172.18.0.1\nnameserver\tfd00::1\noptions ndots:0\n'
  expect(parseNameservers(file)).toEqual(['172.18.0.1', 'fd00::1'])
  expect(parseNameservers('')).toEqual([])
})

test.each([
  ['2001:db8::1', true],
  ['fd00:10::a', true],
  ['172.18.0.1', false],
  ['::1', false],
  ['::', false],
  ['fe80::1', false],
  ['fe80::1%eth0', false],
  ['::ffff:172.18.0.1', false],
  ['localhost', false],
])('whether %s can be reached from a pod: %s', (address, reachable) => {
  expect(isRoutableIPv6(address)).toBe(reachable)
})
