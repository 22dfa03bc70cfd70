import { beforeEach, expect, test } from '@jest/globals'
import { findNodes } from '../../../src/steps/nodes.js'
import { clusters, record } from '../../fakes/build.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const saved = record({ clusters: clusters(['east', 2, 2]), 'ip-family': 'dual' })

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
  const roles = ['external-load-balancer', 'control-plane', 'control-plane', 'worker', 'worker'] as const
  world.files.directories.add(saved.directory)
  world.files.content.set(
    `${saved.directory}/east.kubeconfig`,
    '{ clusters: [{ name: kind-east, cluster: {} }], contexts: [], users: [] }',
  )
  const [{ podSubnets, serviceSubnets } = { podSubnets: [], serviceSubnets: [] }] = saved.clusters
  engine.add('east', roles, saved.run, podSubnets.join(), saved.dockerNetwork, serviceSubnets.join())
})

function stop(...names: string[]) {
  engine.containers = engine.containers.map((each) => (names.includes(each.name) ? { ...each, stopped: true } : each))
}

const found = async () => (await findNodes(world, saved)).nodes.map(({ name }) => name)

test('nodes are told with their addresses and podCIDRs in both families, the load balancer is none', async () => {
  const { record: now, nodes } = await findNodes(world, saved)
  expect(now).toEqual(saved)
  expect(nodes.map(({ name }) => name)).toEqual(saved.clusters[0]?.nodes.map(({ name }) => name))
  expect(nodes[3]).toEqual({
    cluster: 'east',
    name: 'east-worker2',
    role: 'worker',
    addresses: ['172.18.0.6', 'fc00:4b46::6'],
    podCIDRs: ['10.128.3.0/24', 'fd00:10:128:3::/64'],
  })
})

test('a node that was removed is left out, and that is told', async () => {
  engine.containers = engine.containers.filter(({ name }) => name !== 'east-worker')
  expect(await found()).toEqual(['east-control-plane', 'east-control-plane2', 'east-worker2'])
  expect(world.log.infos[0]).toBe('east: node east-worker does not run: nothing goes through it')
})

test('one control plane of several may have stopped', async () => {
  stop('east-control-plane')
  expect(await found()).toEqual(['east-control-plane2', 'east-worker', 'east-worker2'])
})

test('a cluster without any control plane that runs cannot be asked', async () => {
  stop('east-control-plane', 'east-control-plane2')
  await expect(found()).rejects.toThrow('cluster east has no control plane that runs')
  expect(world.runner.lines('kubectl')).toEqual([])
})

test('addresses that are not those of the plan are told, each with what was planned', async () => {
  engine.containers = engine.containers.map((each) =>
    each.name === 'east-worker' ? { ...each, podCIDRs: ['10.50.0.0/24', ...each.podCIDRs.slice(1)] } : each,
  )
  await expect(found()).rejects.toThrow(
    'node east-worker has the podCIDR 10.50.0.0/24, outside the planned pod subnet 10.128.0.0/16, fd00:10:128::/56 of cluster east',
  )
})

test('a DNS service outside of the planned service subnet is told', async () => {
  engine.containers = engine.containers.map((each) => ({ ...each, serviceSubnets: ['10.96.0.0/16'] }))
  await expect(found()).rejects.toThrow(
    'the DNS service of cluster east has the address 10.96.0.10, outside its planned service subnet 10.192.0.0/16, fd00:10:192::/112',
  )
})
