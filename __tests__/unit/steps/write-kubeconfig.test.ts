import { expect, test } from '@jest/globals'
import { parse, stringify } from 'yaml'
import { writeKubeconfig } from '../../../src/steps/write-kubeconfig.js'
import { record } from '../../fakes/build.js'
import { fakeWorld } from '../../fakes/world.js'

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

test('merges the kubeconfigs of all clusters, with the first as the current context', async () => {
  const world = fakeWorld()
  const made = record({ clusters: '- east\n- west', kubeconfig: '/home/me/config' })
  world.files.content.set(`${made.directory}/east.kubeconfig`, stringify(kubeconfig('east')))
  world.files.content.set(`${made.directory}/west.kubeconfig`, stringify(kubeconfig('west')))
  await writeKubeconfig(world, made)
  const [east, west] = [kubeconfig('east'), kubeconfig('west')]
  expect(parse(world.files.content.get('/home/me/config') ?? '')).toEqual({
    ...east,
    preferences: {},
    clusters: [...east.clusters, ...west.clusters],
    contexts: [...east.contexts, ...west.contexts],
    users: [...east.users, ...west.users],
  })
})

test('fails when the kubeconfig of a cluster is missing, and writes nothing', async () => {
  const world = fakeWorld()
  await expect(writeKubeconfig(world, record())).rejects.toThrow(/cluster1\.kubeconfig/)
  expect(world.files.content.size).toBe(0)
})
