import { beforeEach, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { CancelledError, CommandError } from '../../../src/errors.js'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import { recordOf } from '../../../src/plan/run-record.js'
import { findNodes, readNodes } from '../../../src/steps/nodes.js'
import { provision } from '../../../src/steps/provision.js'
import { clusters, directory, plan, record, run, runningNodes } from '../../fakes/build.js'
import { FakeEngine, kubectlOf, type StateItem } from '../../fakes/engine.js'
import { fails, hang, type Call } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const network = `kind-flat-network-${run}`
const two: GivenInputs = { clusters: clusters(['east', 1, 1], ['west', 1, 0]), wait: '10s' }

let world: FakeWorld
let engine: FakeEngine
let onCreated: (name: string) => Promise<void>

beforeEach(() => {
  world = fakeWorld()
  world.files.directories.add(directory)
  engine = new FakeEngine(world)
  onCreated = () => Promise.resolve()
})

function provisionThem(given = two, signal?: AbortSignal) {
  const decided = plan(given)
  const runner = signal === undefined ? world.runner : world.runner.until(signal)
  return provision({ ...world, runner }, decided, recordOf(decided, directory), (_, { name }) => onCreated(name))
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => new Error('nothing failed'),
    (error: unknown) => error as Error,
  )

const outcomes = (matcher: string | RegExp) => world.runner.matching(matcher).map(({ outcome }) => outcome)

/** Node or deployment with another condition, or another spec. */
const but = (item: StateItem, change: Partial<StateItem>) => ({ ...item, ...change })
const not = (type: string, message: string) => ({ conditions: [{ type, status: 'False', message }] })

describe('when all goes well', () => {
  test('returns every node with its address and its podCIDR', async () => {
    expect(await provisionThem()).toEqual(runningNodes(record(two)))
  })

  test('returns of every node the addresses and the podCIDRs of each of its families', async () => {
    const dual = { ...two, 'ip-family': 'dual' }
    const nodes = await provisionThem(dual)
    expect(nodes).toEqual(runningNodes(record(dual)))
    expect(nodes[0]).toMatchObject({
      addresses: ['172.18.0.2', 'fc00:4b46::2'],
      podCIDRs: ['10.128.0.0/24', 'fd00:10:128::/64'],
    })
  })

  test("has kind use the plan's Docker network", async () => {
    await provisionThem()
    const variables = world.runner.matching('kind create').map(({ options }) => options.environment)
    expect(variables).toEqual(Array(2).fill({ KIND_EXPERIMENTAL_DOCKER_NETWORK: network }))
  })

  test('creates all clusters at once, each with its own config and kubeconfig', async () => {
    let release: (output: string) => void = () => undefined
    const gate = new Promise<string>((resolve) => (release = resolve))
    world.runner.on('kind create', () => gate)
    const failure = failureOf(provisionThem())
    await world.clock.sleep(0)
    const creates = world.runner.matching('kind create')
    expect(creates.map(({ options }) => (parse(options.input ?? '') as { name: string }).name)).toEqual([
      'east',
      'west',
    ])
    expect(creates.map(({ command }) => command.at(-1))).toEqual([
      `${directory}/east.kubeconfig`,
      `${directory}/west.kubeconfig`,
    ])
    expect(outcomes('kind create')).toEqual(['running', 'running'])
    release('')
    await failure
  })

  test('creates no more at the same time than planned', async () => {
    let [now, most] = [0, 0]
    world.runner.on('kind create', async () => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setImmediate(resolve))
      now--
      return ''
    })
    world.runner.on('docker container inspect', hang)
    const decided = { ...plan({ clusters: '7' }), concurrency: 3 }
    void provision(world, decided, recordOf(decided, directory), () => Promise.resolve())
    for (let turn = 0; turn < 10; turn++) await world.clock.sleep(0)
    expect([most, outcomes('kind create')]).toEqual([3, Array<string>(7).fill('done')])
  })

  test('calls back for each cluster as soon as it is created, before it is ready', async () => {
    const called: [string, number][] = []
    onCreated = (name) => {
      called.push([name, world.runner.matching(kubectlOf(name, 'get nodes,')).length])
      return Promise.resolve()
    }
    await provisionThem()
    expect(called).toEqual([
      ['east', 0],
      ['west', 0],
    ])
  })

  test('hands on what kind tells of its progress, and not what it tells a person to do', async () => {
    await provisionThem({ clusters: '- east' })
    expect(world.log.infos).toEqual([
      'east: Starting control-plane 🕹️',
      'east: created in 0.0 s',
      'east: nodes ready 0.0 s later',
    ])
  })

  test.each<[string, (item: StateItem) => StateItem[]]>([
    ['a podCIDR', (item) => [item.kind === 'Node' ? but(item, { spec: {} }) : item]],
    ['a node', (item) => (item.metadata.name === 'east-worker' ? [] : [item])],
  ])('waits for %s that is missing at first', async (_, tells) => {
    engine.tells = (items, _cluster, look) => (look < 3 ? items.flatMap(tells) : items)
    expect(await provisionThem()).toEqual(runningNodes(record(two)))
    expect(world.runner.matching(kubectlOf('east', 'get nodes,'))).toHaveLength(3)
  })

  test('trusts what it sees and not the ways in which kubectl wait may fail', async () => {
    world.runner.on(/kubectl .* wait /, fails('error: no matching resources found'))
    expect(await provisionThem()).toHaveLength(3)
  })
})

