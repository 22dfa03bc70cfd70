import { describe, expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dist, programs } from './machine.js'

const bundles = Object.keys(programs)

describe.each(bundles)('dist/%s', (bundle) => {
  test('holds no import that was not found', () => {
    const files = readdirSync(join(dist, bundle)).filter((file) => /\.m?js$/.test(file))
    const imported = files.map((file) => readFileSync(join(dist, bundle, file), 'utf8'))
    for (const text of imported) expect(text).not.toMatch(/webpackMissingModule|@@notfound/)
    // main and post load the library of the cache when they use it; the command line is one file
    expect(files).toEqual(
      bundle === 'cli' ? ['kind-flat-network.mjs'] : [expect.stringMatching(/^\d+\.index\.js$/), 'index.js'],
    )
  })
})

test.each(bundles.filter((bundle) => bundle !== 'cli'))('dist/%s is loaded as a module', (bundle) => {
  expect(JSON.parse(readFileSync(join(dist, bundle, 'package.json'), 'utf8'))).toEqual({ type: 'module' })
})
