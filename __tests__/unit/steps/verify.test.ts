import { beforeEach, describe, expect, test } from '@jest/globals'
import { parseDocument } from 'yaml'
import { CancelledError } from '../../../src/errors.js'
import type { Cluster } from '../../../src/plan/cluster.js'
import type { Pair, ServicePair } from '../../../src/plan/connectivity.js'
import { clusterKubeconfig, type RunRecord } from '../../../src/plan/run-record.js'
import type { Node } from '../../../src/plan/wiring.js'
import type { World } from '../../../src/ports.js'
import {
  deployProbe,
  removeAllProbes,
  removeProbes,
  requireFlat,
  verifyConnectivity,
} from '../../../src/steps/verify.js'
import { apartPair, clusters, end, pair, podOn, record, runningNodes } from '../../fakes/build.js'
import { answer, coreDnsImage, FakeEngine, kubectlOf, serviceIn, type StateItem } from '../../fakes/engine.js'
import { fails, hang, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const made = record({ clusters: clusters(['east', 1, 1], ['west', 1, 0]) })
const nodes = runningNodes(made)
const [east, eastWorker, west] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]

/** Id of the check that the probes belong to. */
const check = 'c4ec0de1'

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
  for (const { name, podSubnets, serviceSubnets, nodes: own } of made.clusters) {
    engine.add(
      name,
      own.map(({ role }) => role),
      made.run,
      podSubnets.join(),
      undefined,
      serviceSubnets.join(),
    )
  }
})

/** What a node hears, line by line. */
const hears = (node: string, ...lines: string[]) =>
  world.runner.on(`docker exec ${node} bash`, lines.map((line) => `${line}\n`).join(''))

const arrows = (pairs: readonly Pair[]) => pairs.map(({ from, to }) => `${from.node} → ${to.node}`)

/** The image that the probe gets in each cluster. */
const probeImages = async () => {
  for (const cluster of made.clusters) await deployProbe(world, made, cluster, check)
  return world.runner
    .matching(' apply ')
    .map(({ options }) =>
      parseDocument((options.input ?? '').split('---')[1] ?? '').getIn([
        'spec',
        'template',
        'spec',
        'containers',
        0,
        'image',
      ]),
    )
}

/** Has the nodes of a cluster hold these images, and no other. */
const holding =
  (of: string, ...images: string[]) =>
  (items: readonly StateItem[], cluster: string) =>
    items.map((item) =>
      item.kind === 'Node' && cluster === of
        ? { ...item, status: { ...item.status, images: images.map((name) => ({ names: [name] })) } }
        : item,
    )

test('the probe is deployed with the CoreDNS image of its own cluster', async () => {
  expect(await probeImages()).toEqual([coreDnsImage, coreDnsImage])
})

test('the probe uses the CoreDNS that the nodes hold where another one was asked for', async () => {
  engine.tells = holding('west', 'registry.k8s.io/pause:3.10', 'registry.k8s.io/coredns/coredns:v1.13.1')
  expect(await probeImages()).toEqual([coreDnsImage, 'registry.k8s.io/coredns/coredns:v1.13.1'])
})

test('the probe keeps to the image of CoreDNS when the nodes hold it among others', async () => {
  engine.tells = holding('east', 'registry.k8s.io/coredns/coredns:v1.13.1', coreDnsImage)
  expect(await probeImages()).toEqual([coreDnsImage, coreDnsImage])
})

