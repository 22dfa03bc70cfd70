import { beforeEach, describe, expect, test } from '@jest/globals'
import type { KindContainer } from '../../../src/commands/docker.js'
import { CancelledError } from '../../../src/errors.js'
import { deleteRun, ownedBy, runsOn, type Removal } from '../../../src/steps/delete.js'
import { existingKindContainers } from '../../../src/steps/existing-objects.js'
import { clusters, directory, record, run } from '../../fakes/build.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fails, inTurn, type Reply } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const begun = record({ clusters: clusters(['east', 1, 1], ['west', 3, 0]) })
const complete = { ...begun, complete: true }

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
})

/** Another run. */
const somebody = 'cafe0003'

/** Everything a run makes, besides a cluster and a network of somebody else. */
function everything() {
  engine.networks.push({ id: 'k1', name: 'kind', subnets: ['172.18.0.0/16'], run })
  engine.networks.push({ id: 'x1', name: 'other', subnets: ['172.19.0.0/16'], run: somebody })
  engine.add('east', ['control-plane', 'worker'], run)
  engine.add('west', ['external-load-balancer', 'control-plane', 'control-plane', 'control-plane'], run)
  engine.runContainers.push({ id: 'r1', name: 'registry', run }, { id: 'r2', name: 'theirs', run: somebody })
  engine.volumes.push(volume(`kind-flat-network-${somebody}`, somebody), volume(`kind-flat-network-${run}`, run))
  world.files.directories.add(directory)
  world.files.content.set(`${directory}/east.kubeconfig`, '')
  world.files.content.set(begun.kubeconfig, '')
  world.files.content.set('/home/me/other', '')
}

const volume = (name: string, owner: string) => ({ name, labels: { 'kind-flat-network.run': owner } })

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => '',
    (error: unknown) => (error as Error).message,
  )
const names = () => engine.containers.map(({ name }) => name)
const otherNames = () => engine.runContainers.map(({ name }) => name)
const networkNames = () => engine.networks.map(({ name }) => name)
const volumeNames = () => engine.volumes.map(({ name }) => name)
const looks = () => world.runner.lines(/docker ps .*--quiet/).length

describe('ownedBy', () => {
  const container = (cluster: string, role: NonNullable<KindContainer['role']>, owner?: string): KindContainer => ({
    id: `${cluster}-${role}-${owner ?? 'nobody'}`,
    name: `${cluster}-${role}`,
    cluster,
    role,
    ...(owner !== undefined && { run: owner }),
    running: true,
    addresses: {},
  })
  const balancer = container('a', 'external-load-balancer')

  test.each<[string, KindContainer[], string[], KindContainer[]]>([
    [
      'own nodes',
      [container('a', 'control-plane', run), container('a', 'worker', run)],
      [],
      [container('a', 'control-plane', run), container('a', 'worker', run)],
    ],
    ['no nodes of another run', [container('a', 'worker', 'other1')], ['a'], []],
    ['no nodes of nobody, even with the name of a planned cluster', [container('a', 'worker')], ['a'], []],
    [
      'the load balancer of an own cluster',
      [balancer, container('a', 'control-plane', run)],
      [],
      [container('a', 'control-plane', run), balancer],
    ],
    [
      'no load balancer of another cluster',
      [balancer, container('b', 'worker', run)],
      [],
      [container('b', 'worker', run)],
    ],
    [
      'no load balancer of a foreign cluster of the planned name',
      [balancer, container('a', 'worker', 'other1')],
      ['a'],
      [],
    ],
    [
      'no load balancer of a cluster with own and foreign nodes',
      [balancer, container('a', 'worker', run), container('a', 'control-plane')],
      ['a'],
      [container('a', 'worker', run)],
    ],
    ['the load balancer of a planned cluster whose nodes are not there yet', [balancer], ['a'], [balancer]],
    ['no load balancer that nobody planned', [balancer], ['b'], []],
    ['nothing where there is nothing', [], ['a'], []],
  ])('finds %s', (_, containers, planned, expected) => {
    expect(ownedBy(containers, run, planned)).toEqual(expected)
  })
})

