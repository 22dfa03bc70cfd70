import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { programs, projectRoot } from './machine.js'

const milliseconds = 60_000

const home = mkdtempSync(join(tmpdir(), 'kfn-install-'))
const environment = { PATH: `${dirname(process.execPath)}:${String(process.env['PATH'])}`, HOME: home }
const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string }

afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

function run(program: string, args: readonly string[], cwd = home): string {
  return execFileSync(program, args, { cwd, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Installs for all directories, as far as that needs nothing from a registry. */
function install(what: string, cwd: string): string {
  const prefix = mkdtempSync(join(home, 'prefix-'))
  run('npm', ['install', '--global', '--prefix', prefix, '--offline', '--no-audit', '--no-fund', what], cwd)
  return join(prefix, 'bin/kind-flat-network')
}

describe('the package', () => {
  let packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] }
  beforeAll(() => {
    const output = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', home], projectRoot)
    ;[packed] = JSON.parse(output) as [typeof packed]
  }, milliseconds)

  test('holds the command line, and nothing of the action', () => {
    expect(packed.files.map(({ path }) => path).sort()).toEqual([
      'LICENSE',
      'README.md',
      'dist/cli/kind-flat-network.mjs',
      'dist/cli/licenses.txt',
      'kind-flat-network.schema.json',
      'package.json',
    ])
  })

  test(
    'installs without fetching anything, and runs',
    () => {
      expect(run(install(join(home, packed.filename), home), ['--version'])).toBe(`${version}\n`)
    },
    milliseconds,
  )
})

test(
  'npm install --global . makes a command of a checkout',
  () => {
    expect(run(install('.', projectRoot), ['--version'])).toBe(`${version}\n`)
  },
  milliseconds,
)

describe('the one file', () => {
  test('runs where it is copied, under another name, among modules of another kind', () => {
    const directory = join(home, 'other')
    mkdirSync(directory)
    writeFileSync(join(directory, 'package.json'), '{ "type": "commonjs" }')
    copyFileSync(programs.cli, join(directory, 'flat.mjs'))
    expect(run(join(directory, 'flat.mjs'), ['--version'])).toBe(`${version}\n`)
    expect(run(join(directory, 'flat.mjs'), ['up', '--help'])).toMatch(/^Usage: kind-flat-network up/)
  })

  test('runs through a link, from another directory', () => {
    symlinkSync(programs.cli, join(home, 'link'))
    expect(run(join(home, 'link'), ['--version'], tmpdir())).toBe(`${version}\n`)
  })
})
