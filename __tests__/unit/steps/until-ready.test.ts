import { beforeEach, expect, test } from '@jest/globals'
import { untilCoreDnsAvailable } from '../../../src/steps/until-ready.js'
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
  world.runner.on(
    kubectlOf('east', 'rollout status deployment/coredns'),
    fails('error: timed out waiting for the condition'),
  )
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
