import { beforeEach, describe, expect, test } from '@jest/globals'
import { findNodes, readNodes } from '../../../src/steps/nodes.js'
import { clusters, record } from '../../fakes/build.js'
import { FakeEngine, kubectlOf, type StateItem } from '../../fakes/engine.js'
import { fails } from '../../fakes/recording-runner.js'
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

const socket = 'unix:///var/run/docker.sock'
const dead = fails(`Cannot connect to the Docker daemon at ${socket}. Is the docker daemon running?`)
const explained = `the Docker engine at ${socket} (the Docker context default) is not there: nobody listens; start it with "sudo systemctl start docker", or name another in DOCKER_HOST`

test('an engine that does not answer is explained', async () => {
  world.runner.on('docker ps', dead)
  await expect(found()).rejects.toThrow(explained)
})

describe('readNodes', () => {
  const names = async (of = saved) => (await readNodes(world, of)).map(({ name }) => name)
  const all = saved.clusters.flatMap(({ nodes }) => nodes.map(({ name }) => name))

  describe('while an engine restarts', () => {
    const refused = fails('The connection to the server 127.0.0.1:40001 was refused')
    let listed: string
    let state: string

    beforeEach(async () => {
      listed = await world.runner.run(['docker', 'ps', '--all', '--quiet'])
      state = await world.runner.run(['kubectl', '--kubeconfig', '/tmp/run/east.kubeconfig', 'get nodes,'])
    })

    /** Has it be away from one second to another, and the API server until five seconds later. */
    function restart(...away: readonly (readonly [from: number, to: number])[]) {
      const isAway = (after = 0) => away.some(([from, to]) => now() >= from && now() < to + after)
      const now = () => world.clock.seconds - 1000
      world.runner.on('docker ps', () => (isAway() ? dead : listed))
      world.runner.on(kubectlOf('east', 'get nodes,'), () => (isAway(5) ? refused : state))
    }

    test('waits for it', async () => {
      restart([0, 59])
      expect(await names()).toEqual(all)
      expect(world.clock.seconds).toBe(1064)
    })

    test('waits as long for the next restart', async () => {
      restart([0, 50], [52, 102])
      expect(await names()).toEqual(all)
    })

    test('explains one that is still away a minute later', async () => {
      restart([0, 300])
      await expect(names()).rejects.toThrow(explained)
      expect(world.clock.seconds).toBe(1060)
    })
  })

  describe('while CoreDNS is rolled out', () => {
    const untilSecond = (end: number) => (items: readonly StateItem[]) =>
      items.map((item) =>
        item.kind === 'Deployment' && world.clock.seconds < 1000 + end
          ? { ...item, status: { observedGeneration: 1, replicas: 3, updatedReplicas: 1, availableReplicas: 2 } }
          : item,
      )

    test('looks again', async () => {
      engine.tells = untilSecond(30)
      expect(await names()).toEqual(all)
      expect(world.clock.sleeps).toEqual(Array(30).fill(1))
    })

    test.each([
      ['half a minute', saved, 30],
      ['the input wait, which is shorter', { ...saved, waitSeconds: 4 }, 4],
    ])('says what is missing after %s', async (_, of, seconds) => {
      engine.tells = untilSecond(seconds + 1)
      await expect(names(of)).rejects.toThrow(
        'cluster east is not ready:\n  CoreDNS is not available: of 2 pods 1 are of its newest version, and 2 of all 3 are available',
      )
      expect(world.clock.sleeps).toEqual(Array(seconds).fill(1))
    })
  })
})
