import { expect, test } from '@jest/globals'
import { whenAllEnd } from '../../../src/steps/when-all-end.js'

/** Ends after so many turns. */
async function after<T>(turns: number, end: () => T): Promise<T> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  return end()
}

const fail = (message: string) => () => {
  throw new Error(message)
}

test('returns all results in the order they were given', async () => {
  expect(await whenAllEnd([after(3, () => 'a'), after(0, () => undefined), after(1, () => 'c')])).toEqual([
    'a',
    undefined,
    'c',
  ])
})

test('throws the failure that came first, after the last has ended', async () => {
  let ended = false
  const last = after(5, () => (ended = true))
  await expect(whenAllEnd([after(3, fail('later')), after(1, fail('first')), last])).rejects.toThrow('first')
  expect(ended).toBe(true)
})