describe('an API that turns the probe away', () => {
  const [cluster = made.clusters[0]] = made.clusters
  const deploy = (of = made) => deployProbe(world, of, cluster as Cluster, check)
  const tries = () => world.runner.matching(' apply ').map(({ outcome }) => outcome)

  test('is asked again as long as the input wait allows', async () => {
    const state = await world.runner.run(['kubectl', '--kubeconfig', '/tmp/run/east.kubeconfig', 'get nodes,'])
    const refused = fails('The connection to the server 127.0.0.1:40001 was refused')
    world.runner.on(kubectlOf('east', 'get nodes,'), inTurn(...Array<typeof refused>(60).fill(refused), state))
    world.runner.on(kubectlOf('east', 'apply'), inTurn(fails('etcdserver: leader changed'), fails('EOF'), ''))
    await deploy()
    expect(tries()).toEqual(['failed', 'failed', 'done'])
    expect(world.clock.sleeps).toEqual(Array(62).fill(1))
  })

  test('and goes on with it is told with its last words, when that time is over', async () => {
    world.runner.on(kubectlOf('east', 'apply'), fails('Error from server (ServiceUnavailable): not yet'))
    await expect(deploy({ ...made, waitSeconds: 20 })).rejects.toThrow(
      /^cluster east did not take the probe: kubectl .* apply .*\n {2}Error from server \(ServiceUnavailable\): not yet$/,
    )
    expect(tries()).toHaveLength(21)
  })

  test('for good is not asked again', async () => {
    world.runner.on(
      kubectlOf('east', 'apply'),
      fails('Error from server (Forbidden): daemonsets.apps is forbidden: no'),
    )
    await expect(deploy()).rejects.toThrow(
      /^cluster east did not take the probe: .*\n {2}Error from server \(Forbidden\)/,
    )
    expect([tries(), world.clock.sleeps]).toEqual([['failed'], []])
  })
})

describe('what checks that were killed left behind', () => {
  /** A cluster in which checks began so many seconds ago, by the clock of its kubelet. */
  const withProbes = (ages: Readonly<Record<string, number>>) => {
    const now = Date.parse('2030-01-01T12:00:00Z')
    const at = (ageSeconds: number) => new Date(now - ageSeconds * 1000).toISOString()
    engine.tells = (items) => [
      ...items.map((item) =>
        item.kind === 'Node'
          ? { ...item, status: { conditions: [{ lastHeartbeatTime: at(0), type: 'Ready' }] } }
          : item,
      ),
      ...Object.entries(ages).map(([id, age]) => ({
        kind: 'Service',
        metadata: {
          name: `kind-flat-network-probe-${id}`,
          labels: { 'app.kubernetes.io/name': 'kind-flat-network-probe', 'app.kubernetes.io/instance': id },
          creationTimestamp: at(age),
        },
        spec: {},
        status: {},
      })),
      {
        kind: 'Service',
        metadata: { name: 'other', labels: { 'app.kubernetes.io/instance': 'other' }, creationTimestamp: at(1e6) },
        spec: {},
        status: {},
      },
    ]
  }
  const deploy = async () => {
    for (const { name } of made.clusters) world.files.content.set(clusterKubeconfig(made, name), '')
    for (const cluster of made.clusters) await deployProbe(world, made, cluster, check)
    return world.runner
      .lines(' delete ')
      .map((line) => line.replace(/^kubectl --kubeconfig \S+\/(\w+)\.kubeconfig/, '$1'))
  }

  test('is removed by the next one, which does not wait for that and lets those alone that may be at work', async () => {
    withProbes({ aaaa0001: 30 * 60 + made.waitSeconds + 1, aaaa0002: 30 * 60, aaaa0003: 5, [check]: 0 })
    const removal =
      '--namespace=kube-system delete daemonsets.apps,services ' +
      '--selector=app.kubernetes.io/name=kind-flat-network-probe,app.kubernetes.io/instance=aaaa0001 ' +
      '--cascade=foreground --ignore-not-found --wait=false'
    expect(await deploy()).toEqual([`east ${removal}`, `west ${removal}`])
  })

  test('and cannot be removed is only a warning', async () => {
    withProbes({ aaaa0001: 1e6 })
    world.runner.on(' delete ', fails('Unable to connect to the server'))
    await deploy()
    expect(world.log.warnings).toEqual([
      expect.stringMatching(/^the probe was not removed from cluster east: /),
      expect.stringMatching(/^the probe was not removed from cluster west: /),
    ])
  })

  test('is left alone where no kubelet tells the time', async () => {
    const items = engine.tells
    withProbes({ aaaa0001: 1e6 })
    const tells = engine.tells
    engine.tells = (...of) => [...items(...of), ...tells(...of).filter(({ kind }) => kind === 'Service')]
    expect(await deploy()).toEqual([])
  })
})

