import { expect, test } from '@jest/globals'
import { CancelledError, CommandError } from '../../../src/errors.js'
import { planWiring } from '../../../src/plan/wiring.js'
import { connect } from '../../../src/steps/connect.js'
import { clusters, record, runningNodes } from '../../fakes/build.js'
import { fails, hang } from '../../fakes/recording-runner.js'
import { fakeWorld } from '../../fakes/world.js'

const made = record({ clusters: clusters(['east', 1, 2], ['west', 1, 0]) })
const wirings = planWiring(made, runningNodes(made))

test('wires every node with one exec, all at the same time', async () => {
  const world = fakeWorld()
  let release: (output: string) => void = () => undefined
  const gate = new Promise<string>((resolve) => (release = resolve))
  world.runner.on('docker exec', () => gate)
  const done = connect(world, wirings)
  expect(world.runner.calls.map(({ command }) => command[2])).toEqual(wirings.map(({ node }) => node))
  release('')
  await done
  expect(world.runner.calls).toHaveLength(4)
})

test('names every node that failed, with its cause, after all have ended', async () => {
  const world = fakeWorld()
  world.runner.on('docker exec', '')
  world.runner.on(
    'exec east-worker2',
    fails('RTNETLINK answers: Network is unreachable\nCommand failed -:1', 'exit code 2'),
  )
  world.runner.on('exec west-control-plane', fails('Error: No such container: west-control-plane'))
  const failure = await connect(world, wirings).catch((error: unknown) => error as Error)
  const message = (failure as Error).message.split('\n')
  expect(message[0]).toMatch(/^node east-worker2 was not wired: docker exec east-worker2 .*: exit code 2$/)
  expect(message.slice(1, 3)).toEqual(['  RTNETLINK answers: Network is unreachable', '  Command failed -:1'])
  expect(message[3]).toMatch(/^node west-control-plane was not wired: .*: exit code 1$/)
  expect((failure as Error).cause).toBeInstanceOf(CommandError)
  expect(world.runner.calls.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'failed', 'failed'])
})

test('a run that is stopped throws the stop itself, whatever failed besides', async () => {
  const world = fakeWorld()
  world.runner.on('docker exec', hang)
  world.runner.on('exec east-worker', fails('x'))
  const stop = new AbortController()
  const wiring = connect({ ...world, runner: world.runner.until(stop.signal) }, wirings)
  const reason = new CancelledError('SIGINT')
  stop.abort(reason)
  await expect(wiring).rejects.toBe(reason)
})
