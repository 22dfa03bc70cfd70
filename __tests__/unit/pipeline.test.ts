import { beforeEach, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { CancelledError, InputError } from '../../src/errors.js'
import { manifestAddress } from '../../src/commands/metallb.js'
import { down, plan, repair, runsOnEngine, saveImagesForNextRun, up, verify } from '../../src/pipeline.js'
import { cachedImageName, imageCacheKey } from '../../src/plan/image-cache.js'
import type { GivenInputs } from '../../src/plan/inputs.js'
import { metallbRelease } from '../../src/plan/releases.js'
import type { RunRecord } from '../../src/plan/run-record.js'
import { outputsOf } from '../../src/report/flat-network.js'
import { clusters, directory, end, howToRemove, nodeImage, pair, record, run, runningNodes } from '../fakes/build.js'
import { FakeEngine, kubectlOf } from '../fakes/engine.js'
import { fails, hang, inTurn, type Matcher } from '../fakes/recording-runner.js'
import { fakeWorld, RecordingStore, type FakeWorld } from '../fakes/world.js'

const given: GivenInputs = { clusters: clusters(['east', 1, 1], ['west', 1, 0]) }
const never = new AbortController().signal
const metallb: GivenInputs = { ...given, 'load-balancer': 'metallb' }
const manifest = 'the manifest of MetalLB'

let world: FakeWorld
let engine: FakeEngine
let store: RecordingStore

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
  store = new RecordingStore(world.runner)
  world.downloads.texts.set(manifestAddress(metallbRelease), manifest)
})

const upWith = (inputs: GivenInputs = given, signal = never) =>
  up(world, inputs, { id: run, directory, store, howToRemove }, signal)

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => new Error('nothing failed'),
    (error: unknown) => error as Error,
  )

/** Places of the calls that match, in the order they began. */
const places = (matcher: Matcher) => {
  const found = world.runner.matching(matcher).map((call) => world.runner.calls.indexOf(call))
  expect(found).not.toEqual([])
  return found
}

/** Commands that change something. */
const changing =
  /^kind create|network (create|rm)|volume (create|rm)|docker (rm|exec)|^kubectl .* (apply|delete|patch) /
const deletes = /^kubectl .* delete /
const wires = /^docker exec .*kind-flat-network\/wiring/s
const network = `kind-flat-network-${run}`