const verifyThem = (...[from, of, its]: Parameters<typeof verifyPairs>) => verifyConnectivity(from, of, its, check)
const verifyPairs = async (from: World, of: RunRecord, its: readonly Node[]) => (await verifyThem(from, of, its)).pairs

describe('pairs', () => {
  test('asks every pair of nodes of different clusters, one exec for each node', async () => {
    const pairs = await verifyPairs(world, made, nodes)
    expect(pairs).toEqual(
      [pair(east, west), pair(eastWorker, west), pair(west, east), pair(west, eastWorker)].map((each) => ({
        ...each,
        latency: 0.8,
      })),
    )
    expect(world.runner.matching('docker exec').map(({ command }) => [command[2], ...command.slice(7)])).toEqual([
      ['east-control-plane', podOn(east), `${podOn(west)},0`, `${serviceIn('10.193.0.0/16')},15`],
      ['east-worker', podOn(eastWorker), `${podOn(west)},0`, `${serviceIn('10.193.0.0/16')},15`],
      [
        'west-control-plane',
        podOn(west),
        `${podOn(east)},0`,
        `${podOn(eastWorker)},0`,
        `${serviceIn('10.192.0.0/16')},15`,
      ],
    ])
  })

  test('first waits until the probe runs on every node of a cluster', async () => {
    const none = JSON.stringify({ items: [] })
    const [ready = ''] = await Promise.all([
      world.runner.run(['kubectl', '--kubeconfig', '/tmp/run/west.kubeconfig', 'get pods,services']),
    ])
    world.runner.on(kubectlOf('west', 'get pods'), inTurn(none, none, ready))
    world.runner.on(kubectlOf('west', 'wait pod'), fails('error: no matching resources found'))
    expect(await verifyPairs(world, made, nodes)).toHaveLength(4)
    expect(world.runner.lines(kubectlOf('west', 'wait pod'))).toHaveLength(3)
    expect(world.clock.sleeps).toHaveLength(2)
  })

  test('tells who cannot be reached', async () => {
    hears('west-control-plane', `${podOn(east)} - -`, `${podOn(eastWorker)} 400 ${answer(podOn(west))}`)
    const silent = (await verifyPairs(world, made, nodes)).filter(({ reachable }) => !reachable)
    expect(arrows(silent)).toEqual(['west-control-plane → east-control-plane'])
    expect(Object.keys(silent[0] ?? {})).toEqual(['from', 'to', 'family', 'joined', 'reachable', 'ownAddress'])
  })

  test('counts a target that is not spoken of as unreachable', async () => {
    hears('west-control-plane')
    const pairs = await verifyPairs(world, made, nodes)
    expect(arrows(pairs.filter(({ reachable }) => !reachable))).toEqual([
      'west-control-plane → east-control-plane',
      'west-control-plane → east-worker',
    ])
  })

  test('tells who is seen with an address that is not its own', async () => {
    engine.seenAs = (own) => (own === podOn(eastWorker) ? '172.18.0.3' : own)
    const masqueraded = (await verifyPairs(world, made, nodes)).filter(({ ownAddress }) => !ownAddress)
    expect(masqueraded).toEqual([pair(eastWorker, west, { source: '172.18.0.3', ownAddress: false, latency: 0.8 })])
  })

  const west1 = { kind: 'Pod', spec: { nodeName: 'west-control-plane' }, metadata: {} }
  const status = (is: string, ...podIPs: object[]) => ({ podIPs, conditions: [{ type: 'Ready', status: is }] })

  test.each<[string, object[]]>([
    ['has no probe', []],
    ['has a probe that is not ready', [{ ...west1, status: status('False', { ip: podOn(west) }) }]],
    ['has a probe that is only planned', [{ ...west1, status: {} }]],
    [
      'has only a probe on its way out',
      [
        {
          ...west1,
          metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
          status: status('True', { ip: podOn(west) }),
        },
      ],
    ],
  ])('names a node that %s, when the time is over', async (_, items) => {
    world.runner.on(kubectlOf('west', 'get pods'), JSON.stringify({ items }))
    world.runner.on(kubectlOf('west', 'wait pod'), fails('error: timed out waiting for the condition'))
    await expect(verifyPairs(world, made, nodes)).rejects.toThrow('the probe does not run on west-control-plane')
    expect(world.clock.sleeps.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(120)
    expect(world.runner.lines('docker exec')).toEqual([])
  })

  test('asks in every address family that both clusters have, and those that are apart', async () => {
    const mixed = record({
      clusters: '- {name: east, ip-family: dual}\n- {name: west, ip-family: dual}\n- {name: south, network: alone}',
    })
    engine.containers = []
    for (const { name, podSubnets, serviceSubnets } of mixed.clusters) {
      engine.add(name, ['control-plane'], mixed.run, podSubnets.join(), undefined, serviceSubnets.join())
    }
    const [one, other, apart] = runningNodes(mixed) as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
    hears('south-control-plane', `${podOn(one)} - -`, `${podOn(other)} 400 ${answer(podOn(apart))}`)
    engine.wiring.set('east-control-plane', `unreachable ${podOn(apart)}/32`)
    engine.wiring.set('west-control-plane', `unreachable ${podOn(apart)}/32`)
    const six = { family: 'ipv6', latency: 0.8 } as const
    const pairs = await verifyPairs(world, mixed, runningNodes(mixed))
    expect(pairs).toHaveLength(8)
    expect(pairs).toEqual(
      expect.arrayContaining([
        pair(one, other, { latency: 0.8 }),
        pair(one, other, six),
        pair(other, one, { latency: 0.8 }),
        pair(other, one, six),
        apartPair(one, apart),
        apartPair(other, apart),
        apartPair(apart, one),
        { ...pair(apart, other, { latency: 0.4 }), joined: false },
      ]),
    )
  })

  test('fails when a node cannot be asked', async () => {
    world.runner.on('docker exec east-worker bash', fails('no network namespace holds 10.128.1.10'))
    await expect(verifyPairs(world, made, nodes)).rejects.toThrow(/exec east-worker .*\n {2}no network namespace holds/)
  })

  test('is ended by a stop while nodes are asking', async () => {
    world.runner.on('docker exec', hang)
    const stop = new AbortController()
    const asking = verifyPairs({ ...world, runner: world.runner.until(stop.signal) }, made, nodes)
    while (world.runner.lines('docker exec').length < 3) await world.clock.sleep(0)
    stop.abort(new CancelledError('SIGINT'))
    await expect(asking).rejects.toThrow(new CancelledError('SIGINT'))
  })
})

describe('Services', () => {
  const [eastService, westService] = [serviceIn('10.192.0.0/16'), serviceIn('10.193.0.0/16')]
  const servicesOf = async (...of: Parameters<typeof verifyPairs>) => (await verifyThem(...of)).services

  test('of every other cluster are asked from each node', async () => {
    const common = { family: 'ipv4', joined: true, reachable: true, latency: 0.8 }
    expect(await servicesOf(world, made, nodes)).toEqual([
      { ...common, from: end(east), to: { cluster: 'west', address: westService } },
      { ...common, from: end(eastWorker), to: { cluster: 'west', address: westService } },
      { ...common, from: end(west), to: { cluster: 'east', address: eastService } },
    ])
  })

  test('are left alone where they are not routed', async () => {
    expect(await servicesOf(world, { ...made, routeServices: false }, nodes)).toBeUndefined()
    expect(world.runner.lines('docker exec').join()).not.toContain(westService)
  })

  test('that do not answer are told with both ends', async () => {
    hears('east-worker', `${podOn(west)} 400 ${answer(podOn(eastWorker))}`, `${westService} - -`)
    const connectivity = await verifyThem(world, made, nodes)
    expect(() => {
      requireFlat(connectivity, nodes, true)
    }).toThrow(
      new Error(
        'the network is not flat: 1 of 3 Services are not as they should be\n' +
          `  east-worker (pod 10.128.1.10) → a Service of cluster west (ClusterIP ${westService}): no answer`,
      ),
    )
  })

  test('of clusters that are apart must be silent', () => {
    const apart: ServicePair = {
      from: end(east),
      to: { cluster: 'west', address: westService },
      family: 'ipv4',
      joined: false,
      reachable: false,
    }
    requireFlat({ pairs: [], services: [apart] }, nodes, true)
    expect(() => {
      requireFlat({ pairs: [], services: [{ ...apart, reachable: true }] }, nodes, true)
    }).toThrow(/ClusterIP 10\.193\.0\.20\): reachable, although the clusters share no network$/)
  })
})

