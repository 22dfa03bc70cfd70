import { afterEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { tmpdir, userInfo } from 'node:os'
import { relative } from 'node:path'
import { createActionsCache } from '../../../src/adapters/actions-cache.js'
import { directoryIn, homeDirectory, temporaryDirectory } from '../../../src/adapters/directories.js'

const temporary = process.env['TMPDIR']
afterEach(() => {
  if (temporary === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = temporary
})

describe.each(['', 'relative', './here', '~/.cache'])('a variable that is %j', (value) => {
  test('names no directory', () => {
    expect(directoryIn('XDG_CACHE_HOME', { XDG_CACHE_HOME: value })).toBeUndefined()
  })

  test('is not the home directory: the system knows it', () => {
    expect(homeDirectory({ HOME: value })).toBe(userInfo().homedir)
  })

  test('is not the directory of temporary files', () => {
    process.env['TMPDIR'] = value
    expect(temporaryDirectory({ RUNNER_TEMP: value })).toBe('/tmp')
  })

  test('is not the workspace: the key of the cache stays that of the working directory', () => {
    const at = (environment: Record<string, string>) => createActionsCache('/home/me', environment).discard('none')
    return expect(at({ GITHUB_WORKSPACE: value })).resolves.toBe(`gh cache delete none-${place(process.cwd())}`)
  })
})

function place(workspace: string): string {
  const root = '/home/me/.cache/kind-flat-network/images'
  return createHash('sha256').update(relative(workspace, root)).digest('hex').slice(0, 8)
}

test('an absolute path is the directory', () => {
  expect(directoryIn('XDG_CACHE_HOME', { XDG_CACHE_HOME: '/x y' })).toBe('/x y')
  expect(homeDirectory({ HOME: '/home/other' })).toBe('/home/other')
  expect(temporaryDirectory({ RUNNER_TEMP: '/runner' })).toBe('/runner')
  expect(temporaryDirectory({})).toBe(tmpdir())
})