/** What is left of a run on the engine and on disk. */
const left = () => ({
  containers: [...engine.containers, ...engine.runContainers].map(({ name }) => name),
  networks: engine.networks.map(({ name }) => name),
  volumes: engine.volumes.map(({ name }) => name),
  files: [...world.files.content.keys()].filter((path) => !path.startsWith('/cache/')),
  directory: [...world.files.directories].some((path) => path.startsWith(directory)),
  staged: [...world.imageCache.staging],
})
const nothing = { containers: [], networks: ['bridge'], volumes: [], files: [], directory: false, staged: [] }

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
    ['that the engine does not answer, when the inputs are fine', {}, /nobody listens; start it with/],
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
      record: {
        ...made,
        complete: true,
        clusters: made.clusters.map((cluster, index) => ({
          ...cluster,
          loadBalancerSubnets: [`172.18.${String(254 - index)}.0/24`],
        })),
      },
      nodes,
      nodeImages: [{ reference: nodeImage, name: nodeImage, from: 'engine', seconds: 0 }],
      pairs: [
        [east, west],
        [eastWorker, west],
        [west, east],
        [west, eastWorker],
      ].map(([from = east, to = east]) => pair(from, to, { latency: 0.8 })),
      services: (
        [
          [east, 'west', '10.193.0.20'],
          [eastWorker, 'west', '10.193.0.20'],
          [west, 'east', '10.192.0.20'],
        ] as const
      ).map(([from, cluster, address]) => ({
        from: end(from),
        to: { cluster, address },
        family: 'ipv4',
        joined: true,
        reachable: true,
        latency: 0.8,
      })),
    })
    expect(world.log.infos).toContain("4/4 pod pairs reachable, 4/4 with the pod's own address, 3/3 Services answer")
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
      'Images',
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
    expect(store.saved.map(({ record: { complete } }) => complete)).toEqual([false, false, false, false, true])
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
      files: [
        'east.kubeconfig',
        'west.kubeconfig',
        'east.internal.kubeconfig',
        'west.internal.kubeconfig',
        'kubeconfig',
      ].map((file) => `${directory}/${file}`),
      directory: true,
      staged: [],
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
        '10.144.0.0/16',
      ])
      const inputs = world.runner.matching('kind create').map(({ options }) => options.input)
      expect(inputs).toEqual([expect.stringContaining('10.144.0.0/16'), expect.stringContaining('10.145.0.0/16')])
    })

    test('decides again also when somebody else was faster', async () => {
      world.runner.on('network create', () => {
        engine.networks.push({ id: 'x1', name: network, subnets: ['10.128.0.0/12'] })
        return fails(`network with name ${network} already exists`)
      })
      const flat = await upWith()
      expect(flat.record.clusters.map(({ podSubnets }) => podSubnets[0])).toEqual(['10.144.0.0/16', '10.145.0.0/16'])
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
      ['an input is wrong', () => undefined, { workers: 'x' }, /^workers: "x" is not a number of nodes/],
      [
        'docker is missing',
        () => world.runner.on('docker --version', fails('', 'no such program')),
        given,
        /^docker is needed/,
      ],
      [
        'an image to be loaded is nowhere',
        () => undefined,
        { images: 'ap:1' },
        /^images: "ap:1" is neither a file nor/,
      ],
      ['the engine is silent', () => world.runner.on('docker info', fails('Cannot connect')), given, /Cannot connect/],
    ])('removes nothing and writes nothing down when %s', async (_, breakIt, inputs, message) => {
      breakIt()
      expect((await failureOf(upWith(inputs))).message).toMatch(message)
      expect([store.saved, world.runner.lines(changing), world.processes.looks]).toEqual([[], [], 0])
    })
  })

  describe('when something fails', () => {
    const table: [string, () => void, RegExp, GivenInputs?][] = [
      [
        'the network',
        () => world.runner.on('network create', fails('permission denied')),
        /^docker network create .*permission denied$/s,
      ],
      [
        'a node image',
        () => {
          engine.images.names.clear()
          world.runner.on('docker pull', fails('manifest unknown'))
        },
        /^the node image kindest\/node:\S+ cannot be pulled: manifest unknown/,
      ],
      [
        'the manifest of MetalLB',
        () => {
          world.downloads.texts.clear()
        },
        /metallb-native\.yaml: 404 Not Found/,
        metallb,
      ],
      [
        'the registry',
        () => world.runner.on('docker run', fails('Unable to find image')),
        /^no registry could be started from /,
        { ...given, registry: 'true' },
      ],
      [
        'what a node learns of the registry',
        () => world.runner.on(/exec east-worker .*certs\.d/s, fails('curl: (28)')),
        /^node east-worker does not reach the registry: /,
        { ...given, registry: 'true' },
      ],
      [
        'the load of an image',
        () => {
          engine.images.names.add('app:1')
          world.runner.on('--interactive east-worker', fails('ctr: no space left on device'))
        },
        /^node east-worker did not get docker\.io\/library\/app:1: /,
        { ...given, images: 'app:1' },
      ],
      [
        'the pool of a load balancer',
        () => world.runner.on(kubectlOf('west', 'rollout'), fails('timed out')),
        /^cluster west: MetalLB was not ready within 300 s/,
        metallb,
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
        /^kubectl .* get pods,services .*timed out$/s,
      ],
      [
        'the proof',
        () => (engine.seenAs = () => '172.18.0.1'),
        /^the network is not flat: 4 of 4 pairs of nodes are broken\n/,
      ],
    ]

    const phases = table.map(([what, breakIt, message, inputs = given]) => [what, breakIt, message, inputs] as const)

    test.each(phases)(
      'in %s, everything is removed and that failure is thrown',
      async (_, breakIt, message, inputs) => {
        breakIt()
        expect((await failureOf(upWith(inputs))).message).toMatch(message)
        expect(left()).toEqual(nothing)
        expect(store.saved.map(({ record: { complete } }) => complete)).not.toContain(true)
      },
    )

    test.each(phases)('in %s, a removal that fails too is only a warning', async (_, breakIt, message, inputs) => {
      breakIt()
      // the machine is looked at twice before
      world.runner.on(/docker ps .*--quiet/, inTurn('', '', fails('Cannot connect to the Docker daemon')))
      expect((await failureOf(upWith(inputs))).message).toMatch(message)
      expect(world.log.warnings.at(-1)).toMatch(/^not everything was removed:\n.*docker ps .*Cannot connect/s)
      expect(world.log.infos.at(-1)).toBe(howToRemove({ run }))
      // with its files the run can be removed later
      expect(world.files.removed).toEqual([])
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
      expect(world.log.infos.at(-1)).toBe(howToRemove({ run }))
    })
  })

  describe('when it is stopped', () => {
    const moments: [string, Matcher, GivenInputs?][] = [
      ['a node image is pulled', 'docker pull', { ...given, 'node-image': 'mine/node:1' }],
      ['the registry starts', 'docker run', { ...given, registry: 'true' }],
      ['images are loaded', /--interactive east-worker/, { ...given, images: 'app:1' }],
      ['load balancers are waited for', 'rollout status daemonset/speaker', metallb],
      ['Docker makes the network', 'network create'],
      ['kind creates', 'kind create'],
      ['clusters get ready', ' wait node'],
      ['nodes are wired', wires],
      ['the engine is locked', 'volume create'],
      ['the probe is waited for', 'get pods'],
      ['CoreDNS is waited for', 'wait deployment/coredns'],
      ['its probe is removed', deletes],
      ['pods ask each other', /exec .*nsenter/s],
    ]

    test.each(moments.map(([when, matcher, inputs = given]) => [when, matcher, inputs] as const))(
      'while %s, everything is removed by commands that are not stopped',
      async (_, matcher, inputs) => {
        engine.images.names.add('app:1')
        const stop = new AbortController()
        const reason = new CancelledError('SIGTERM')
        world.runner.on(matcher, () => {
          setImmediate(() => {
            stop.abort(reason)
          })
          return hang
        })
        expect(await failureOf(upWith(inputs, stop.signal))).toBe(reason)
        expect(left()).toEqual(nothing)
        expect(world.runner.calls.map(({ outcome }) => outcome)).not.toContain('running')
        expect(world.processes.looks).toBe(1)
      },
    )

    test('and nothing is left that it ends, it is stopped all the same', async () => {
      const stop = new AbortController()
      const reason = new CancelledError('SIGINT')
      const save = store.save.bind(store)
      store.save = (saved) => {
        if (saved.complete) stop.abort(reason)
        return save(saved)
      }
      expect(await failureOf(upWith(given, stop.signal))).toBe(reason)
      expect(left()).toEqual(nothing)
    })

    test('and shall leave what there is, it waits for no cluster to give back its probe', async () => {
      const stop = new AbortController()
      world.runner.on('get pods', () => {
        stop.abort(new CancelledError('SIGINT'))
        return hang
      })
      await failureOf(upWith({ ...given, cleanup: 'false' }, stop.signal))
      expect(world.runner.lines(deletes)).toEqual(Array(2).fill(expect.stringMatching(/ --wait=false$/)))
    })

    test('before it begins, it runs nothing', async () => {
      const reason = new CancelledError('SIGINT')
      expect(await failureOf(upWith(given, AbortSignal.abort(reason)))).toBe(reason)
      expect([world.runner.calls, store.saved]).toEqual([[], []])
    })
  })
})

