import { beforeAll, describe, expect, test } from '@jest/globals'
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { messages, onMachine, type Machine, type Outcome, type Start } from './machine.js'
import { actionNode, installMilliseconds, nodes } from './nodes.js'

const testMilliseconds = 60_000

const two = ['--clusters', '[alpha, beta]', '--wait', '30s']

type Output = Pick<Start, 'stdout' | 'stderr'>

/** Runs a command with standard output or standard error on a file. */
async function withOutput(
  machine: Machine,
  stream: keyof Output,
  [path, flags]: readonly [string, 'w' | 'r'],
  ...args: readonly string[]
): Promise<Outcome> {
  const descriptor = openSync(path, flags)
  try {
    return await machine.startCliWith({ [stream]: descriptor }, ...args).ended
  } finally {
    closeSync(descriptor)
  }
}

const full = ['/dev/full', 'w'] as const

describe('a result that cannot be written', () => {
  let node: string
  beforeAll(() => {
    node = actionNode.program()
  }, installMilliseconds)

  const message = 'cannot write to standard output: ENOSPC: no space left on device, write\n'

  test.each([
    '--help',
    '--version',
    'up --help',
    'completion bash',
    'plan',
    'plan --json',
    'list',
    'list --json',
    'prune',
    'prune --json',
  ])(
    '%s is no success',
    (line) =>
      onMachine(node, async (machine) => {
        const { code, stderr } = await withOutput(machine, 'stdout', full, ...line.split(' '))
        expect({ code, stderr }).toEqual({
          code: 1,
          stderr: expect.stringMatching(new RegExp(`^( {2}.*\n)*${message}$`)),
        })
      }),
    testMilliseconds,
  )

  test(
    'nor where the descriptor is not one to write to',
    () =>
      onMachine(node, async (machine) => {
        const { code, stderr } = await withOutput(machine, 'stdout', ['/dev/null', 'r'], 'list')
        expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('standard output: EBADF: ') })
      }),
    testMilliseconds,
  )

  test.each(['down', 'down --json'])(
    '%s removes all the same',
    (line) =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        machine.addRun('aaaa0000', 'one')
        mkdirSync(machine.path('state/kind-flat-network/aaaa0000'), { recursive: true })
        const { code, stderr } = await withOutput(machine, 'stdout', full, ...line.split(' '))
        expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) })
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'what failed besides is told on standard error, with its exit code',
    () =>
      onMachine(node, async (machine) => {
        const wrong = await withOutput(machine, 'stdout', full, 'down', '--run', 'feedbeef', '--json')
        expect(wrong).toMatchObject({
          code: 2,
          stderr: `run: "feedbeef" is no flat network here; there are none\n${message}`,
        })
      }),
    testMilliseconds,
  )

  test(
    'up stays and says so, and verify and repair fail',
    () =>
      onMachine(node, async (machine) => {
        const { code, stderr } = await withOutput(machine, 'stdout', full, 'up', ...two)
        const [run = ''] = machine.recorded()
        expect({ code, stderr }).toEqual({
          code: 1,
          stderr: expect.stringContaining(
            `flat network ${run} was created and stays; to remove it: kind-flat-network down --run ${run}\n${message}`,
          ),
        })
        for (const args of [['verify'], ['verify', '--json'], ['repair'], ['repair', '--json']]) {
          const again = await withOutput(machine, 'stdout', full, ...args)
          expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining(message) })
        }
        expect(machine.engine().pods).toEqual([])
        expect(await machine.cli('verify')).toMatchObject({ code: 0 })
      }),
    testMilliseconds,
  )

  test(
    'up --json whose lines cannot be written ends and removes everything',
    () =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        const { code, stderr } = await withOutput(machine, 'stdout', full, 'up', ...two, '--json')
        expect({ code, stderr }).toEqual({ code: 1, stderr: message })
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
        expect(machine.changes()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'standard error that cannot be written changes nothing',
    () =>
      onMachine(node, async (machine) => {
        const { code, stdout } = await withOutput(machine, 'stderr', full, 'up', ...two)
        expect(code).toBe(0)
        expect(stdout).toContain('2/2 pod pairs reachable')
      }),
    testMilliseconds,
  )

  test.each(['list', 'list --json', 'plan --json'])(
    '%s succeeds when its reader goes away: that is its own choice',
    (line) =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [{ match: '^docker ps', delaySeconds: 1 }] })
        const running = machine.startCli(...line.split(' '))
        await machine.until(/^docker ps/)
        running.closeOutput()
        expect(await running.ended).toMatchObject({ code: 0, stderr: expect.not.stringContaining('cannot write') })
      }),
    testMilliseconds,
  )

  test(
    'Ctrl-C ends a command whose reader does not read on',
    () =>
      onMachine(node, async (machine) => {
        const running = machine.startCli(...large)
        await running.stopReading()
        running.kill('SIGINT')
        expect((await running.ended).code).toBe(130)
      }),
    testMilliseconds,
  )

  test.each([
    { what: 'outputs', variable: 'GITHUB_OUTPUT' },
    { what: 'variables', variable: 'GITHUB_ENV' },
  ])(
    'the action fails when its $what cannot be written, and post removes what it made',
    ({ variable }) =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        const main = await machine.main({ clusters: '[alpha]', wait: '30s' }, { [variable]: '/dev/full' })
        expect({ code: main.code, errors: messages('error', main) }).toEqual({
          code: 1,
          errors: [`cannot write to the runner's file ${variable} (/dev/full): ENOSPC: no space left on device, write`],
        })
        expect(await machine.post()).toMatchObject({ code: 0 })
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'the action makes nothing when its state cannot be written',
    () =>
      onMachine(node, async (machine) => {
        const missing = machine.path('none/state')
        const main = await machine.main({ clusters: '[alpha]' }, { GITHUB_STATE: missing })
        expect({ code: main.code, errors: messages('error', main) }).toEqual({
          code: 1,
          errors: [`cannot write to the runner's file GITHUB_STATE (${missing}): Missing file at path: ${missing}`],
        })
        expect(machine.changes()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'the action only warns when its summary cannot be written',
    () =>
      onMachine(node, async (machine) => {
        const main = await machine.main({ clusters: '[alpha]', wait: '30s' }, { GITHUB_STEP_SUMMARY: '/dev/full' })
        expect({ code: main.code, errors: messages('error', main) }).toEqual({ code: 0, errors: [] })
        expect(messages('warning', main)).toEqual([expect.stringMatching(/^no job summary: ENOSPC/)])
      }),
    testMilliseconds,
  )
})

/** More than a pipe holds. */
const large = ['plan', '--clusters', '9', '--workers', '100', '--pod-supernet', '10.0.0.0/8']

describe.each(nodes)('a large result on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  test(
    'is whole in a pipe and in a file',
    () =>
      onMachine(node, async (machine) => {
        const piped = await machine.cli(...large)
        expect(piped.code).toBe(0)
        expect(piped.stdout.length).toBeGreaterThan(400_000)
        const { clusters } = JSON.parse(piped.stdout) as { clusters: unknown[] }
        expect(clusters).toHaveLength(9)
        expect(await withOutput(machine, 'stdout', [machine.path('plan.json'), 'w'], ...large)).toMatchObject({
          code: 0,
        })
        expect(machine.read('plan.json')).toHaveLength(piped.stdout.length)
      }),
    testMilliseconds,
  )

  test(
    'that is cut off, because the disk is full then, is no success',
    () =>
      onMachine(node, async (machine) => {
        // a limit for the size of files does what a full disk does: it takes the first part
        const through = ['/bin/bash', '-c', 'ulimit -f 200; exec "$0" "$@" > plan.json']
        const { code, stderr } = await machine.startCliWith({ through }, ...large).ended
        expect(statSync(machine.path('work/plan.json')).size).toBe(200 * 1024)
        expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('standard output: EFBIG: ') })
      }),
    testMilliseconds,
  )
})
