import { describe, expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dist, programs } from './machine.js'

const bundles = Object.keys(programs)

describe.each(bundles)('dist/%s', (bundle) => {
  test('holds no import that was not found', () => {
    const programs = readdirSync(join(dist, bundle)).filter((file) => file.endsWith('.js'))
    const imported = programs.map((file) => readFileSync(join(dist, bundle, file), 'utf8'))
    for (const text of imported) expect(text).not.toMatch(/webpackMissingModule|@@notfound/)
    // main and post load the library of the cache when they use it
    expect(programs.filter((file) => file !== 'index.js').map((file) => /^\d+\.index\.js$/.test(file))).toEqual(
      bundle === 'cli' ? [] : [true],
    )
  })

  test('is loaded as a module', () => {
    expect(JSON.parse(readFileSync(join(dist, bundle, 'package.json'), 'utf8'))).toEqual({ type: 'module' })
  })
})