describe('tools that the machine does not have', () => {
  const address = 'https://github.com/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-amd64'
  const inputs = { ...given, 'kind-version': '0.33.0' }

  beforeEach(() => {
    world.runner.on(/^kind version/, fails('', 'no such program'))
  })

  test('are there before anything is made, and the run is written down before them', async () => {
    world.downloads.texts.set(address, 'a program')
    let before: readonly string[] = []
    const { addToPath } = world.tools
    world.tools.addToPath = (program) => {
      before = world.runner.lines()
      addToPath.call(world.tools, program)
    }
    await upWith(inputs)
    expect(world.tools.onPath).toEqual(['/tools/kind/0.33.0/kind'])
    expect(before.at(-1)).toBe('/tools/kind/0.33.0/kind version --quiet')
    expect(before.filter((line) => changing.test(line))).toEqual([])
    expect(before.length).toBeGreaterThan(store.saved[0]?.commandsBefore.length ?? Infinity)
    expect(world.log.phases.slice(0, 3)).toEqual(['Plan', 'Tools', 'Docker network'])
  })

  test('and cannot be had leave nothing but a failure', async () => {
    expect((await failureOf(upWith(inputs))).message).toMatch(/kind-linux-amd64: 404 .*put kind 0\.33\.0 on the PATH/)
    expect([left(), world.tools.onPath]).toEqual([nothing, []])
    expect(world.log.phases).toEqual(['Plan', 'Tools', 'Remove'])
  })
})