describe('when a cluster cannot be created', () => {
  const words = ' ✗ Preparing nodes 📦\nERROR: failed to create cluster: port is already allocated\nStack Trace:'

  test("its name and kind's reason come first, then all that kind said, and the others are ended", async () => {
    world.runner.on('--name west', hang)
    world.runner.on('--name east', fails(words))
    const failure = await failureOf(provisionThem())
    const [first, ...rest] = failure.message.split('\n')
    expect(first).toBe('cluster east was not created: port is already allocated')
    expect(rest.join('\n')).toContain(`--kubeconfig ${directory}/east.kubeconfig: exit code 1\n  ✗ Preparing nodes`)
    expect(failure.cause).toBeInstanceOf(CommandError)
    expect(outcomes('kind create')).toEqual(['failed', 'stopped'])
  })

  test('one that is getting ready is ended too, and one that waits for its turn never begins', async () => {
    world.runner.on('--name west', async ({ command }) => {
      await new Promise((resolve) => setImmediate(resolve))
      throw new CommandError(command, 'exit code 1', words)
    })
    world.runner.on(kubectlOf('east', 'wait node'), hang)
    const decided = { ...plan({ clusters: '- east\n- west\n- south\n- north' }), concurrency: 2 }
    world.runner.on('--name south', hang)
    await failureOf(provision(world, decided, recordOf(decided, directory), () => Promise.resolve()))
    expect(outcomes(kubectlOf('east', 'wait node'))).toEqual(['stopped'])
    expect(outcomes('--name south')).toEqual(['stopped'])
    expect(outcomes('--name north')).toEqual([])
  })

  test('only the first failure is told', async () => {
    world.runner.on('--name east', fails('ERROR: one'))
    world.runner.on('--name west', fails('ERROR: two'))
    expect((await failureOf(provisionThem())).message).toMatch(/^cluster east was not created: one\n/)
  })

  test('what fails after the creation ends the others as well', async () => {
    onCreated = (name) => (name === 'east' ? Promise.reject(new Error('no probe')) : Promise.resolve())
    world.runner.on('--name west', hang)
    expect((await failureOf(provisionThem())).message).toBe('no probe')
    expect(outcomes('--name west')).toEqual(['stopped'])
  })
})

