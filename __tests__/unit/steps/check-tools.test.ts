import { expect, test } from '@jest/globals'
import { CancelledError } from '../../../src/errors.js'
import { checkTools } from '../../../src/steps/check-tools.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fails } from '../../fakes/recording-runner.js'
import { fakeWorld } from '../../fakes/world.js'

test('tells the versions of the tools', async () => {
  const world = fakeWorld()
  new FakeEngine(world)
  await checkTools(world)
  expect(world.log.infos).toEqual(['docker 28.3.0, kind 0.33.0, kubectl v1.34.4'])
})

test('names every tool that is missing or does not run', async () => {
  const world = fakeWorld()
  world.runner.on('docker --version', fails('', 'no such program on the PATH'))
  world.runner.on('kind version', fails('', 'no such program on the PATH'))
  world.runner.on('kubectl version', fails('exec format error', 'exit code 126'))
  await expect(checkTools(world)).rejects.toThrow(
    new Error(
      'docker is needed and does not run (no such program on the PATH); put it on the PATH\n' +
        'kind is needed and does not run (no such program on the PATH); put it on the PATH\n' +
        'kubectl is needed and does not run (exit code 126); put it on the PATH',
    ),
  )
  expect(world.log.infos).toEqual([])
})

test('does not take being stopped for a missing tool', async () => {
  const world = fakeWorld()
  new FakeEngine(world)
  const runner = world.runner.until(AbortSignal.abort(new CancelledError('SIGHUP')))
  await expect(checkTools({ ...world, runner })).rejects.toThrow(new CancelledError('SIGHUP'))
})