describe('a node image that the engine does not have', () => {
  const reference = 'mine/node:1'
  const inputs = { ...given, 'node-image': reference }
  const digest = `sha256:${'0a'.repeat(32)}`
  const key = imageCacheKey(digest, 'linux/amd64')

  test('is pulled once, before any cluster is made, and kind gets the name that it has in the engine', async () => {
    const { nodeImages } = await upWith(inputs)
    expect(world.runner.lines('docker pull')).toHaveLength(1)
    expect(Math.min(...places('kind create'))).toBeGreaterThan(Math.max(...places('docker pull')))
    const configs = world.runner.matching('kind create').map(({ options }) => parse(options.input ?? '') as object)
    const node = { image: cachedImageName(digest) }
    expect(configs).toMatchObject([{ nodes: [node, node] }, { nodes: [node] }])
    expect(nodeImages).toMatchObject([{ reference, from: 'registry' }])
  })

  test('is written down to be saved, before any cluster is made, and saved when the job is done', async () => {
    const { record: made } = await upWith(inputs)
    const written = store.saved.find(({ record: { imagesToSave } }) => imagesToSave.length > 0)
    expect(written?.record.imagesToSave).toMatchObject([{ key, reference, digest }])
    expect(written?.commandsBefore.filter((line) => line.startsWith('kind create'))).toEqual([])
    expect([made.imagesToSave, world.imageCache.saves]).toEqual([written?.record.imagesToSave, 0])

    expect(await saveImagesForNextRun(world, made)).toMatchObject([{ reference, saved: true }])
    expect([...world.imageCache.entries]).toEqual([key])
    expect(world.log.phases.at(-1)).toBe('Save node images')
  })

  test('is still written down to be saved when the run fails and everything else is removed', async () => {
    world.runner.on('kind create', fails('ERROR: no'))
    await failureOf(upWith(inputs))
    expect(left()).toEqual({ ...nothing, staged: [key] })
    expect(store.saved.at(-1)?.record.imagesToSave).toMatchObject([{ key, reference, digest }])
    expect(store.saved.at(-1)?.commandsBefore.at(-1)).toBe(world.runner.lines().at(-1))
  })

  test('and cannot be written down then either hides no failure', async () => {
    world.runner.on('kind create', fails('ERROR: no'))
    const save = store.save.bind(store)
    store.save = (saved) =>
      world.log.phases.includes('Remove') ? Promise.reject(new Error('no space left on device')) : save(saved)
    expect((await failureOf(upWith(inputs))).message).toMatch(/ERROR: no/)
    expect(world.log.warnings).toEqual(['no space left on device'])
  })

  test('is saved at once where that takes no time', async () => {
    world.imageCache.savesLate = false
    const { record: made } = await upWith(inputs)
    expect([made.imagesToSave, [...world.imageCache.entries]]).toEqual([[], [key]])
  })

  test('and the manifest of MetalLB: when one cannot be had, the other is not waited for', async () => {
    const inspected = `docker image inspect ${reference}`
    world.downloads.texts.clear()
    world.runner.on(inspected, hang)
    expect((await failureOf(upWith({ ...inputs, ...metallb }))).message).toMatch(/404 Not Found/)
    expect(world.runner.matching(inspected).map(({ outcome }) => outcome)).toEqual(['stopped'])

    world.downloads.texts.set(manifestAddress(metallbRelease), hang)
    world.runner.on(inspected, fails(`No such image: ${reference}`)).on('docker pull', fails('manifest unknown'))
    expect((await failureOf(upWith({ ...inputs, ...metallb }))).message).toMatch(/^the node image mine\/node:1 cannot/)
    expect(left()).toEqual(nothing)
  })
})

