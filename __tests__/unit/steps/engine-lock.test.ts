import { beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CancelledError } from '../../../src/errors.js'
import type { CommandRunner } from '../../../src/ports.js'
import { releaseEngineLock, withEngineLock } from '../../../src/steps/engine-lock.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fails, hang, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const lock = 'kind-flat-network-lock'
/** Runs. */
const [a, b, c, dead] = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'deadbeef']

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
})

const turn = () => new Promise((resolve) => setImmediate(resolve))
const volume = (name: string, run: string) => ({ name, labels: { 'kind-flat-network.run': run } })
const volumeNames = () => engine.volumes.map(({ name }) => name)
const holder = () => engine.volumes.find(({ name }) => name === lock)?.labels['kind-flat-network.run']
const locked = <T>(
  run: string,
  work: (confirm: () => Promise<void>) => Promise<T>,
  live = world.runner as CommandRunner,
) => withEngineLock({ ...world, runner: live }, world, run, work)

test('is held while the work is done, and then given back', async () => {
  const seen = await locked(a, () => Promise.resolve(holder()))
  expect([seen, engine.volumes, world.log]).toEqual([a, [], expect.objectContaining({ infos: [], warnings: [] })])
})

test('one waits until the other is done, and says once for whom', async () => {
  const order: string[] = []
  const work = (run: string) => async () => {
    order.push(`${run} begins`)
    for (let count = 0; count < 20; count++) await turn()
    order.push(`${run} ends`)
  }
  await Promise.all([locked(a, work(a)), locked(b, work(b))])
  expect(order).toEqual([`${a} begins`, `${a} ends`, `${b} begins`, `${b} ends`])
  expect(world.log.infos).toEqual([`waiting for run ${a}, which chooses its names and subnets on this engine`])
  expect(new Set(world.clock.sleeps)).toEqual(new Set([0.3]))
  expect([engine.volumes, world.log.warnings]).toEqual([[], []])
})

describe('whatever the work does', () => {
  test('what it throws is thrown and the lock is given back', async () => {
    const error = new Error('no subnet is free')
    await expect(locked(a, () => Promise.reject(error))).rejects.toBe(error)
    expect(engine.volumes).toEqual([])
  })

  test('being stopped gives the lock back', async () => {
    const stop = new AbortController()
    const live = world.runner.until(stop.signal)
    world.runner.on('docker info', hang)
    const stopped = locked(a, () => live.run(['docker', 'info']), live)
    setTimeout(() => {
      stop.abort(new CancelledError('SIGTERM'))
    }, 20)
    await expect(stopped).rejects.toThrow(new CancelledError('SIGTERM'))
    expect(engine.volumes).toEqual([])
  })

  test('trouble with giving back is a warning and hides neither result nor failure', async () => {
    world.runner.on('docker volume rm', fails('Error response from daemon: permission denied'))
    expect(await locked(a, () => Promise.resolve(42))).toBe(42)
    await expect(locked(a, () => Promise.reject(new Error('of the work')))).rejects.toThrow('of the work')
    const warning = expect.stringMatching(/^the Docker volume kind-flat-network-lock could not be removed: .*denied/s)
    expect(world.log.warnings).toEqual([warning, warning])
  })
})

