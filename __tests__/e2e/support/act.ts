import { expect } from '@jest/globals'
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import { docker, nodeImage } from './engine.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Image of jobs that run in a container; the testbed has one of its own. */
export const runnerImage = nodeImage === '' ? 'catthehacker/ubuntu:act-latest' : 'flat-network/runner'
/** Where act runs jobs: its host mode, and in a container that shares the machine's network. */
export const modes = ['on the machine', 'in a container'] as const
export type Mode = (typeof modes)[number]

/**
 * Lets act run a workflow, which must succeed.
 * @param workflow path in the repository
 * @param environment of all steps
 * @returns what act printed, job summaries too
 */
export async function act(
  workflow: string,
  mode: Mode,
  environment: Readonly<Record<string, string>>,
  ...parameters: string[]
): Promise<string> {
  const volumes = await docker('volume', 'ls', '--quiet')
  const { exitCode, all } = await execa(
    'act',
    [
      'push',
      `--workflows=${workflow}`,
      `--platform=ubuntu-latest=${mode === 'in a container' ? runnerImage : '-self-hosted'}`,
      `--pull=${String(nodeImage === '')}`,
      '--rm',
      '--concurrent-jobs=1',
      '--cache-server-addr=127.0.0.1',
      ...Object.entries(environment).map(([name, value]) => `--env=${name}=${value}`),
      ...parameters,
    ],
    { cwd: root, all: true, reject: false, timeout: 400_000 },
  )
  // act keeps it for its next containers
  if (!volumes.split('\n').includes('act-toolcache')) await docker('volume', 'rm', '--force', 'act-toolcache')
  // what act printed last belongs into the report of a failure
  expect({ exitCode, said: exitCode === 0 ? '' : all.slice(-6000) }).toEqual({ exitCode: 0, said: '' })
  return all
}