test('a node image that was pulled is not kept to be saved when the manifest of MetalLB cannot be had', async () => {
  const cut = new Promise<string>((_, reject) => {
    world.runner.on('docker image rm', () => {
      setImmediate(() => {
        reject(new Error('connection reset'))
      })
      return ''
    })
  })
  world.downloads.texts.set(manifestAddress(metallbRelease), cut)
  expect((await failureOf(upWith({ ...metallb, 'node-image': 'mine/node:1' }))).message).toBe('connection reset')
  expect(world.log.infos).toContainEqual(expect.stringMatching(/^mine\/node:1: pulled in/))
  expect(left()).toEqual(nothing)
})

describe('images for the clusters', () => {
  const inputs = { ...given, images: 'app:1' }

  beforeEach(() => {
    engine.images.names.add('app:1')
  })

  test('are saved once, loaded into every node before the clusters are joined, and not left on disk', async () => {
    await upWith(inputs)
    expect(world.runner.lines('docker image save')).toHaveLength(1)
    expect(Object.fromEntries(engine.imagesOn)).toEqual({
      'east-control-plane': new Set(['docker.io/library/app:1']),
      'east-worker': new Set(['docker.io/library/app:1']),
      'west-control-plane': new Set(['docker.io/library/app:1']),
    })
    expect(world.log.phases.slice(3, 6)).toEqual(['Create 2 clusters', 'Load images', 'Connect'])
    expect(left().files.filter((file) => file.endsWith('.tar'))).toEqual([])
    expect(world.log.infos).toContain('3 of 3 nodes were given what they lacked')
  })

  test('are not left on disk either when one node does not take them and the clusters stay', async () => {
    world.runner.on('--interactive east-worker', () => {
      expect(left().files).toContainEqual(expect.stringMatching(/\.tar$/))
      return fails('ctr: no space left on device')
    })
    await failureOf(upWith({ ...inputs, cleanup: 'false' }))
    expect(left().containers).toHaveLength(3)
    expect(left().files).not.toContainEqual(expect.stringMatching(/\.tar$/))
  })
})

test('a cluster that was to be reused is left alone when the run failed before it came to it', async () => {
  engine.networks.push({ id: 'l1', name: 'lab', subnets: ['172.18.0.0/16'] })
  engine.add('shared', ['control-plane'], 'cafe0001', '10.7.0.0/16', 'lab')
  world.downloads.texts.clear()
  await failureOf(upWith({ ...metallb, clusters: '[shared, east]', reuse: 'true' }))
  expect(world.runner.lines(/^kubectl --kubeconfig|^docker exec/)).toEqual([])
  expect([left().containers, world.log.warnings]).toEqual([['shared-control-plane'], []])
})

