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

/** The Node of the action's `using: node24`: enough for what no Node does differently. */
export const actionNode: NodeUnderTest = { name: 'Node 24 of the action', program: node24 }

/** That, and the Node that runs the tests. */
export const nodes: readonly NodeUnderTest[] = [
  { name: `Node ${process.versions.node.split('.')[0] ?? ''} of the tests`, program: () => process.execPath },
  actionNode,
]

/** Longest time until Node 24 is there. */
export const installMilliseconds = 120_000

const home = join(projectRoot, '__tests__/bundle/node-24')

function programIn(directory: string): string {
  return join(directory, `node_modules/node-linux-${process.arch}/bin/node`)
}

function node24(): string {
  const program = programIn(home)
  const said = existsSync(program) ? '' : install()
  try {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' })
    if (version.startsWith('v24.')) return program
    throw new Error(`it is ${version}`)
  } catch (error) {
    const reasons = [said, (error as Error).message].filter((text) => text !== '').join('\n')
    throw new Error(`Node 24 cannot be had; try: npm ci --prefix ${home}\n${reasons}`, { cause: error })
  }
}

/** Installs apart and moves the result, so that test files doing so at the same time do no harm. Returns npm's words. */
function install(): string {
  const apart = mkdtempSync(join(projectRoot, 'node_modules/.node-24-'))
  try {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(home, file), join(apart, file))
    const parameters = ['ci', '--prefix', apart, '--no-audit', '--no-fund', '--ignore-scripts']
    const bounds = { encoding: 'utf8', timeout: installMilliseconds - 10_000 } as const
    const { stderr, error } = spawnSync('npm', parameters, bounds)
    // npm succeeds without an optional package that it could not get
    if (existsSync(programIn(apart)) && !existsSync(programIn(home))) {
      rmSync(join(home, 'node_modules'), { recursive: true, force: true })
      renameSync(join(apart, 'node_modules'), join(home, 'node_modules'))
    }
    const missing = existsSync(programIn(home)) ? '' : 'npm ci got no such package: is the registry within reach?'
    return [error?.message ?? '', stderr.trim(), missing].filter((text) => text !== '').join('\n')
  } finally {
    rmSync(apart, { recursive: true, force: true })
  }
}
