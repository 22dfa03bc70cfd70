import { beforeEach, describe, expect, test } from '@jest/globals'
import { parse, stringify } from 'yaml'
import type { RunRecord } from '../../../src/plan/run-record.js'
import { writeInternalKubeconfigOf } from '../../../src/steps/write-kubeconfigs.js'
import { clusters, directory, record } from '../../fakes/build.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const kindsOwn = (name: string) =>
  stringify({
    clusters: [{ name: `kind-${name}`, cluster: { server: 'https://127.0.0.1:40001' } }],
    contexts: [{ name: `kind-${name}` }],
    users: [{ name: `kind-${name}` }],
  })

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
  world.files.directories.add(directory)
  for (const name of ['east', 'west']) world.files.content.set(`${directory}/${name}.kubeconfig`, kindsOwn(name))
})

const written = (file: string) =>
  parse(world.files.content.get(`${directory}/${file}`) ?? '') as {
    'current-context'?: string
    contexts: { name: string }[]
    clusters: { cluster: { server: string; 'tls-server-name'?: string } }[]
  }

describe('the kubeconfig for whoever reaches the nodes', () => {
  const container = { id: 'f00', name: 'job', joins: true }
  const write = async (of: RunRecord, roles: Parameters<FakeEngine['add']>[1]) => {
    const [cluster] = of.clusters
    if (cluster === undefined) throw new Error('no cluster')
    engine.add(cluster.name, roles, of.run, cluster.podSubnets.join(','), of.dockerNetwork)
    await writeInternalKubeconfigOf(world, of, cluster)
  }

  test("names the node's address, and leaves kind's own as it is", async () => {
    await write(record({ clusters: '- east' }), ['control-plane'])
    expect(written('east.internal.kubeconfig').clusters[0]?.cluster).toEqual({
      server: 'https://172.18.0.2:6443',
      'tls-server-name': 'east-control-plane',
    })
    expect(written('east.kubeconfig').clusters[0]?.cluster.server).toBe('https://127.0.0.1:40001')
  })

  test("takes the place of kind's own in a container", async () => {
    await write(record({ clusters: '- east' }, { container }), ['control-plane'])
    expect(written('east.kubeconfig')).toEqual(written('east.internal.kubeconfig'))
    expect(written('east.kubeconfig').clusters[0]?.cluster.server).toBe('https://172.18.0.2:6443')
  })

  test('names the address of the load balancer before several control planes', async () => {
    const roles = ['external-load-balancer', 'control-plane', 'control-plane', 'control-plane'] as const
    await write(record({ clusters: clusters(['east', 3, 0]) }), roles)
    expect(written('east.internal.kubeconfig').clusters[0]?.cluster).toEqual({
      server: 'https://172.18.0.2:6443',
      'tls-server-name': 'east-external-load-balancer',
    })
  })

  test("has an address of the cluster's own family", async () => {
    await write(record({ clusters: '- east', 'ip-family': 'ipv6' }), ['control-plane'])
    expect(written('east.internal.kubeconfig').clusters[0]?.cluster.server).toBe('https://[fc00:4b46::2]:6443')
  })

  test('waits a while for the address of a container that restarts', async () => {
    const of = record({ clusters: '- east' })
    const { clock } = world
    const sleep = clock.sleep.bind(clock)
    clock.sleep = (seconds) => {
      if (clock.sleeps.length === 3) engine.containers = engine.containers.map((each) => ({ ...each, stopped: false }))
      return sleep(seconds)
    }
    engine.add('east', ['control-plane'], of.run, '10.9.0.0/16', of.dockerNetwork)
    engine.containers = engine.containers.map((each) => ({ ...each, addresses: each.addresses, stopped: true }))
    const [cluster] = of.clusters
    if (cluster === undefined) throw new Error('no cluster')
    await writeInternalKubeconfigOf(world, of, cluster)
    expect(written('east.internal.kubeconfig').clusters[0]?.cluster.server).toBe('https://172.18.0.2:6443')
    engine.containers = engine.containers.map((each) => ({ ...each, stopped: true }))
    await expect(writeInternalKubeconfigOf(world, of, cluster)).rejects.toThrow('does its container still run?')
    expect(world.clock.sleeps).toEqual(Array(4 + 15).fill(1))
  })

  test('cannot be written for a cluster that is not on the Docker network', async () => {
    const elsewhere = record({ clusters: '- east' })
    engine.add('east', ['control-plane'], elsewhere.run, '10.9.0.0/16', 'kind')
    const [cluster] = elsewhere.clusters
    if (cluster === undefined) throw new Error('no cluster')
    await expect(writeInternalKubeconfigOf(world, elsewhere, cluster)).rejects.toThrow(
      `the API server of cluster east has no address on the Docker network ${elsewhere.dockerNetwork}; does east-control-plane still run?`,
    )
  })
})