describe('when a cluster does not get ready in time', () => {
  test('an API that does not answer is asked again, and then told', async () => {
    const refused = fails('The connection to the server 127.0.0.1:40001 was refused')
    world.runner.on(kubectlOf('west', 'get nodes,'), refused)
    expect((await failureOf(provisionThem())).message).toMatch(
      /^cluster west was not ready within 10 s \(input wait\):\n {2}it does not answer: kubectl .*\n {2}The connection .*\nthe API server of cluster west answered kind; where nothing .* is in reach from here, run this on the engine/,
    )
    expect(world.runner.matching(kubectlOf('west', 'get nodes,')).length).toBeGreaterThan(5)
  })

  test('the message names all that is missing, and why', async () => {
    engine.tells = (items, cluster) =>
      cluster === 'west'
        ? items
        : items.flatMap((item) => {
            if (item.metadata.name === 'east-worker2') return []
            if (item.metadata.name === 'east-worker3') return but(item, { spec: {} })
            return item.metadata.name === 'east-worker' ? but(item, { status: not('Ready', 'no CNI') }) : item
          })
    const failure = await failureOf(provisionThem({ clusters: clusters(['east', 1, 3], ['west', 1, 0]), wait: '10s' }))
    expect(failure.message).toBe(
      [
        'cluster east was not ready within 10 s (input wait):',
        '  node east-worker is not Ready: no CNI',
        '  node east-worker2 has not joined',
        '  node east-worker3 has no podCIDR yet',
      ].join('\n'),
    )
  })

  test('kubectl is told to wait only for what is left of the time', async () => {
    engine.tells = () => []
    world.runner.on(kubectlOf('east', 'wait node'), () => {
      world.clock.seconds += 4
      return ''
    })
    await failureOf(provisionThem({ clusters: '- east', wait: '10s' }))
    const waits = world.runner.matching(/kubectl .* wait /)
    // each takes 4 s, with a second of sleep between
    expect(waits.map(({ line }) => /--timeout=(.*)$/.exec(line)?.[1])).toEqual(['10s', '5s', '1s'])
    expect(waits.every(({ options }) => (options.timeoutSeconds ?? 0) > 30)).toBe(true)
  })
})

test.each([
  ['is not on the shared network', { other: { IPAddress: '10.0.0.2' } }],
  ['has stopped', { [network]: { IPAddress: '' } }],
])('a node that %s is named', async (_, networks) => {
  world.runner.on('docker container inspect', () =>
    JSON.stringify(
      ['east-control-plane', 'east-worker', 'west-control-plane'].map((name) => ({
        Id: name,
        Name: `/${name}`,
        Config: { Labels: { 'io.x-k8s.kind.cluster': name.slice(0, 4), 'io.x-k8s.kind.role': 'control-plane' } },
        State: { Running: true },
        NetworkSettings: { Networks: name === 'east-worker' ? networks : { [network]: { IPAddress: '172.18.0.9' } } },
      })),
    ),
  )
  expect((await failureOf(provisionThem())).message).toBe(
    `node east-worker has no ipv4 address on the Docker network ${network}; is it still running?`,
  )
})

test('a node that restarts is looked at again until it has its address', async () => {
  let looks = 0
  const inspect = ({ command }: Call) => {
    const isLate = command.includes('east-worker') && ++looks < 4
    return JSON.stringify(
      command.slice(3).map((name) => ({
        Id: name,
        Name: `/${name}`,
        Config: { Labels: { 'io.x-k8s.kind.cluster': name.slice(0, 4), 'io.x-k8s.kind.role': 'control-plane' } },
        State: { Running: true },
        NetworkSettings: {
          Networks: { [network]: { IPAddress: isLate && name === 'east-worker' ? '' : '172.18.0.9' } },
        },
      })),
    )
  }
  world.runner.on('docker container inspect', inspect)
  expect((await provisionThem()).map(({ addresses }) => addresses)).toEqual(Array(3).fill(['172.18.0.9']))
  expect(world.clock.sleeps).toEqual([1, 1, 1])
})

test('being stopped ends every creation and is thrown as it is', async () => {
  world.runner.on('kind create', hang)
  const stop = new AbortController()
  const failure = failureOf(provisionThem(two, stop.signal))
  await world.clock.sleep(0)
  const reason = new CancelledError('SIGTERM')
  stop.abort(reason)
  expect(await failure).toBe(reason)
  expect(outcomes('kind create')).toEqual(['stopped', 'stopped'])
})

