import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundles, dist } from './machine.js'

describe.each(bundles)('dist/%s', (bundle) => {
  test('holds no import that was not found', () => {
    expect(readFileSync(join(dist, bundle, 'index.js'), 'utf8')).not.toMatch(/webpackMissingModule|@@notfound/)
  })

  test('is loaded as a module', () => {
    expect(JSON.parse(readFileSync(join(dist, bundle, 'package.json'), 'utf8'))).toEqual({ type: 'module' })
  })
})