describe('a registry', () => {
  const inputs = { ...given, registry: 'true' }
  const registry = 'localhost:49153'
  const container = `kind-flat-network-${run}-registry`

  test('runs on the Docker network of the clusters before they do, and every node knows it', async () => {
    const flat = await upWith(inputs)
    expect(engine.runContainers).toMatchObject([{ name: container, run, network }])
    expect(Math.min(...places('kind create'))).toBeGreaterThan(Math.max(...places('docker run')))
    expect(Object.fromEntries(engine.registriesOf)).toEqual({
      'east-control-plane': new Set([registry]),
      'east-worker': new Set([registry]),
      'west-control-plane': new Set([registry]),
    })
    expect([flat.record.registry, outputsOf(flat).registry]).toEqual([registry, registry])
    const written = store.saved.find((saved) => saved.record.registry !== undefined)
    expect(written?.commandsBefore.filter((line) => line.startsWith('kind create'))).toEqual([])

    await down(world, flat.record)
    expect(left()).toEqual(nothing)
  })

  test('is forgotten by clusters that stay when it goes', async () => {
    engine.networks.push({ id: 'l1', name: 'lab', subnets: ['172.18.0.0/16'] })
    engine.add('shared', ['control-plane', 'worker'], 'cafe0001', '10.7.0.0/16', 'lab')
    const { record: made } = await upWith({ clusters: '[shared, east]', reuse: 'true', registry: 'true' })
    expect(engine.registriesOf.get('shared-control-plane')).toEqual(new Set([registry]))
    // a node that is gone meanwhile is in nobody's way
    engine.containers = engine.containers.filter(({ name }) => name !== 'shared-worker')
    world.runner.on('docker exec shared-worker', fails('Error response from daemon: No such container: shared-worker'))

    await down(world, made)
    expect(engine.registriesOf.get('shared-control-plane')).toEqual(new Set())
    expect(engine.wiring.get('shared-control-plane')).toBe('')
    expect(world.runner.lines(/delete daemonsets.*kind-flat-network\.run=/)).toEqual([
      expect.stringContaining('/shared.kubeconfig'),
    ])
    expect(world.runner.lines(/delete configmap/)).toEqual([expect.stringContaining('/shared.kubeconfig')])
    expect(left().containers).toEqual(['shared-control-plane'])
    expect(world.log.warnings).toEqual([])
  })
})

describe('a cluster that was reused', () => {
  let made: RunRecord
  beforeEach(async () => {
    engine.networks.push({ id: 'l1', name: 'lab', subnets: ['172.18.0.0/16'] })
    engine.add('shared', ['control-plane'], 'cafe0001', '10.7.0.0/16', 'lab')
    made = (await upWith({ clusters: '[shared, east]', reuse: 'true' })).record
  })

  test('and does not answer keeps what the run put there, so the record stays until it is taken away', async () => {
    const kubeconfig = `${directory}/shared.kubeconfig`
    const state = await world.runner.run(['kubectl', '--kubeconfig', kubeconfig, 'get', 'nodes,'])
    let isAway = true
    world.runner.on(/^kubectl .* get nodes,/, () => (isAway ? fails('Unable to connect to the server: EOF') : state))
    await expect(down(world, made)).rejects.toThrow(
      /clusters that were reused may still have routes to those that go: .*EOF/s,
    )
    expect(engine.wiring.get('shared-control-plane')).not.toBe('')
    expect([left().containers, left().files.length > 0]).toEqual([['shared-control-plane'], true])
    isAway = false
    await down(world, made)
    expect(engine.wiring.get('shared-control-plane')).toBe('')
    expect(left().files).toEqual([])
  })

  test("and is gone meanwhile is in nobody's way", async () => {
    engine.containers = engine.containers.filter(({ cluster }) => cluster !== 'shared')
    await down(world, made)
    expect([left().containers, left().files, world.log.warnings]).toEqual([[], [], []])
  })
})

