import { test } from '@jest/globals'
import { properties } from '../fuzz/properties.js'

/** The same inputs each time, so that a change is what makes a test fail. The nightly run tries others. */
test.each(Object.entries(properties))(
  '%s',
  async (_, fuzz) => {
    await fuzz({ runs: 200, seed: 1 })
  },
  300_000,
)
