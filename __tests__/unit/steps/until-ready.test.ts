import { beforeEach, expect, test } from '@jest/globals'
import { untilCoreDnsAvailable, untilNodesReady } from '../../../src/steps/until-ready.js'
import { clusters, record } from '../../fakes/build.js'
import { FakeEngine, kubectlOf, type StateItem } from '../../fakes/engine.js'
import { fails } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const made = record({ clusters: clusters(['east', 1, 1]) })

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
  engine.add('east', ['control-plane', 'worker'], made.run)
})

function untilAvailable(waitSeconds: number) {
  const [east] = made.clusters
  if (east === undefined) throw new Error('no cluster')
  return untilCoreDnsAvailable(world, made, east, waitSeconds)
}

const withoutCoreDns = (items: readonly StateItem[]) => items.filter(({ kind }) => kind !== 'Deployment')

test('waits for CoreDNS that is missing at first, and trusts what it sees more than kubectl wait', async () => {
  world.runner.on(kubectlOf('east', 'wait deployment/coredns'), fails('error: timed out waiting for the condition'))
  engine.tells = (items, _cluster, look) => (look < 3 ? withoutCoreDns(items) : items)
  await untilAvailable(10)
  expect(world.runner.matching(kubectlOf('east', 'get nodes,'))).toHaveLength(3)
  expect(world.log.infos).toEqual(['east: CoreDNS ready 2.0 s later'])
})

test.each<[string, (items: readonly StateItem[]) => StateItem[], string]>([
  ['is missing', withoutCoreDns, 'there is no deployment coredns'],
  [
    'still runs with what it knew before',
    (items) =>
      items.map((item) =>
        item.kind === 'Deployment'
          ? {
              ...item,
              status: { observedGeneration: 1, replicas: 3, updatedReplicas: 1, availableReplicas: 2 },
            }
          : item,
      ),
    'of 2 pods 1 are of its newest version, and 2 of all 3 are available',
  ],
])('says so when CoreDNS %s until the time is over', async (_, tells, why) => {
  engine.tells = (items) => tells(items)
  await expect(untilAvailable(5)).rejects.toThrow(
    `cluster east was not ready within 5 s (input wait):\n  CoreDNS is not available: ${why}`,
  )
})

test('a node of a dual-stack cluster is ready with a podCIDR of each family', async () => {
  const dual = record({ clusters: '[east]', 'ip-family': 'dual' })
  const [east] = dual.clusters
  if (east === undefined) throw new Error('no cluster')
  engine.containers = []
  engine.add('east', ['control-plane'], made.run, '10.9.0.0/16,fd00:9::/56')
  const withPodCIDRs = (podCIDRs: readonly string[]) => (items: readonly StateItem[]) =>
    items.map((item) => (item.kind === 'Node' ? { ...item, spec: { podCIDRs } } : item))
  engine.tells = (items, _cluster, look) => (look < 3 ? withPodCIDRs(['10.9.0.0/24'])(items) : items)
  const { nodes } = await untilNodesReady(world, dual, east, 10)
  expect(nodes.map(({ podCIDRs }) => podCIDRs)).toEqual([['10.9.0.0/24', 'fd00:9::/64']])
  expect(world.log.infos).toEqual(['east: nodes ready 2.0 s later'])

  engine.tells = withPodCIDRs(['10.9.0.0/24'])
  await expect(untilNodesReady(world, dual, east, 2)).rejects.toThrow(/node east-control-plane has no podCIDR yet$/)
})
