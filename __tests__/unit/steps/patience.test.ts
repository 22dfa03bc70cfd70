import { beforeEach, describe, expect, test } from '@jest/globals'
import { CancelledError, CommandError } from '../../../src/errors.js'
import { patient } from '../../../src/steps/patience.js'
import { fails, hang, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const refused = fails('The connection to the server 127.0.0.1:40001 was refused')
const forbidden = fails(
  'Error from server (Forbidden): nodes is forbidden: User "kubernetes-admin" cannot list resource "nodes"',
)
const command = ['kubectl', 'get', 'nodes']

let world: FakeWorld

beforeEach(() => {
  world = fakeWorld()
})

const times = (count: number, reply: typeof refused) => Array<typeof refused>(count).fill(reply)

describe('a command that may succeed later', () => {
  test('is tried once a second until it does', async () => {
    world.runner.on('kubectl', inTurn(...times(250, refused), 'nodes'))
    expect(await patient(world, 'east', 300).run(command)).toBe('nodes')
    expect(world.clock.sleeps).toEqual(Array(250).fill(1))
  })

  test('is tried no longer than the time that all of them have together', async () => {
    const { run } = patient(world, 'east', 30)
    world.runner.on('kubectl', inTurn(...times(20, refused), 'nodes', refused))
    await run(command)
    await expect(run(command)).rejects.toThrow(/kubectl get nodes: exit code 1\n.*was refused/)
    expect(world.clock.sleeps).toHaveLength(30)
  })

  test('gets no more time for one try than is left', async () => {
    world.runner.on('kubectl', () => {
      world.clock.seconds += 50
      return refused
    })
    await expect(patient(world, 'east', 130).run(command, { input: 'manifest' })).rejects.toThrow(CommandError)
    expect(world.runner.calls.map(({ options }) => options)).toEqual([
      { input: 'manifest', timeoutSeconds: 120 },
      { input: 'manifest', timeoutSeconds: 79 },
      { input: 'manifest', timeoutSeconds: 28 },
    ])
  })

  test('is tried once where there is no time', async () => {
    world.runner.on('kubectl', refused)
    await expect(patient(world, 'east', 0).run(command)).rejects.toThrow(CommandError)
    expect(world.runner.calls.map(({ options }) => options.timeoutSeconds)).toEqual([10])
  })

  test('is tried as long as nothing else speaks against it', async () => {
    world.runner.on('kubectl', refused)
    let looks = 0
    const stopped = () => (++looks < 3 ? Promise.resolve() : Promise.reject(new Error('the node is gone')))
    await expect(patient(world, 'east', 300, stopped).run(command)).rejects.toThrow('the node is gone')
    expect(world.runner.calls).toHaveLength(3)
  })

  test('ends with the run', async () => {
    const stop = new AbortController()
    const reason = new CancelledError('SIGINT')
    world.runner.on('kubectl', inTurn(refused, hang))
    const running = patient({ ...world, runner: world.runner.until(stop.signal) }, 'east', 300).run(command)
    while (world.runner.calls.length < 2) await world.clock.sleep(0)
    stop.abort(reason)
    await expect(running).rejects.toBe(reason)
  })
})

test('a command that fails for good is not tried again', async () => {
  world.runner.on('kubectl', fails('Error from server (Invalid): no'))
  await expect(patient(world, 'east', 300).run(command)).rejects.toThrow(/\(Invalid\): no/)
  expect(world.runner.calls).toHaveLength(1)
})

describe('a user without rights', () => {
  test('is believed when an API server has said so for half a minute', async () => {
    world.runner.on('kubectl', inTurn(...times(60, refused), forbidden))
    await expect(patient(world, 'east', 300).run(command)).rejects.toThrow(/cannot list resource/)
    expect(world.clock.sleeps).toHaveLength(60 + 30)
  })

  test('may have them a moment later', async () => {
    world.runner.on('kubectl', inTurn(...times(29, forbidden), refused, ...times(29, forbidden), 'nodes'))
    expect(await patient(world, 'east', 300).run(command)).toBe('nodes')
  })

  test('who had them in between is believed anew', async () => {
    const { run } = patient(world, 'east', 300)
    world.runner.on('kubectl', inTurn(forbidden, 'nodes', forbidden, 'nodes'))
    await run(command)
    await world.clock.sleep(60)
    expect(await run(command)).toBe('nodes')
  })
})

describe('an API server that does not answer', () => {
  const silent = fails('some words\nUnable to connect: EOF\n')

  test('for ten seconds is told, once', async () => {
    world.runner.on('kubectl', ({ nth }) => {
      expect(world.log.infos).toHaveLength(world.clock.seconds > 1010 ? 1 : 0)
      return nth < 40 ? silent : 'nodes'
    })
    await patient(world, 'east', 300).run(command)
    expect(world.log.infos).toEqual(['east: its API server does not answer yet: Unable to connect: EOF'])
  })

  test('for a shorter time is not', async () => {
    world.runner.on('kubectl', inTurn(...times(10, silent), 'nodes'))
    await patient(world, 'east', 300).run(command)
    expect(world.log.infos).toEqual([])
  })
})
