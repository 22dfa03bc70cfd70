import { expect, test } from '@jest/globals'
import { CancelledError } from '../../../src/errors.js'
import { allOrNone } from '../../../src/steps/all-or-none.js'
import { fails, hang, RecordingRunner } from '../../fakes/recording-runner.js'

test('gives every result, in the order of the works and not of their ends', async () => {
  const runner = new RecordingRunner()
  let release: (output: string) => void = () => undefined
  runner.on('late', () => new Promise<string>((resolve) => (release = resolve))).on('early', 'one')
  const results = allOrNone<{ runner: typeof runner }, [string, number]>({ runner } as never, [
    (live) => live.runner.run(['late']),
    async (live) => (await live.runner.run(['early'])).length,
  ])
  setImmediate(() => {
    release('two')
  })
  expect(await results).toEqual(['two', 3])
})

test('the first failure ends the commands of the others and is told to them, and is what is thrown', async () => {
  const runner = new RecordingRunner().on('slow', hang)
  const reason = new Error('no space left')
  const told: unknown[] = []
  const failure = await allOrNone({ runner }, [
    (live, ended) =>
      live.runner.run(['slow']).catch((error: unknown) => {
        told.push(ended.reason)
        throw error
      }),
    () => Promise.reject(reason),
  ]).catch((error: unknown) => error)
  expect([failure, ...told]).toEqual([reason, reason])
  expect(runner.calls.map(({ outcome }) => outcome)).toEqual(['stopped'])
})

test('nothing goes on behind a failure: it waits until the others have ended', async () => {
  const runner = new RecordingRunner().on('bad', fails('no'))
  let tidied = false
  await allOrNone({ runner }, [
    (live) => live.runner.run(['bad']),
    (_, ended) =>
      new Promise((resolve) => {
        ended.addEventListener('abort', () => {
          setImmediate(() => {
            tidied = true
            resolve('')
          })
        })
      }),
  ]).catch(() => undefined)
  expect(tidied).toBe(true)
})

test('a run that is stopped ends all of it by the stop itself', async () => {
  const runner = new RecordingRunner().on('slow', hang)
  const stop = new AbortController()
  const running = allOrNone({ runner: runner.until(stop.signal) }, [(live) => live.runner.run(['slow'])])
  const reason = new CancelledError('SIGTERM')
  stop.abort(reason)
  await expect(running).rejects.toBe(reason)
})