describe('requireFlat', () => {
  const silent: Pair = { ...pair(west, east), reachable: false, ownAddress: false }
  const masqueraded = pair(eastWorker, west, { source: '172.18.0.3', ownAddress: false })

  test('is content when every pair is as it should be', () => {
    requireFlat({ pairs: [pair(east, west), pair(west, east)] }, nodes, true)
    requireFlat({ pairs: [pair(east, west), masqueraded] }, nodes, false)
    requireFlat({}, nodes, true)
  })

  test('names both ends of every broken pair and what was seen', () => {
    expect(() => {
      requireFlat({ pairs: [pair(east, west), masqueraded, silent] }, nodes, true)
    }).toThrow(
      new Error(
        [
          'the network is not flat: 2 of 3 pairs of nodes are broken',
          '  east-worker (pod 10.128.1.10) → west-control-plane (pod 10.129.0.10): seen as 172.18.0.3 of east-worker, not as 10.128.1.10',
          '  west-control-plane (pod 10.129.0.10) → east-control-plane (pod 10.128.0.10): no answer',
        ].join('\n'),
      ),
    )
  })

  describe('tells no more than twenty of what is wrong', () => {
    const mute: ServicePair = {
      from: end(east),
      to: { cluster: 'west', address: '10.193.0.20' },
      family: 'ipv4',
      joined: true,
      reachable: false,
    }
    const told = (pairs: number, services: number) => {
      const wrong = { pairs: Array<Pair>(pairs).fill(silent), services: Array<ServicePair>(services).fill(mute) }
      try {
        requireFlat(wrong, nodes, true)
      } catch (error) {
        return (error as Error).message.split('\n').slice(1)
      }
      return []
    }

    test.each([
      [20, 0, 20, 0, undefined],
      [21, 0, 20, 0, '  … and 1 more'],
      [400, 30, 20, 0, '  … and 410 more'],
      [15, 30, 15, 5, '  … and 25 more'],
      [0, 21, 0, 20, '  … and 1 more'],
    ])('of %d pairs and %d Services', (pairs, services, pairsTold, servicesTold, more) => {
      const lines = told(pairs, services)
      expect(lines.filter((line) => line.includes(' → west') || line.includes(' → east'))).toHaveLength(pairsTold)
      expect(lines.filter((line) => line.includes('a Service of'))).toHaveLength(servicesTold)
      expect(lines.slice(pairsTold + servicesTold)).toEqual(more === undefined ? [] : [more])
    })
  })
})

