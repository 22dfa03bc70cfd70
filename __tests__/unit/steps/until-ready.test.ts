import { beforeEach, describe, expect, test } from '@jest/globals'
import { untilCoreDnsAvailable, untilNodesReady } from '../../../src/steps/until-ready.js'
import { clusters, record } from '../../fakes/build.js'
import { FakeEngine, kubectlOf, type StateItem } from '../../fakes/engine.js'
import { fails, inTurn } from '../../fakes/recording-runner.js'
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

describe('an API that does not answer', () => {
  const refused = fails('some words\nThe connection to the server 127.0.0.1:40001 was refused\n')

  test('is told once, long before the wait is over', async () => {
    world.runner.on(kubectlOf('east', 'get nodes,'), () => {
      // at the look before, ten seconds had not passed
      expect(world.log.infos).toHaveLength(world.clock.seconds > 1010 ? 1 : 0)
      return refused
    })
    await expect(untilAvailable(300)).rejects.toThrow('cluster east was not ready within 300 s')
    expect(world.log.infos).toEqual([
      'east: its API server does not answer yet: The connection to the server 127.0.0.1:40001 was refused',
    ])
  })

  test('but refuses for good ends the wait', async () => {
    const unknown =
      'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority'
    world.runner.on(kubectlOf('east', 'get nodes,'), fails(unknown))
    await expect(untilAvailable(300)).rejects.toThrow(
      /^cluster east cannot get ready:\n {2}it does not answer: kubectl .*\n {2}Unable to connect .* unknown authority$/,
    )
    expect(world.clock.sleeps).toEqual([])
  })

  test('and reads the rights of its users after a restart is waited for', async () => {
    const state = await world.runner.run(['kubectl', '--kubeconfig', '/tmp/run/east.kubeconfig', 'get nodes,'])
    const forbidden = fails('Error from server (Forbidden): nodes is forbidden: User "kubernetes-admin" cannot list')
    world.runner.on(kubectlOf('east', 'get nodes,'), inTurn(refused, forbidden, forbidden, state))
    await untilAvailable(300)
    expect(world.clock.sleeps).toEqual([1, 1, 1])
  })

  test('refuses a user once more after it has answered is waited for', async () => {
    const forbidden = fails('Error from server (Forbidden): nodes is forbidden: User "kubernetes-admin" cannot list')
    const state = (status: string) =>
      JSON.stringify({
        items: ['east-control-plane', 'east-worker'].map((name) => ({
          kind: 'Node',
          metadata: { name },
          spec: { podCIDRs: ['10.0.0.0/24'] },
          status: { conditions: [{ type: 'Ready', status }] },
        })),
      })
    world.runner.on(
      kubectlOf('east', 'get nodes,'),
      inTurn(forbidden, ...Array<string>(38).fill(state('False')), forbidden, state('True')),
    )
    const [east] = made.clusters
    if (east === undefined) throw new Error('no cluster')
    await untilNodesReady(world, made, east, 300)
    expect(world.clock.sleeps).toHaveLength(40)
  })
})

describe('pods that do not run', () => {
  const crashing = (restartCount: number, backOff = '20s'): StateItem => ({
    kind: 'Pod',
    metadata: { name: 'kube-proxy-1', labels: { 'k8s-app': 'kube-proxy' } },
    spec: {},
    status: {
      phase: 'Running',
      containerStatuses: [
        {
          name: 'kube-proxy',
          ready: false,
          restartCount,
          state: {
            waiting: { reason: 'CrashLoopBackOff', message: `back-off ${backOff} restarting failed container` },
          },
        },
      ],
    },
  })
  const log = 'E1125 server.go:1] "Error running ProxyServer" err="ipvs is not supported"\n'

  test('are named with what they said last, instead of CoreDNS that only waits for them', async () => {
    engine.tells = (items) => [...withoutCoreDns(items), crashing(2)]
    world.runner.on(kubectlOf('east', 'logs kube-proxy-1'), log)
    await expect(untilAvailable(5)).rejects.toThrow(
      [
        'cluster east was not ready within 5 s (input wait):',
        '  CoreDNS is not available: there is no deployment coredns',
        '  pod kube-proxy-1: CrashLoopBackOff, 2 restarts',
        `    ${log.trim()}`,
      ].join('\n'),
    )
  })

  test('end the wait when they will not get better', async () => {
    engine.tells = (items, _cluster, look) => [
      ...withoutCoreDns(items),
      crashing(look + 2, look < 3 ? '1m20s' : '2m40s'),
    ]
    world.runner.on(kubectlOf('east', 'logs kube-proxy-1'), fails('previous terminated container not found'))
    await expect(untilAvailable(300)).rejects.toThrow(
      [
        'cluster east cannot get ready:',
        '  CoreDNS is not available: there is no deployment coredns',
        '  pod kube-proxy-1: CrashLoopBackOff, 5 restarts',
      ].join('\n'),
    )
    expect(world.clock.sleeps).toHaveLength(2)
  })

  test('are nothing to a cluster that is ready', async () => {
    engine.tells = (items) => [...items, crashing(9, '5m0s')]
    await untilAvailable(5)
  })
})

test('no watch lasts longer than ten seconds, since only the look behind it tells what has failed', async () => {
  engine.tells = withoutCoreDns
  world.runner.on(kubectlOf('east', 'wait deployment/coredns'), () => {
    world.clock.seconds += 10
    return ''
  })
  await expect(untilAvailable(25)).rejects.toThrow('was not ready within 25 s')
  const timeouts = world.runner
    .lines(kubectlOf('east', 'wait deployment'))
    .map((line) => /timeout=(\d+)s/.exec(line)?.[1])
  expect(timeouts).toEqual(['10', '10', '3'])
})
