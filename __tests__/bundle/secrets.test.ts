import { beforeAll, describe, expect, test } from '@jest/globals'
import { rmSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { LoopbackServer, plain, whole } from '../fakes/loopback-server.js'
import { jsonLines, messages, onMachine, runnerFiles, type Machine, type Outcome } from './machine.js'
import { actionNode, installMilliseconds } from './nodes.js'

const testMilliseconds = 60_000

const path = `/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-${arch() === 'x64' ? 'amd64' : arch()}`

/** All that a process shows, without the lines that tell the runner what to hide. */
function shownBy({ stdout, stderr }: Outcome): string {
  return [stdout, stderr].join('\n').replace(/^::add-mask::.*$/gm, '')
}

describe('user and password of a mirror are used and not shown', () => {
  let node: string
  beforeAll(() => {
    node = actionNode.program()
  }, installMilliseconds)

  /** A machine whose kind is on a mirror with a login, and the inputs that name it. */
  async function mirrored(
    test: (machine: Machine, inputs: Readonly<Record<string, string>>, server: LoopbackServer) => Promise<void>,
  ): Promise<void> {
    const server = await LoopbackServer.start()
    const inputs = {
      clusters: '1',
      wait: '30s',
      'download-mirror': server.address.replace('//', '//robot:s3%40cret@'),
      'kind-version': '0.33.0',
      'kind-sha256': 'a'.repeat(64),
    }
    await onMachine(node, async (machine) => {
      server.on(path, whole(machine.read('bin/kind')))
      rmSync(machine.path('bin/kind'))
      await test(machine, inputs, server)
    }).finally(() => server.close())
  }

  const login = `Basic ${Buffer.from('robot:s3@cret').toString('base64')}`
  const secret = /robot|s3%40cret|s3@cret/

  test(
    'by the action: a wrong checksum, a bad input, the debug log and the summary',
    () =>
      mirrored(async (machine, inputs, server) => {
        const env = { RUNNER_DEBUG: '1', RUNNER_TOOL_CACHE: machine.path('tools') }
        const wrong = await machine.main(inputs, env)
        expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([login])
        expect(messages('error', wrong)).toEqual([
          expect.stringMatching(/^http:\/\/\*\*\*@127\.0\.0\.1:\d+\/\S+: has SHA-256 /),
        ])
        expect(wrong.stdout.match(/^::add-mask::.*$/gm)).toEqual(['::add-mask::s3%2540cret', '::add-mask::s3@cret'])
        server.on(path, plain(404))
        const missing = await machine.main({ ...inputs, 'kind-sha256': '', 'kind-version': '0.99.0' }, env)
        expect(messages('error', missing)).toEqual([expect.stringContaining('download-mirror: "http://***@127.0.0.1:')])
        const bad = await machine.main({ 'download-mirror': 'https://robot:s3@cret/x@host?key=s3%40cret' }, env)
        expect(messages('error', bad)).toEqual([expect.stringContaining('download-mirror: "https://***@')])
        expect(bad.stdout).toMatch(/^::add-mask::s3%2540cret$/m)
        for (const outcome of [wrong, missing, bad]) expect(shownBy(outcome)).not.toMatch(secret)
        expect(machine.read(runnerFiles.GITHUB_STEP_SUMMARY)).not.toMatch(secret)
        expect(machine.read(runnerFiles.GITHUB_STATE)).not.toMatch(secret)
      }),
    testMilliseconds,
  )

  test(
    'by the command line: plan, problems, failures and commands',
    () =>
      mirrored(async (machine, inputs) => {
        const flags = Object.entries(inputs).flatMap(([name, value]) => [`--${name}`, value])
        const outcomes = await Promise.all([
          machine.cli('plan', ...flags, '--debug'),
          machine.cli('plan', ...flags, '--json'),
          machine.cli('up', ...flags, '--debug'),
          machine.cli('up', ...flags, '--json', '--debug'),
          machine.cli('plan', ...flags, '--registry-mirror', 'robot:s3@cret@host/hub'),
          machine.cli('plan', ...flags, '--registry-mirror', 'robot:s3@cret@host/hub', '--json'),
          machine.cli('plan', '--download-miror=http://robot:s3@cret@host'),
        ])
        expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 1, 1, 2, 2, 2])
        for (const outcome of outcomes) {
          expect(shownBy(outcome)).toContain('***@')
          expect(shownBy(outcome)).not.toMatch(secret)
        }
      }),
    testMilliseconds,
  )

  test(
    'and a file that is given by its name is not shown',
    () =>
      onMachine(node, async (machine) => {
        writeFileSync(machine.path('work/secret.json'), '{"token": "s3@cret"}')
        writeFileSync(machine.path('work/secret.txt'), 's3@cret')
        writeFileSync(machine.path('work/c.yaml'), 's3@cret: [')
        const outcomes = await Promise.all([
          machine.main({ clusters: 'secret.json' }),
          machine.cli('plan', '--clusters', 'secret.json', '--json'),
          machine.cli('plan', '--config', 'secret.txt'),
          machine.cli('plan', '--file', 'c.yaml'),
        ])
        for (const outcome of outcomes) {
          expect(shownBy(outcome)).toMatch(/secret\.(json|txt)|c\.yaml/)
          expect(shownBy(outcome)).not.toMatch(secret)
        }
        const [, asJson] = outcomes
        expect(jsonLines(asJson ?? { stdout: '' }).at(-1)).toMatchObject({
          problems: [{ input: 'clusters', value: 'secret.json' }],
        })
      }),
    testMilliseconds,
  )
})
