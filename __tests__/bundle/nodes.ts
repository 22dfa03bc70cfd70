import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './machine.js'

/** A Node that the bundles are started with. */
export interface NodeUnderTest {
  readonly name: string
  /** @throws when it cannot be had */
  readonly program: () => string
}

/** The Node of the action's `using: node24`, and the one that runs the tests: the oldest that the command line takes. */
export const nodes: readonly NodeUnderTest[] = [
  { name: `Node ${process.versions.node.split('.')[0] ?? ''} of the tests`, program: () => process.execPath },
  { name: 'Node 24 of the action', program: node24 },
]

const home = join(projectRoot, '__tests__/bundle/node-24')
const program = join(home, 'node_modules', `node-linux-${process.arch}`, 'bin/node')

function node24(): string {
  const trouble = existsSync(program) ? '' : install()
  try {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' })
    if (version.startsWith('v24.')) return program
    throw new Error(`it is ${version}`)
  } catch (error) {
    throw new Error(
      `Node 24 cannot be had; mend it with: npm ci --prefix ${home}\n${trouble}${(error as Error).message}`,
      { cause: error },
    )
  }
}

/** Installs apart and moves the result, so that test files that do so at the same time do no harm. Returns what npm said. */
function install(): string {
  const apart = mkdtempSync(join(projectRoot, 'node_modules/.node-24-'))
  try {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(home, file), join(apart, file))
    const options = ['--prefix', apart, '--no-audit', '--no-fund', '--ignore-scripts']
    const { stderr, error } = spawnSync('npm', ['ci', ...options], { encoding: 'utf8', timeout: installMilliseconds })
    try {
      renameSync(join(apart, 'node_modules'), join(home, 'node_modules'))
    } catch {
      // npm made nothing, or another test file was first: looking for the program tells
    }
    return `${error === undefined ? '' : `npm ci: ${error.message}\n`}${stderr}`
  } finally {
    rmSync(apart, { recursive: true, force: true })
  }
}

/** Longest time to install Node 24. */
export const installMilliseconds = 120_000