describe('findNodes', () => {
  const find = () => findNodes(world, record(two))

  test('finds what there is, when nothing has changed', async () => {
    const nodes = await provisionThem()
    world.log.infos.length = 0
    expect(await find()).toEqual({ record: record(two), nodes })
    expect(world.log.infos.filter((line) => line.includes(' node '))).toEqual([])
  })

  test('leaves out a node that does not run, takes one in that was added, and tells both', async () => {
    await provisionThem()
    engine.containers = engine.containers.map((each) =>
      each.name === 'east-worker' ? { ...each, stopped: true } : each,
    )
    const [first] = engine.containers
    if (first === undefined) throw new Error('no container')
    engine.containers.push({ ...first, id: 'new', name: 'east-worker2', role: 'worker', addresses: ['172.18.0.99'] })
    const found = await find()
    expect(found.record.clusters[0]?.nodes.map(({ name }) => name)).toEqual(['east-control-plane', 'east-worker2'])
    expect(found.nodes.map(({ addresses }) => addresses[0])).toEqual(['172.18.0.2', '172.18.0.99', '172.18.0.4'])
    expect(world.log.infos).toContain('east: node east-worker does not run: nothing goes through it')
    expect(world.log.infos).toContain('east: node east-worker2 was added')
  })

  test('fails when a cluster has no control plane that runs', async () => {
    await provisionThem()
    engine.containers = engine.containers.filter(({ name }) => name !== 'west-control-plane')
    await expect(find()).rejects.toThrow(
      'cluster west has no control plane that runs; start it, or make the clusters anew',
    )
  })
})

describe('readNodes', () => {
  test('finds the nodes of a run that was made before', async () => {
    const nodes = await provisionThem()
    expect(await readNodes(world, record(two))).toEqual(nodes)
  })

  test('finds a new address after a node was restarted', async () => {
    await provisionThem()
    engine.containers = engine.containers.map((each) => ({
      ...each,
      addresses: each.addresses.map((address) => address.replace(/\.0\.2$/, '.0.77')),
    }))
    expect((await readNodes(world, record(two)))[0]).toMatchObject({
      name: 'east-control-plane',
      addresses: ['172.18.0.77'],
    })
  })

  test('names what is missing of a cluster that is not ready', async () => {
    await provisionThem()
    engine.tells = (items) => items.filter(({ kind }) => kind === 'Deployment')
    await expect(readNodes(world, record(two))).rejects.toThrow(
      new Error(
        'cluster east is not ready:\n  node east-control-plane has not joined\n  node east-worker has not joined',
      ),
    )
  })

  const refused = fails('The connection to the server 127.0.0.1:40001 was refused')
  const stop = (cluster: string) => {
    engine.containers = engine.containers.map((each) => (each.cluster === cluster ? { ...each, stopped: true } : each))
  }

  test('fails when a cluster does not answer within the input wait', async () => {
    await provisionThem()
    world.clock.sleeps.length = 0
    world.runner.on(kubectlOf('west', 'get nodes,'), refused)
    await expect(readNodes(world, record(two))).rejects.toThrow(/west\.kubeconfig.*\n {2}The connection .* refused/)
    expect(world.clock.sleeps).toEqual(Array(10).fill(1))
  })

  test('waits for a cluster whose control plane restarts', async () => {
    const nodes = await provisionThem()
    const running = engine.containers
    const state = await world.runner.run(['kubectl', '--kubeconfig', `${directory}/west.kubeconfig`, 'get nodes,'])
    world.runner.on(kubectlOf('west', 'get nodes,'), ({ nth }) => {
      if (nth === 1) stop('west')
      if (nth === 5) engine.containers = running
      return nth < 8 ? refused : state
    })
    expect(await readNodes(world, record(two))).toEqual(nodes)
  })

  test('does not wait long for a cluster whose control plane has stopped, nor for one that is gone', async () => {
    await provisionThem()
    world.clock.sleeps.length = 0
    world.runner.on(kubectlOf('west', 'get nodes,'), refused)
    const made = { ...record(two), waitSeconds: 300 }
    const message = 'cluster west has no control plane that runs; start it, or make the clusters anew'
    stop('west')
    await expect(readNodes(world, made)).rejects.toThrow(message)
    expect(world.clock.sleeps).toEqual(Array(15).fill(1))
    engine.containers = engine.containers.filter(({ cluster }) => cluster !== 'west')
    await expect(readNodes(world, made)).rejects.toThrow(message)
    expect(world.clock.sleeps).toHaveLength(15)
  })

  test('does not wait for a cluster when another one is not what it was', async () => {
    await provisionThem()
    world.runner.on(kubectlOf('west', 'get nodes,'), refused)
    world.runner.on(kubectlOf('east', 'get nodes,'), fails('Error from server (Invalid): no'))
    await expect(readNodes(world, { ...record(two), waitSeconds: 300 })).rejects.toThrow('(Invalid): no')
    expect(world.runner.matching(kubectlOf('west', 'get nodes,')).length).toBeLessThan(5)
  })
})
