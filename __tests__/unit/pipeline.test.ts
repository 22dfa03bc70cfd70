import { beforeEach, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { CancelledError, InputError } from '../../src/errors.js'
import { down, plan, repair, runsOnEngine, up, verify } from '../../src/pipeline.js'
import type { GivenInputs } from '../../src/plan/inputs.js'
import type { RunRecord } from '../../src/plan/run-record.js'
import { clusters, directory, pair, record, run, runningNodes } from '../fakes/build.js'
import { FakeEngine, kubectlOf } from '../fakes/engine.js'
import { fails, hang, inTurn, type Matcher } from '../fakes/recording-runner.js'
import { fakeWorld, RecordingStore, type FakeWorld } from '../fakes/world.js'

const given: GivenInputs = { clusters: clusters(['east', 1, 1], ['west', 1, 0]) }
const never = new AbortController().signal

let world: FakeWorld
let engine: FakeEngine
let store: RecordingStore

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
  store = new RecordingStore(world.runner)
})

const upWith = (inputs: GivenInputs = given, signal = never) => up(world, inputs, { id: run, directory, store }, signal)

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => new Error('nothing failed'),
    (error: unknown) => error as Error,
  )

/** Commands that change something. */
const changing =
  /^kind create|network (create|rm)|volume (create|rm)|docker (rm|exec)|^kubectl .* (apply|delete|patch) /
const deletes = /^kubectl .* delete /
const wires = /^docker exec .*kind-flat-network\/wiring/s
const network = `kind-flat-network-${run}`

/** What is left of a run on the engine and on disk. */
const left = () => ({
  containers: engine.containers.map(({ name }) => name),
  networks: engine.networks.map(({ name }) => name),
  volumes: engine.volumes.map(({ name }) => name),
  files: [...world.files.content.keys(), ...world.files.directories],
})
const nothing = { containers: [], networks: ['bridge'], volumes: [], files: [] }

describe('plan', () => {
  test('decides everything and changes nothing', async () => {
    const { plan: decided } = await plan(world, given, run)
    expect(decided.clusters.map(({ name, podSubnets }) => [name, podSubnets.join()])).toEqual([
      ['east', '10.128.0.0/16'],
      ['west', '10.129.0.0/16'],
    ])
    expect(world.runner.lines(changing)).toEqual([])
    expect([store.saved, left()]).toEqual([[], nothing])
  })

  test('reads clusters from a file and looks whether the kubeconfig exists', async () => {
    world.files.content.set('ci/clusters.yaml', '- south')
    expect((await plan(world, { clusters: 'ci/clusters.yaml' }, run)).plan.clusters[0]?.name).toBe('south')
    const taken = plan(world, { clusters: 'ci/clusters.yaml', kubeconfig: 'ci/clusters.yaml' }, run)
    await expect(taken).rejects.toThrow(/^kubeconfig: "ci\/clusters.yaml" exists already/)
  })

  test('tells all that is wrong with files, inputs and machine at once', async () => {
    engine.add('east', ['control-plane'], undefined)
    const inputs = { clusters: '- east', config: 'none.yaml', wait: 'long', kubeconfig: '/nowhere/config' }
    expect((await failureOf(plan(world, inputs, run))).message.split('\n').map((line) => line.split(':')[0])).toEqual([
      'config',
      'wait',
      'clusters[0].name',
      'kubeconfig',
    ])
  })

  test.each<[string, GivenInputs, RegExp]>([
    ['what is wrong with the inputs, when there is anything', { wait: 'long' }, /^wait: "long" is no duration/],
    ['that the engine does not answer, when the inputs are fine', {}, /Cannot connect to the Docker daemon/],
  ])('without an engine tells %s', async (_, inputs, message) => {
    world.runner.on('docker info', fails('Cannot connect to the Docker daemon'))
    expect((await failureOf(plan(world, inputs, run))).message).toMatch(message)
  })
})