describe('who waits', () => {
  test('and is stopped ends without work, and takes nothing from the holder', async () => {
    engine.volumes.push(volume(lock, b))
    const stop = new AbortController()
    const worked: string[] = []
    const work = () => Promise.resolve(void worked.push(a))
    const waiting = locked(a, work, world.runner.until(stop.signal))
    setTimeout(() => {
      stop.abort(new CancelledError('SIGINT'))
    }, 1)
    await expect(waiting).rejects.toThrow(new CancelledError('SIGINT'))
    expect([worked, holder(), world.log.warnings]).toEqual([[], b, []])
  })

  test('and is stopped while the engine makes the lock gives it back', async () => {
    const stop = new AbortController()
    world.runner.on('docker volume create', ({ nth }) => {
      if (nth > 0) return `${engine.volumes.push(volume(`${lock}-${a}`, a)).toString()}\n`
      engine.volumes.push(volume(lock, a))
      stop.abort(new CancelledError('SIGINT'))
      return hang
    })
    const stopped = locked(a, () => Promise.resolve(), world.runner.until(stop.signal))
    await expect(stopped).rejects.toThrow(new CancelledError('SIGINT'))
    expect(engine.volumes).toEqual([])
  })

  test('takes a holder for dead after two minutes, not before, with a warning', async () => {
    engine.volumes.push(volume(lock, dead))
    const begun = world.clock.now()
    const waited = await locked(a, () => Promise.resolve(world.clock.now() - begun))
    expect(waited).toBeGreaterThanOrEqual(120)
    expect(waited).toBeLessThan(121)
    expect(world.log.warnings).toEqual([
      `run ${dead} has held the Docker volume kind-flat-network-lock for 120 s: taken for dead`,
    ])
    expect(engine.volumes).toEqual([])
  })

  test('counts from the last change of the holder', async () => {
    engine.volumes.push(volume(lock, b))
    const begun = world.clock.now()
    const sleep = world.clock.sleep.bind(world.clock)
    world.clock.sleep = (seconds) => {
      if (world.clock.now() - begun > 100 && holder() === b) engine.volumes = [volume(lock, c)]
      if (world.clock.now() - begun > 200 && holder() === c) engine.volumes = []
      return sleep(seconds)
    }
    expect(await locked(a, () => Promise.resolve(world.clock.now() - begun))).toBeLessThan(202)
    expect(world.log.infos.filter((line) => line.startsWith('waiting'))).toHaveLength(2)
    expect(world.log.warnings).toEqual([])
  })

  test('breaks a lock also when somebody died while breaking it', async () => {
    engine.volumes.push(volume(lock, dead), volume(`${lock}-${dead}`, b))
    await locked(a, () => Promise.resolve())
    expect(engine.volumes).toEqual([])
  })

  test('leaves a lock that changed hands while it was to be broken', async () => {
    engine.volumes.push(volume(lock, dead))
    const worked: string[] = []
    const create = `docker volume create --label=kind-flat-network.run=${a} ${lock}-${dead}`
    world.runner.on(create, () => {
      engine.volumes = [volume(lock, b), volume(`${lock}-${dead}`, a)]
      return ''
    })
    const sleep = world.clock.sleep.bind(world.clock)
    world.clock.sleep = (seconds) => {
      if (holder() === b) {
        worked.push(...volumeNames())
        engine.volumes = []
      }
      return sleep(seconds)
    }
    await locked(a, () => Promise.resolve())
    expect(worked).toEqual([lock])
  })

  test('gives up after a quarter of an hour and says how to remove the lock', async () => {
    let runs = 0
    const holders = () => [lock, `0000${String(1000 + Math.floor(runs++ / 100))}`, '']
    world.runner.on('docker volume ls', () => JSON.stringify(holders()))
    const begun = world.clock.now()
    await expect(locked(a, () => Promise.resolve())).rejects.toThrow(
      /^run 0000\d+ still holds the Docker volume kind-flat-network-lock after 900 s of waiting; .*: docker volume rm kind-flat-network-lock$/,
    )
    expect(world.clock.now() - begun).toBeLessThan(901)
  })

  test('says so at once, and again every half a minute', async () => {
    engine.volumes.push(volume(lock, b))
    const told: number[] = []
    const begun = world.clock.now()
    world.log.info = (line) => {
      told.push(Math.floor(world.clock.now() - begun))
      world.log.infos.push(line)
    }
    await locked(a, () => Promise.resolve())
    expect(told).toEqual([0, 30, 60, 90])
    expect(world.log.infos.slice(0, 2)).toEqual([
      `waiting for run ${b}, which chooses its names and subnets on this engine`,
      `still waiting for run ${b}, which holds the Docker volume ${lock}, after 30 s`,
    ])
  })

  test.each<[string, Readonly<Record<string, string>>]>([
    ['without labels', {}],
    ["with somebody else's labels", { 'com.docker.compose.project': 'kind' }],
    ['with a label that is not a run', { 'kind-flat-network.run': 'me\nkind-flat-network-lock aaaaaaaa' }],
  ])('for a volume of that name %s fails at once, and leaves the volume', async (_, labels) => {
    engine.volumes.push({ name: lock, labels })
    await expect(locked(a, () => Promise.resolve())).rejects.toThrow(
      `the Docker volume ${lock}, by which runs take turns, is not one that a run made; remove it with: docker volume rm ${lock}`,
    )
    expect([world.clock.sleeps, engine.volumes]).toEqual([[], [{ name: lock, labels }]])
  })

  test('for a volume like that while it breaks a lock fails at once too', async () => {
    engine.volumes.push(volume(lock, dead), { name: `${lock}-${dead}`, labels: {} })
    await expect(locked(a, () => Promise.resolve())).rejects.toThrow(`remove it with: docker volume rm ${lock}-${dead}`)
  })

  test('goes on when the lock vanishes between making and looking', async () => {
    world.runner.on('docker volume ls', inTurn('', JSON.stringify([lock, a, '']), ''))
    expect(await locked(a, () => Promise.resolve('done'))).toBe('done')
    expect(world.log.infos).toEqual([])
  })

  test("without an engine learns so from the engine's words alone", async () => {
    world.runner.on('docker volume', fails('Cannot connect to the Docker daemon'))
    await expect(locked(a, () => Promise.resolve())).rejects.toThrow(/Cannot connect/)
    expect(world.log.warnings).toEqual([])
  })
})