test('a pair with equal addresses is broken, whatever it was answered: each asked itself', () => {
  const same = end(east).address
  const fooled = { ...pair(east, west), to: { ...end(west), address: same }, source: same }
  expect(() => {
    requireFlat({ pairs: [fooled] }, nodes, false)
  }).toThrow(
    `  east-control-plane (pod ${same}) → west-control-plane (pod ${same}): both pods have the same address, so one of them cannot be reached`,
  )
})

test('a pair that is apart is broken when it answers, and sound when it does not', () => {
  const leak: Pair = { ...apartPair(east, west), reachable: true, source: end(east).address }
  requireFlat({ pairs: [apartPair(east, west)] }, nodes, true)
  expect(() => {
    requireFlat({ pairs: [apartPair(west, east), leak] }, nodes, true)
  }).toThrow(
    new Error(
      'the network is not flat: 1 of 2 pairs of nodes are broken\n' +
        '  east-control-plane (pod 10.128.0.10) → west-control-plane (pod 10.129.0.10): reachable, although the clusters share no network',
    ),
  )
})

describe('removeProbes', () => {
  beforeEach(() => {
    for (const { name } of made.clusters) world.files.content.set(clusterKubeconfig(made, name), '')
  })

  test('passes over clusters that were never created', async () => {
    world.files.content.delete(clusterKubeconfig(made, 'east'))
    await removeProbes(world, made, check)
    expect(world.runner.lines(' delete ')).toEqual([expect.stringContaining('west.kubeconfig')])
    expect(world.log.warnings).toEqual([])
  })

  const removal = (cluster: string, label: string) =>
    `kubectl --kubeconfig /tmp/run/${cluster}.kubeconfig --namespace=kube-system delete daemonsets.apps,services ` +
    `--selector=app.kubernetes.io/name=kind-flat-network-probe,${label} --cascade=foreground --ignore-not-found --timeout=60s`

  test("removes the objects of that check from every cluster, and no other check's", async () => {
    await removeProbes(world, made, check)
    const own = `app.kubernetes.io/instance=${check}`
    expect(world.runner.lines(' delete ')).toEqual([removal('east', own), removal('west', own)])
    expect(world.log.warnings).toEqual([])
  })

  test('removes those of all checks of a run that goes', async () => {
    await removeAllProbes(world, made)
    const own = `kind-flat-network.run=${made.run}`
    expect(world.runner.lines(' delete ')).toEqual([removal('east', own), removal('west', own)])
  })

  test('only warns when it fails, and still removes the others', async () => {
    world.runner.on(kubectlOf('east', 'delete'), fails('Unable to connect to the server'))
    await removeProbes(world, made, check)
    expect(world.log.warnings).toEqual([
      expect.stringMatching(
        /^the probe was not removed from cluster east: kubectl .*: exit code 1\n {2}Unable to connect to the server$/,
      ),
    ])
    expect(world.runner.matching(' delete ').map(({ outcome }) => outcome)).toEqual(['failed', 'done'])
  })

  test.each([
    ['gone', '--timeout=60s', 90],
    ['on its way', '--wait=false', 15],
  ] as const)('until they are %s takes no longer than %s and %d s', async (until, word, timeoutSeconds) => {
    await removeProbes(world, made, check, until)
    const calls = world.runner.matching(' delete ')
    expect(calls.map(({ command, options }) => [command.at(-1), options.timeoutSeconds])).toEqual([
      [word, timeoutSeconds],
      [word, timeoutSeconds],
    ])
  })

  test('is ended by a stop, which is no warning', async () => {
    world.runner.on(' delete ', hang)
    const stop = new AbortController()
    const removing = removeProbes({ ...world, runner: world.runner.until(stop.signal) }, made, check)
    while (world.runner.lines(' delete ').length < 2) await world.clock.sleep(0)
    stop.abort(new CancelledError('SIGINT'))
    await expect(removing).rejects.toThrow(new CancelledError('SIGINT'))
    expect(world.log.warnings).toEqual([])
  })
})