describe('up', () => {
  test('makes the clusters, joins them, proves it and returns what there is', async () => {
    const flat = await upWith()
    const made = record(given)
    const nodes = runningNodes(made, 3)
    const [east, eastWorker, west] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
    expect(flat).toEqual({
      record: made,
      nodes,
      pairs: [
        [east, west],
        [eastWorker, west],
        [west, east],
        [west, eastWorker],
      ].map(([from = east, to = east]) => pair(from, to, { latency: 0.8 })),
    })
    expect(world.log.infos).toContain("4/4 pod pairs reachable, 4/4 with the pod's own address")
    expect(world.log.warnings).toEqual([])
  })

  test('tells what may go wrong on this machine, once, and goes on', async () => {
    world.files.content.set('/proc/sys/fs/inotify/max_user_instances', '10\n')
    const flat = await upWith()
    expect(world.log.warnings).toEqual([expect.stringMatching(/^3 nodes take about 60 inotify instances, .* have 10:/)])
    expect(flat.nodes).toHaveLength(3)
  })

  test('goes through its phases in order', async () => {
    await upWith()
    expect(world.log.phases).toEqual([
      'Plan',
      'Docker network',
      'Create 2 clusters',
      'Connect',
      'Verify',
      'Wait for CoreDNS',
    ])
    const firsts = [
      'kind version',
      'docker info',
      'volume create',
      'network create',
      'kind create',
      ' wait node',
      '/etc/kind-flat-network/wiring',
      'get pods',
      'nsenter',
      // at the same time: CoreDNS needs nothing of the probe
      'wait deployment/coredns',
      ' delete daemonset',
    ].map((matcher) => world.runner.calls.findIndex(({ line }) => line.includes(matcher)))
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b))
    expect(firsts).not.toContain(-1)
  })

  test('writes the run down before its first side effect, and as complete after its last', async () => {
    await upWith()
    expect(store.saved[0]?.commandsBefore.filter((line) => changing.test(line))).toEqual([])
    expect(store.saved.map(({ record: { complete } }) => complete)).toEqual([false, false, false, true])
    expect(store.saved.at(-1)?.commandsBefore).toEqual(world.runner.lines())
    expect(store.saved[0]?.record).toEqual(record(given))
  })

  test('removes its probe again and leaves clusters, network and kubeconfigs', async () => {
    await upWith()
    expect(world.runner.lines(deletes)).toHaveLength(2)
    expect(left()).toEqual({
      containers: ['east-control-plane', 'east-worker', 'west-control-plane'],
      networks: ['bridge', network],
      volumes: [network],
      files: ['east.kubeconfig', 'west.kubeconfig', 'kubeconfig']
        .map((file) => `${directory}/${file}`)
        .concat(directory),
    })
    const merged = parse(world.files.content.get(`${directory}/kubeconfig`) ?? '') as { contexts: { name: string }[] }
    expect(merged.contexts.map(({ name }) => name)).toEqual(['kind-east', 'kind-west'])
  })

  test.each<[string, GivenInputs]>([
    ['it is told not to', { ...given, verify: 'false' }],
    ['there is a single cluster', { clusters: '1' }],
  ])('proves nothing when %s', async (_, inputs) => {
    const flat = await upWith(inputs)
    expect(flat).not.toHaveProperty('pairs')
    expect(world.runner.lines(/^kubectl .*probe|nsenter/)).toEqual([])
    expect(world.log.phases).not.toContain('Verify')
  })

  test('wires nothing when there is a single cluster', async () => {
    await upWith({ clusters: '1' })
    expect(world.runner.lines(/docker exec/)).toEqual([])
  })

  test('minds no masquerade when the source is not to be preserved', async () => {
    engine.seenAs = () => '172.18.0.3'
    const flat = await upWith({ ...given, 'preserve-source-ip': 'false' })
    expect(flat.pairs?.map(({ ownAddress }) => ownAddress)).toEqual([false, false, false, false])
  })

  describe('on a network it makes itself', () => {
    test('decides again when Docker chose a subnet that overlaps the plan', async () => {
      engine.nextSubnet = '10.128.0.0/12'
      const flat = await upWith()
      expect(flat.record.clusters.map(({ podSubnets }) => podSubnets[0])).toEqual(['10.144.0.0/16', '10.145.0.0/16'])
      expect(store.saved.map(({ record: { clusters } }) => clusters[0]?.podSubnets[0])).toEqual([
        '10.128.0.0/16',
        '10.128.0.0/16',
        '10.144.0.0/16',
        '10.144.0.0/16',
      ])
      const inputs = world.runner.matching('kind create').map(({ options }) => options.input)
      expect(inputs).toEqual([expect.stringContaining('10.144.0.0/16'), expect.stringContaining('10.145.0.0/16')])
    })

    test('refuses a given subnet that overlaps it, and removes it', async () => {
      engine.nextSubnet = '10.7.0.0/16'
      const failure = await failureOf(upWith({ clusters: '- {name: east, pod-subnet: 10.7.0.0/16}' }))
      expect(failure).toBeInstanceOf(InputError)
      expect(failure.message).toMatch(/^clusters\[0\]\.pod-subnet: "10\.7\.0\.0\/16" overlaps the Docker network kind/)
      expect(left()).toEqual(nothing)
    })
  })

  describe('when nothing was made yet', () => {
    test.each<[string, () => void, GivenInputs, RegExp]>([
      ['an input is wrong', () => undefined, { workers: 'x' }, /^workers: "x" is no number of nodes/],
      [
        'a tool is missing',
        () => world.runner.on('kind version', fails('', 'no such program')),
        given,
        /^kind is needed/,
      ],
      ['the engine is silent', () => world.runner.on('docker info', fails('Cannot connect')), given, /Cannot connect/],
    ])('removes nothing and writes nothing down when %s', async (_, breakIt, inputs, message) => {
      breakIt()
      expect((await failureOf(upWith(inputs))).message).toMatch(message)
      expect([store.saved, world.runner.lines(changing), world.processes.looks]).toEqual([[], [], 0])
    })
  })

  describe('when something fails', () => {
    const phases: [string, () => void, RegExp][] = [
      [
        'the network',
        () => world.runner.on('network create', fails('permission denied')),
        /^docker network create .*permission denied$/s,
      ],
      [
        'a creation',
        () => world.runner.on('--name west', fails('ERROR: failed to create cluster: no space left')),
        /^cluster west was not created: no space left\n/,
      ],
      ['readiness', () => (engine.tells = () => []), /^cluster \w+ was not ready within 300 s/],
      [
        'the probe',
        () => world.runner.on(kubectlOf('west', 'apply'), fails('the server could not find the requested resource')),
        /^cluster west did not take the probe: .*could not find/s,
      ],
      ['the kubeconfig', () => (world.files.writePrivate = () => Promise.reject(new Error('ENOSPC'))), /^ENOSPC$/],
      [
        'the wiring',
        () => world.runner.on(/exec east-worker .*kind-flat-network\/wiring/s, fails('RTNETLINK answers: File exists')),
        /^node east-worker was not wired: /,
      ],
      [
        'the rollout of the probe',
        () => world.runner.on(kubectlOf('east', 'get pods'), fails('timed out')),
        /^kubectl .* get pods .*timed out$/s,
      ],
      [
        'the proof',
        () => (engine.seenAs = () => '172.18.0.1'),
        /^the network is not flat: 4 of 4 pairs of nodes are broken\n/,
      ],
    ]

    test.each(phases)('in %s, everything is removed and that failure is thrown', async (_, breakIt, message) => {
      breakIt()
      expect((await failureOf(upWith())).message).toMatch(message)
      expect(left()).toEqual(nothing)
      expect(store.saved.map(({ record: { complete } }) => complete)).not.toContain(true)
    })

    test.each(phases)('in %s, a removal that fails too is only a warning', async (_, breakIt, message) => {
      breakIt()
      // the machine is looked at twice before
      world.runner.on(/docker ps .*--quiet/, inTurn('', '', fails('Cannot connect to the Docker daemon')))
      expect((await failureOf(upWith())).message).toMatch(message)
      expect(world.log.warnings.at(-1)).toMatch(/^not everything was removed:\n.*docker ps .*Cannot connect/s)
      expect(left().files).toEqual([])
    })

    test('the very error is thrown, not another with its text', async () => {
      const error = new Error('disk full')
      world.files.makePrivateDirectory = () => Promise.reject(error)
      expect(await failureOf(upWith())).toBe(error)
      expect(left()).toEqual(nothing)
    })

    test('a run that cannot be written down has made nothing', async () => {
      store.save = () => Promise.reject(new Error('no state file'))
      expect((await failureOf(upWith())).message).toBe('no state file')
      expect(world.runner.lines(changing)).toEqual([])
    })

    test('clusters and networks of others stay', async () => {
      engine.add('theirs', ['control-plane'], 'another1')
      engine.networks.push({ id: 'k1', name: 'kind', subnets: ['172.18.0.0/16'] })
      world.runner.on('--name west', fails('ERROR: no'))
      await failureOf(upWith())
      expect(left()).toEqual({ ...nothing, containers: ['theirs-control-plane'], networks: ['bridge', 'kind'] })
    })

    test('everything but the probe is left in place when cleanup is off, and how to remove it is told', async () => {
      engine.seenAs = () => '172.18.0.1'
      await failureOf(upWith({ ...given, cleanup: 'false' }))
      expect(left()).toMatchObject({
        containers: ['east-control-plane', 'east-worker', 'west-control-plane'],
        networks: ['bridge', network],
        volumes: [network],
      })
      expect(world.files.content.has(`${directory}/kubeconfig`)).toBe(true)
      expect(world.runner.lines(/docker (rm|network rm)/)).toEqual([])
      expect(world.runner.lines(kubectlOf('east', 'delete')).length).toBeGreaterThan(0)
      expect(world.log.infos.at(-1)).toContain('kind delete cluster --name east')
    })
  })

  describe('when it is stopped', () => {
    test.each<[string, Matcher]>([
      ['Docker makes the network', 'network create'],
      ['kind creates', 'kind create'],
      ['clusters get ready', ' wait node'],
      ['nodes are wired', wires],
      ['the engine is locked', 'volume create'],
      ['the probe is waited for', 'get pods'],
      ['CoreDNS is waited for', 'wait deployment/coredns'],
      ['pods ask each other', /exec .*nsenter/s],
    ])('while %s, everything is removed by commands that are not stopped', async (_, matcher) => {
      const stop = new AbortController()
      const reason = new CancelledError('SIGTERM')
      world.runner.on(matcher, () => {
        setImmediate(() => {
          stop.abort(reason)
        })
        return hang
      })
      expect(await failureOf(upWith(given, stop.signal))).toBe(reason)
      expect(left()).toEqual(nothing)
      expect(world.runner.calls.map(({ outcome }) => outcome)).not.toContain('running')
      expect(world.processes.looks).toBe(1)
    })

    test('before it begins, it runs nothing', async () => {
      const reason = new CancelledError('SIGINT')
      expect(await failureOf(upWith(given, AbortSignal.abort(reason)))).toBe(reason)
      expect([world.runner.calls, store.saved]).toEqual([[], []])
    })
  })
})