describe('in a container of the engine', () => {
  beforeEach(() => {
    engine.runInContainer('jobs')
  })

  const servers = (file: string) =>
    (
      parse(world.files.content.get(`${directory}/${file}`) ?? '') as { clusters: { cluster: { server: string } }[] }
    ).clusters.map(({ cluster }) => cluster.server)

  test('joins the Docker network before a cluster is made, and is written down to have joined before it does', async () => {
    await upWith()
    const connect = `docker network connect ${network} ${'f00'.padEnd(64, '0')}`
    const lines = world.runner.lines()
    expect(lines.indexOf(connect)).toBeGreaterThan(-1)
    expect(lines.indexOf(connect)).toBeLessThan(lines.findIndex((line) => line.startsWith('kind create')))
    const [first] = store.saved
    expect(first?.record.container).toEqual({ id: 'f00'.padEnd(64, '0'), name: 'job', joins: true })
    expect(first?.commandsBefore).not.toContain(connect)
  })

  test('asks the clusters at the addresses of their nodes, whose ports on the host the engine chooses', async () => {
    await upWith()
    const atNodes = ['https://172.18.0.3:6443', 'https://172.18.0.5:6443']
    expect(servers('kubeconfig')).toEqual(atNodes)
    expect([...servers('east.kubeconfig'), ...servers('west.kubeconfig')]).toEqual(atNodes)
    for (const { options } of world.runner.matching('kind create')) {
      expect(parse(options.input ?? '')).toMatchObject({ networking: { apiServerPort: -1 } })
    }
  })

  test('is off the network when the run is removed, and the network is gone too', async () => {
    await upWith()
    await down(world, store.saved.at(-1)?.record ?? { run })
    expect(engine.job?.networks).toEqual(['jobs'])
    expect(left()).toMatchObject({ containers: [], networks: ['bridge'], volumes: [] })
  })

  test('is off the network when the run fails', async () => {
    world.runner.on('--name west', fails('ERROR: no room'))
    await expect(upWith()).rejects.toThrow('no room')
    expect(engine.job?.networks).toEqual(['jobs'])
    expect(left()).toMatchObject({ containers: [], networks: ['bridge'], volumes: [] })
  })

  test('that is on the named Docker network already neither joins nor leaves it', async () => {
    engine.networks.push({ id: 'j1', name: 'jobs', subnets: ['172.19.0.0/16'] })
    await upWith({ ...given, 'docker-network': 'jobs' })
    await down(world, store.saved.at(-1)?.record ?? { run })
    expect(world.runner.matching(/docker network (connect|disconnect)/)).toEqual([])
    expect(engine.job?.networks).toEqual(['jobs'])
  })
})