test('releasing takes all of the lock that is the own, and nothing else', async () => {
  const others = [volume(lock, b), volume(`${lock}-${b}`, c), volume(`kind-flat-network-${a}`, a)]
  engine.volumes.push(volume(`${lock}-${dead}`, a), ...others)
  await releaseEngineLock(world, a)
  expect(engine.volumes).toEqual(others)
})

test('never do two hold the lock, whatever the order of their commands and whoever has died before', async () => {
  const leftovers = fc.constantFrom([], [volume(lock, dead)], [volume(lock, dead), volume(`${lock}-${dead}`, dead)])
  const delays = fc.array(fc.nat(30), { minLength: 30, maxLength: 50 })
  await fc.assert(
    fc.asyncProperty(leftovers, fc.array(delays, { minLength: 2, maxLength: 3 }), async (left, runs) => {
      const shared = fakeWorld()
      const volumes = new FakeEngine(shared)
      volumes.volumes.push(...left)
      const holders = new Set<string>()
      const done = runs.map(async (turns, index) => {
        const run = `0000000${String(index)}`
        let next = 0
        const pause = async () => {
          for (let count = turns[next++ % turns.length] ?? 0; count > 0; count--) await Promise.resolve()
        }
        // the engine does a command at any time between its begin and its end
        const runner: CommandRunner = {
          run: async (command) => {
            await pause()
            const output = await shared.runner.run(command)
            await pause()
            return output
          },
          until: () => runner,
        }
        let seconds = 0
        const clock = { now: () => seconds, sleep: async () => void ((seconds += 4), await Promise.resolve()) }
        const own = { ...shared, runner, clock }
        await withEngineLock(own, own, run, async () => {
          holders.add(run)
          if (holders.size > 1) throw new Error(`${[...holders].join(' and ')} hold the lock`)
          for (let count = 0; count < 6; count++) await pause()
          holders.delete(run)
        })
      })
      await Promise.all(done)
      expect(volumes.volumes).toEqual([])
    }),
    { numRuns: 50 },
  )
})