describe('verify', () => {
  beforeEach(async () => {
    await upWith()
    world.runner.calls.length = 0
  })

  const again = (signal = never) => verify(world, record(given), signal)

  test('proves a network once more: probe in, every pair, probe out', async () => {
    const flat = await again()
    expect(flat.pairs?.map(({ ownAddress }) => ownAddress)).toEqual([true, true, true, true])
    expect(world.runner.lines(' apply ')).toHaveLength(2)
    expect(world.runner.lines().at(-1)).toMatch(deletes)
    expect(left().containers).toHaveLength(3)
  })

  test('returns what it saw also when the network is not flat any more', async () => {
    engine.seenAs = () => '172.18.0.1'
    expect((await again()).pairs?.map(({ source }) => source)).toEqual(Array(4).fill('172.18.0.1'))
  })

  test('takes the probe out when it fails or is stopped', async () => {
    world.runner.on(kubectlOf('east', 'get pods'), fails('timed out'))
    expect((await failureOf(again())).message).toMatch(/timed out$/)
    expect(world.runner.lines(deletes)).toHaveLength(2)

    const stop = new AbortController()
    world.runner.on(kubectlOf('east', 'get pods'), () => {
      stop.abort(new CancelledError('SIGINT'))
      return hang
    })
    expect(await failureOf(again(stop.signal))).toEqual(new CancelledError('SIGINT'))
    expect(world.runner.lines(deletes)).toHaveLength(4)
  })

  test('says what is missing when a cluster is not what it was', async () => {
    engine.tells = (items) => items.filter(({ metadata }) => metadata.name !== 'east-worker')
    expect((await failureOf(again())).message).toBe('cluster east is not ready:\n  node east-worker has not joined')
  })
})