describe('load balancers', () => {
  const applied = (cluster: string) =>
    world.runner.matching(kubectlOf(cluster, 'apply')).map(({ options }) => options.input)

  test('get their manifest once, are begun in every cluster, and get their addresses last', async () => {
    await upWith(metallb)
    expect(world.downloads.asked).toEqual([manifestAddress(metallbRelease)])
    for (const [cluster, subnet] of [
      ['east', '172.18.254.0/24'],
      ['west', '172.18.253.0/24'],
    ] as const) {
      expect(applied(cluster).slice(0, -1)).toContain(manifest)
      expect(applied(cluster).at(-1)).toContain(`"addresses":["${subnet}"]`)
    }
    expect(world.log.phases.slice(-2)).toEqual(['Wait for CoreDNS', 'Load balancers'])
  })

  test('begin after the images are loaded, which may be theirs', async () => {
    engine.images.names.add('app:1')
    await upWith({ ...metallb, images: 'app:1' })
    const begun = world.runner.calls.flatMap(({ options }, place) => (options.input === manifest ? [place] : []))
    expect(begun).toHaveLength(2)
    expect(Math.min(...begun)).toBeGreaterThan(Math.max(...places('images import')))
  })

  test('need room in the network that Docker chose: without it nothing is left, and others go on', async () => {
    engine.nextSubnet = '172.18.0.0/29'
    const failure = await failureOf(upWith(metallb))
    expect(failure).toBeInstanceOf(InputError)
    expect(failure.message).toMatch(
      /^docker-network: "kind-flat-network-\w+" is too small for 2 clusters' load balancers/,
    )
    expect(left()).toEqual(nothing)
    expect((await upWith()).record.clusters.map(({ loadBalancerSubnets }) => loadBalancerSubnets)).toEqual([[], []])
  })

  test('mind a node among their addresses; without MetalLB it is only told', async () => {
    engine.hostNumber = (nth) => 253 * 256 + nth
    await upWith()
    expect(world.log.warnings).toContain(
      "node east-control-plane has 172.18.253.2, out of 172.18.253.0/24 of west's load balancers",
    )
    expect(world.log.warnings).toHaveLength(3)
    await down(world, record(given))
    expect((await failureOf(upWith(metallb))).message).toMatch(/^node east-control-plane has 172\.18\.253\.\d+, out of/)
    expect(left()).toEqual(nothing)
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
    expect(world.runner.lines(deletes)).toEqual(Array(2).fill(expect.stringMatching(/ --timeout=60s$/)))

    const stop = new AbortController()
    world.runner.on(kubectlOf('east', 'get pods'), () => {
      stop.abort(new CancelledError('SIGINT'))
      return hang
    })
    expect(await failureOf(again(stop.signal))).toEqual(new CancelledError('SIGINT'))
    const removals = world.runner.matching(deletes).slice(2)
    expect(removals.map(({ command, options }) => [command.at(-1), options.timeoutSeconds])).toEqual(
      Array(2).fill(['--wait=false', 15]),
    )
    expect(world.log.infos.at(-1)).toBe('stopped by SIGINT: removing the probe')
  })

  test('is stopped also when that comes while the probe is taken out', async () => {
    const stop = new AbortController()
    world.runner.on(deletes, () => {
      stop.abort(new CancelledError('SIGINT'))
      return ''
    })
    expect(await failureOf(again(stop.signal))).toEqual(new CancelledError('SIGINT'))
    expect(world.log.warnings).toEqual([])
  })

  test('several times at once, each has a probe of its own and removes no other', async () => {
    await Promise.all([again(), again()])
    const check = /app\.kubernetes\.io\/instance=(\w+)/
    const ids = (matcher: Matcher) => world.runner.lines(matcher).map((line) => check.exec(line)?.[1])
    const applied = world.runner
      .matching(' apply ')
      .map(({ options }) => /name: kind-flat-network-probe-(\w+)/.exec(options.input ?? '')?.[1])
    const two = ['c4ec0001', 'c4ec0002', 'c4ec0001', 'c4ec0002']
    for (const found of [applied, ids(' wait pod '), ids(' get pods,services '), ids(deletes)]) {
      expect(found.toSorted()).toEqual(two.toSorted())
    }
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
    up(
      world,
      inputs,
      { id: other, directory: '/tmp/other', store: new RecordingStore(world.runner), howToRemove },
      never,
    ),
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
    expect(world.log.phases.slice(-4)).toEqual(['Find the nodes', 'Repair', 'Verify', 'Wait for CoreDNS'])
  })

  test('waits for CoreDNS when new pods have run on every node, since its state may be older than a restart', async () => {
    await mend()
    expect(Math.min(...places('wait deployment/coredns'))).toBeGreaterThan(Math.max(...places('/dev/udp/')))
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