describe('deleteRun', () => {
  test('removes containers, network, volume and files of the run, and nothing of anybody else', async () => {
    everything()
    engine.add('theirs', ['control-plane'], somebody)
    engine.networks = engine.networks.map((each) => (each.id === 'k1' ? { ...each, name: 'mine' } : each))
    await deleteRun(world, complete)
    expect(names()).toEqual(['theirs-control-plane'])
    expect(networkNames()).toEqual(['bridge', 'other'])
    expect(volumeNames()).toEqual([`kind-flat-network-${somebody}`])
    expect([[...world.files.content.keys()], [...world.files.directories]]).toEqual([['/home/me/other'], []])
  })

  test('is safe to repeat', async () => {
    everything()
    await deleteRun(world, complete)
    const before = world.runner.calls.length
    await deleteRun(world, complete)
    expect(
      world.runner
        .lines()
        .slice(before)
        .filter((line) => / rm /.test(line)),
    ).toEqual([])
  })

  test('removes by the id of the run alone when there is no record', async () => {
    everything()
    await deleteRun(world, { run })
    expect([names(), otherNames(), volumeNames()]).toEqual([[], ['theirs'], [`kind-flat-network-${somebody}`]])
    expect([...world.files.directories]).toEqual([directory])
  })

  test('without a record finds a load balancer without nodes by the reservation', async () => {
    engine.add('west', ['external-load-balancer'], undefined)
    engine.add('theirs', ['external-load-balancer'], undefined)
    const reservation = JSON.stringify({ clusters: ['west'], subnets: [] })
    engine.volumes.push({
      name: `kind-flat-network-${run}`,
      labels: { 'kind-flat-network.run': run, 'kind-flat-network.reserved': reservation },
    })
    await deleteRun(world, { run })
    expect(names()).toEqual(['theirs-external-load-balancer'])
  })

  test('of a complete run takes containers, then the network, then looks once more', async () => {
    everything()
    await deleteRun(world, complete)
    expect([looks(), world.clock.sleeps]).toEqual([3, []])
    await deleteRun(world, complete)
    expect(looks()).toBe(4)
  })

  test('of an interrupted run looks until nothing has come for three looks', async () => {
    everything()
    // what a killed kind had asked for appears late, and so does what it asked for after that
    world.runner.on(/docker ps .*--quiet/, ({ nth }) => {
      if (nth === 2) engine.add('east', ['worker'], run)
      if (nth === 5) engine.add('west', ['external-load-balancer'], undefined)
      return engine.containers.map(({ id }) => `${id}\n`).join('')
    })
    await deleteRun(world, begun)
    expect(names()).toEqual([])
    expect(looks()).toBe(9)
    expect(world.clock.sleeps.every((seconds) => seconds === 0.5)).toBe(true)
  })

  test('gives up when containers never stop appearing', async () => {
    world.runner.on(/docker ps .*--quiet/, () => {
      engine.add('east', ['worker'], run)
      return engine.containers.map(({ id }) => `${id}\n`).join('')
    })
    expect(await failureOf(deleteRun(world, begun))).toBe(
      `not everything was removed:\n  containers and network: given up after 60 looks: containers of run ${run} still appear`,
    )
    expect(looks()).toBe(60)
  })

  test('tells what it removes', async () => {
    everything()
    await deleteRun(world, complete)
    expect(world.log.infos).toEqual([
      'removing east-control-plane, east-worker, west-control-plane, west-control-plane2, west-control-plane3, west-external-load-balancer, registry',
      'removing the Docker network kind',
      `removing the Docker volume kind-flat-network-${run}`,
    ])
  })

  test('first ends what an interrupted process left running, and tells how many', async () => {
    everything()
    world.processes.leftovers = 3
    await deleteRun(world, begun)
    expect(world.log.infos[0]).toBe('3 processes of the run ended')
  })

  test('ends when it is stopped, and what is written down of the run stays', async () => {
    everything()
    const reason = new CancelledError('SIGINT')
    const runner = world.runner.until(AbortSignal.abort(reason))
    await expect(deleteRun({ ...world, runner }, complete)).rejects.toBe(reason)
    expect([...world.files.directories]).toEqual([directory])
  })

  test('keeps record and kubeconfigs until everything on the engine is gone, and goes on from there', async () => {
    everything()
    const files = () => [...world.files.content.keys(), ...world.files.directories]
    const before = files()
    // the engine dies in the middle, and comes back
    let isDead = true
    world.runner.on('docker rm', ({ command }) =>
      isDead ? fails('Cannot connect to the Docker daemon') : engine.remove(command.slice(4)),
    )
    expect(await failureOf(deleteRun(world, complete))).toMatch(/^not everything was removed:.*Cannot connect/s)
    expect(files()).toEqual(before)
    isDead = false
    await deleteRun(world, complete)
    expect([names(), networkNames(), files()]).toEqual([[], ['bridge', 'other'], ['/home/me/other']])
  })

  test('removes the record after everything else in the directory', async () => {
    everything()
    await deleteRun(world, complete)
    expect(world.files.removed).toEqual([{ path: directory, last: 'run.json' }])
  })

  test('tries a removal that fails again, up to three times', async () => {
    everything()
    let times = 0
    world.runner.on('docker rm', ({ command }) => {
      if (++times < 3) return fails('Error response from daemon: device or resource busy')
      return engine.remove(command.slice(4))
    })
    await deleteRun(world, complete)
    expect([times, names(), networkNames()]).toEqual([3, [], ['bridge', 'other']])
  })

  test.each([
    ['has vanished', 'Error: No such container: c9'],
    ['is being removed already', 'Error response from daemon: removal of container c9 is already in progress'],
  ])('goes on when a container it removes %s', async (_, words) => {
    everything()
    world.runner.on('docker rm', () => {
      engine.containers = []
      engine.runContainers = []
      return fails(words)
    })
    await deleteRun(world, complete)
    expect(networkNames()).toEqual(['bridge', 'other'])
  })

  describe('the network', () => {
    test('stays when strangers are on it, and so does the record', async () => {
      everything()
      engine.networks = engine.networks.map((each) => (each.id === 'k1' ? { ...each, others: 2 } : each))
      expect(await failureOf(deleteRun(world, complete))).toBe(
        [
          'not everything was removed:',
          '  containers and network: the Docker network kind stays while others are on it; disconnect them with:',
          '  docker network disconnect --force kind other-0',
          '  docker network disconnect --force kind other-1',
        ].join('\n'),
      )
      expect([names(), networkNames(), [...world.files.directories]]).toEqual([
        [],
        ['bridge', 'kind', 'other'],
        [directory],
      ])
      expect(volumeNames()).toContain(`kind-flat-network-${run}`)
    })

    test('stays for another run whose clusters are on it, and goes with the last of these', async () => {
      everything()
      const other = { ...record({ clusters: clusters(['north', 3, 0]) }, { complete: true }), run: 'cafe0001' }
      engine.add('north', ['external-load-balancer', 'control-plane', 'control-plane', 'control-plane'], other.run)
      await deleteRun(world, complete)
      expect(networkNames()).toEqual(['bridge', 'kind', 'other'])
      expect(world.log.infos).toContain('the Docker network kind stays for the clusters of others on it')
      expect([...world.files.directories]).toEqual([])
      await deleteRun(world, { ...other, dockerNetwork: 'kind' })
      expect(networkNames()).toEqual(['bridge', 'other'])
    })

    test.each([
      ['another run', 'cafe0001'],
      ['nobody that is known', undefined],
    ])('stays for nodes of %s that are stopped, and could not start without it', async (_, owner) => {
      everything()
      engine.add('north', ['control-plane'], owner)
      engine.containers = engine.containers.map((each) => ({ ...each, stopped: each.cluster === 'north' }))
      await deleteRun(world, complete)
      expect([names(), networkNames()]).toEqual([['north-control-plane'], ['bridge', 'kind', 'other']])
      expect([...world.files.directories]).toEqual([])
    })

    test('stays for a run that has reserved it and has no node on it yet', async () => {
      everything()
      const reservation = JSON.stringify({ clusters: ['north'], subnets: [], dockerNetwork: 'kind' })
      const labels = { 'kind-flat-network.run': 'cafe0001', 'kind-flat-network.reserved': reservation }
      engine.volumes.push({ name: 'kind-flat-network-cafe0001', labels })
      await deleteRun(world, complete)
      expect(networkNames()).toEqual(['bridge', 'kind', 'other'])
      expect([...world.files.directories]).toEqual([])
    })

    test('stays for the nodes of another run, whatever else is on it', async () => {
      everything()
      engine.add('north', ['control-plane'], 'cafe0001')
      // such as the container of that run's job
      engine.networks = engine.networks.map((each) => (each.id === 'k1' ? { ...each, others: 1 } : each))
      await deleteRun(world, complete)
      expect([networkNames(), [...world.files.directories]]).toEqual([['bridge', 'kind', 'other'], []])
    })

    test('is left by the container of this process when the nodes are gone, and not before', async () => {
      everything()
      engine.job = { id: 'f00', name: 'job', networks: ['kind'] }
      const inJob: Removal = { ...complete, dockerNetwork: 'kind', container: { id: 'f00', name: 'job', joins: true } }
      world.runner.on('docker rm', fails('Error response from daemon: device or resource busy'))
      await failureOf(deleteRun(world, inJob))
      expect(engine.job.networks).toEqual(['kind'])
      world.runner.on('docker rm', ({ command }) => engine.remove(command.slice(4)))
      await deleteRun(world, inJob)
      expect([engine.job.networks, networkNames()]).toEqual([[], ['bridge', 'other']])
    })

    test('that the engine does not let go of is told, and tried with pauses', async () => {
      everything()
      world.runner.on('docker network rm', fails('error while removing network: network kind has active endpoints'))
      expect(await failureOf(deleteRun(world, complete))).toMatch(
        /given up after 60 looks: the Docker network kind: docker network rm k1: .*active endpoints/s,
      )
      expect(world.clock.sleeps).toEqual(Array(59).fill(0.5))
    })

    test('that another run left stays while that run has anything on the engine', async () => {
      engine.networks.push({ id: 'k1', name: 'kind', subnets: [], run: 'cafe0001' })
      engine.volumes.push(volume('kind-flat-network-cafe0001', 'cafe0001'))
      await deleteRun(world, { ...complete, dockerNetwork: 'kind' })
      expect(networkNames()).toEqual(['bridge', 'kind'])
    })

    test('stays when the run did not make it', async () => {
      engine.networks.push({ id: 'k1', name: 'kind', subnets: [] })
      await deleteRun(world, complete)
      expect(networkNames()).toEqual(['bridge', 'kind'])
    })

    test.each(['Error: No such network: k1', 'Error response from daemon: network kind not found'])(
      'may be gone already: %s',
      async (words) => {
        everything()
        world.runner.on('docker network rm', () => {
          engine.networks = []
          return fails(words)
        })
        await deleteRun(world, complete)
        expect(names()).toEqual([])
      },
    )

    test.each(['Error: No such network: k1', 'Error response from daemon: network k1 not found'])(
      'may vanish while it is looked at: %s',
      async (words) => {
        everything()
        world.runner.on('docker network inspect', () => {
          engine.networks = []
          return fails(`[]\n${words}`)
        })
        await deleteRun(world, complete)
        expect(names()).toEqual([])
      },
    )

    test('that cannot be removed for another reason is reported', async () => {
      everything()
      world.runner.on('docker network rm', fails('Error response from daemon: permission denied'))
      expect(await failureOf(deleteRun(world, complete))).toMatch(
        /containers and network: the Docker network kind: docker network rm k1.*\n {2}.*permission/,
      )
    })
  })

  describe('the volumes', () => {
    test('stay as long as something is left that has the names and subnets', async () => {
      everything()
      world.runner.on('docker rm', fails('Error response from daemon: device or resource busy'))
      await failureOf(deleteRun(world, complete))
      expect(volumeNames()).toContain(`kind-flat-network-${run}`)
    })

    test.each(['east', '{"version":2}', '{"clusters":{}}'])(
      'of the run go, whether or not what they hold can be read: %s',
      async (reserved) => {
        everything()
        const unreadable = { 'kind-flat-network.reserved': reserved }
        engine.volumes = engine.volumes.map(({ name, labels }) => ({ name, labels: { ...labels, ...unreadable } }))
        engine.volumes.push({ name: 'copy', labels: { 'kind-flat-network.run': run, ...unreadable } })
        await deleteRun(world, complete)
        expect(volumeNames()).toEqual([`kind-flat-network-${somebody}`, 'copy'])
        expect(networkNames()).toEqual(['bridge', 'other'])
      },
    )

    test('of the name of the run that somebody else made stay', async () => {
      everything()
      engine.volumes = [volume(`kind-flat-network-${run}`, 'me')]
      await deleteRun(world, complete)
      expect(volumeNames()).toEqual([`kind-flat-network-${run}`])
    })

    test('go last', async () => {
      everything()
      await deleteRun(world, complete)
      expect(world.runner.lines(/ rm /).map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual([
        'rm --force',
        'network rm',
        'volume rm',
      ])
    })

    test('may be gone', async () => {
      everything()
      world.runner.on('docker volume rm', fails('Error: No such volume: v'))
      await deleteRun(world, complete)
      expect([...world.files.directories]).toEqual([])
    })

    test('that are in use are reported, and the record stays', async () => {
      everything()
      world.runner.on('docker volume rm', fails('Error response from daemon: remove v: volume is in use - [c7]'))
      expect(await failureOf(deleteRun(world, complete))).toMatch(/the Docker volume .*volume is in use - \[c7\]/s)
      expect([networkNames(), [...world.files.directories]]).toEqual([['bridge', 'other'], [directory]])
    })

    test('that cannot be removed for another reason are reported', async () => {
      everything()
      world.runner.on('docker volume rm', fails('Error response from daemon: permission denied'))
      expect(await failureOf(deleteRun(world, complete))).toMatch(
        /containers and network: the Docker volume kind-flat-network-feedc0de: docker volume rm .*permission denied/s,
      )
    })

    test('include the lock of the engine that a killed run still has, even when nothing else can be removed', async () => {
      engine.volumes.push(volume('kind-flat-network-lock', run), volume('kind-flat-network-lock-dead0001', run))
      world.runner.on('docker ps', fails('no'))
      await failureOf(deleteRun(world, { run }))
      expect(engine.volumes).toEqual([])
    })

    test('do not include the lock that another run has', async () => {
      engine.volumes.push(volume('kind-flat-network-lock', 'cafe0001'))
      await deleteRun(world, { run })
      expect(volumeNames()).toEqual(['kind-flat-network-lock'])
    })
  })

  test.each<[string, () => void, RegExp]>([
    [
      'containers cannot be removed',
      () => world.runner.on('docker rm', fails('Error response from daemon: device or resource busy')),
      /^not everything was removed:\n {2}containers and network: east-control-plane, east-worker, .*: docker rm .*busy/s,
    ],
    [
      'the engine does not answer',
      () => world.runner.on('docker ps', fails('Cannot connect to the Docker daemon')),
      /containers and network: docker ps .*Cannot connect/s,
    ],
    ['leftovers cannot be looked for', () => (world.processes.leftovers = new Error('EIO')), / {2}processes: EIO$/],
  ])('still removes the rest and reports it when %s', async (_, breakIt, message) => {
    everything()
    breakIt()
    expect(await failureOf(deleteRun(world, complete))).toMatch(message)
    expect([...world.files.directories]).toEqual([directory])
  })

  test('reports the files that cannot be removed', async () => {
    const elsewhere: Removal = { ...complete, kubeconfig: '/home/me/config', kubeconfigFile: 'file 1' }
    everything()
    await world.files.createPrivate('/home/me/config', '')
    world.files.stuck.add('/home/me/config')
    expect(await failureOf(deleteRun(world, elsewhere))).toBe(
      'not everything was removed:\n  files: EACCES: /home/me/config',
    )
    expect([names(), [...world.files.directories]]).toEqual([[], [directory]])
  })
})

test('runsOn finds the runs that have a container, a network or a volume left, each once', async () => {
  expect(await runsOn(world.runner)).toEqual([])
  everything()
  engine.add('theirs', ['control-plane'], undefined)
  engine.networks.push({ id: 'n9', name: 'left', subnets: [], run: 'cafe0001' })
  engine.volumes.push(volume('kind-flat-network-cafe0002', 'cafe0002'))
  expect((await runsOn(world.runner)).sort()).toEqual(['cafe0001', 'cafe0002', somebody, run])
})

test('runsOn takes nothing for a run that only says so', async () => {
  engine.add('theirs', ['control-plane'], 'data')
  engine.networks.push({ id: 'n9', name: 'theirs', subnets: [], run: 'my run' })
  engine.runContainers.push({ id: 'c9', name: 'theirs', run: '' })
  engine.volumes.push(volume('kind-flat-network-lock', 'me'), volume('cafe0002', 'cafe0002'))
  expect(await runsOn(world.runner)).toEqual([])
})

describe('existingKindContainers', () => {
  beforeEach(() => {
    engine.add('east', ['control-plane', 'worker', 'worker'], run)
  })

  test('leaves out a container that vanishes while it looks', async () => {
    world.runner.on(/docker ps .*--quiet/, 'c1\nc9\nc3\n')
    expect((await existingKindContainers(world.runner)).map(({ id }) => id)).toEqual(['c1', 'c3'])
  })

  test.each<[string, Reply]>([
    ['of all', inTurn(fails('Cannot connect to the Docker daemon'))],
    [
      'of one after another had vanished',
      inTurn(fails('Error: No such container: c1'), fails('Cannot connect to the Docker daemon')),
    ],
  ])('fails when the engine does not answer the inspection %s', async (_, reply) => {
    world.runner.on('docker container inspect', reply)
    await expect(existingKindContainers(world.runner)).rejects.toThrow(/Cannot connect/)
  })
})
