import { expect, test } from '@jest/globals'
import { parse, stringify } from 'yaml'
import { atNodeAddress, mergeKubeconfigs } from '../../../src/plan/kubeconfig.js'

const kubeconfig = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': `kind-${name}`,
  clusters: [
    { name: `kind-${name}`, cluster: { server: 'https://127.0.0.1:40001', 'certificate-authority-data': 'QQ==' } },
  ],
  contexts: [{ name: `kind-${name}`, context: { cluster: `kind-${name}`, user: `kind-${name}` } }],
  users: [{ name: `kind-${name}`, user: { 'client-key-data': 'Qg==' } }],
})

test('merged kubeconfigs have the contexts of all, and the current one that is asked for', () => {
  const [east, west] = [kubeconfig('east'), kubeconfig('west')]
  expect(parse(mergeKubeconfigs([stringify(east), stringify(west)], 'kind-west'))).toEqual({
    ...east,
    'current-context': 'kind-west',
    preferences: {},
    clusters: [...east.clusters, ...west.clusters],
    contexts: [...east.contexts, ...west.contexts],
    users: [...east.users, ...west.users],
  })
})

test.each([
  ['172.18.0.3', 'https://172.18.0.3:6443'],
  ['fc00:f853:ccd:e793::3', 'https://[fc00:f853:ccd:e793::3]:6443'],
])('at the node address %s the server is %s, known by the name in its certificate', (address, server) => {
  const east = kubeconfig('east')
  expect(parse(atNodeAddress(stringify(east), address, 'east-control-plane'))).toEqual({
    ...east,
    clusters: [
      {
        name: 'kind-east',
        cluster: { 'certificate-authority-data': 'QQ==', server, 'tls-server-name': 'east-control-plane' },
      },
    ],
  })
})

test.each(['', 'null', 'clusters: 3', 'users: [{user: {client-key-data: "s3cret'])(
  'what is not a kubeconfig is refused, and not shown: %j',
  (text) => {
    for (const read of [() => mergeKubeconfigs([text], 'x'), () => atNodeAddress(text, '172.18.0.3', 'x')]) {
      expect(read).toThrow(/^a kubeconfig that kind wrote cannot be read: [^\n]*$/)
      expect(read).not.toThrow('s3cret')
    }
  },
)
