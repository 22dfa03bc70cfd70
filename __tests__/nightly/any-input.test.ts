import { afterAll, beforeAll, test } from '@jest/globals'
import { KindParser } from '../e2e/support/kind-parser.js'
import type { Amount } from '../fuzz/fuzz.js'
import { properties } from '../fuzz/properties.js'

const { FUZZ_RUNS, FUZZ_SEED, FUZZ_PATH } = process.env

const amount: Amount = {
  runs: Number(FUZZ_RUNS ?? 10_000),
  ...(FUZZ_SEED !== undefined && { seed: Number(FUZZ_SEED) }),
  ...(FUZZ_PATH !== undefined && { path: FUZZ_PATH }),
  // at once, so that the seed is known when the process ends before the test does
  log: (line) => process.stderr.write(`${line}\n`),
}

let kind: KindParser

beforeAll(() => {
  kind = new KindParser()
})

afterAll(() => kind.end())

test.each(Object.entries(properties))(
  '%s',
  async (_, fuzz) => {
    await fuzz(amount, kind)
  },
  1_800_000,
)