test('two runs that begin at once with the same inputs take different names and subnets', async () => {
  const other = 'cafe0001'
  const inputs = { clusters: '2' }
  const [one, two] = await Promise.all([
    upWith(inputs),
    up(world, inputs, { id: other, directory: '/tmp/other', store: new RecordingStore(world.runner) }, never),
  ])
  const taken = [one, two].flatMap(({ record: { dockerNetwork, clusters } }) => [
    dockerNetwork,
    ...clusters.flatMap(({ name, podSubnets, serviceSubnets }) => [name, ...podSubnets, ...serviceSubnets]),
  ])
  expect([taken.length, new Set(taken).size]).toEqual([14, 14])
  expect(engine.volumes.map(({ name }) => name).sort()).toEqual([`kind-flat-network-${other}`, network])
})

describe('repair', () => {
  let made: RunRecord

  beforeEach(async () => {
    made = (await upWith()).record
    world.runner.calls.length = 0
    world.log.infos.length = 0
  })

  const mend = (signal = never) => repair(world, made, store, signal)

  test('changes nothing where nothing is amiss, says so and proves it', async () => {
    const { changes, pairs = [], record: found } = await mend()
    expect([changes, pairs.length, found]).toEqual([[], 4, made])
    expect(world.log.infos).toContain('nothing to repair')
    expect(world.log.phases.slice(-3)).toEqual(['Find the nodes', 'Repair', 'Verify'])
  })

  test('gives back what a restart took, tells it, and changes nothing the second time', async () => {
    engine.wiring.delete('west-control-plane')
    const { changes } = await mend()
    expect(changes.map(({ node }) => node)).toEqual(['west-control-plane'])
    expect(world.log.infos).toContain('west-control-plane: route 10.128.0.0/24 via 172.18.0.3 added')
    expect((await mend()).changes).toEqual([])
  })

  test('follows an address that changed, and writes down the nodes that there are', async () => {
    engine.containers = engine.containers
      .filter(({ name }) => name !== 'east-worker')
      .map((each) => (each.cluster === 'west' ? { ...each, addresses: ['172.18.0.77'] } : each))
    const { changes, record: found } = await mend()
    expect(changes.find(({ node }) => node === 'east-control-plane')?.changes).toContain(
      'route 10.129.0.0/24 via 172.18.0.77 added',
    )
    expect(found.clusters.map(({ nodes }) => nodes.length)).toEqual([1, 1])
    expect(store.saved.at(-1)?.record).toEqual(found)
  })
})

describe('down', () => {
  test('removes what up made', async () => {
    const { record: made } = await upWith()
    await down(world, { ...made, complete: true })
    expect(left()).toEqual(nothing)
    expect(world.log.phases.at(-1)).toBe('Remove')
  })
})

test('runsOnEngine finds the run while anything of it is there', async () => {
  const { record: made } = await upWith()
  expect(await runsOnEngine(world)).toEqual([run])
  engine.containers = []
  expect(await runsOnEngine(world)).toEqual([run])
  await down(world, made)
  expect(await runsOnEngine(world)).toEqual([])
})
