import { beforeAll, describe, expect, test } from '@jest/globals'
import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonLines, messages, onMachine, type Machine, type Running } from './machine.js'
import { actionNode, installMilliseconds } from './nodes.js'

const testMilliseconds = 90_000

/** Longer than a second signal may take to be that of the same key. */
const anotherKeyMilliseconds = 400

const two = ['--clusters', '[alpha, beta]', '--wait', '30s']

/** Makes a run of which nobody knows more than its directory. */
function addRunOfHere(machine: Machine): Promise<void> {
  machine.addRun('aaaa0000', 'one')
  mkdirSync(machine.path('state/kind-flat-network/aaaa0000'), { recursive: true })
  return Promise.resolve()
}

async function makeTwo(machine: Machine): Promise<void> {
  expect(await machine.cli('up', ...two)).toMatchObject({ code: 0 })
}

const nothing = () => Promise.resolve()

/** Every command that starts others, and one of these. */
const verbs = [
  { verb: 'plan', hangs: '^docker ps', before: nothing },
  { verb: 'up', hangs: '^docker ps', before: nothing },
  { verb: 'list', hangs: '^docker ps', before: nothing },
  { verb: 'prune', hangs: '^docker image ls', before: nothing },
  { verb: 'down', hangs: '^docker rm', before: addRunOfHere },
  { verb: 'verify', hangs: '^kubectl .*apply', before: makeTwo },
  { verb: 'repair', hangs: '^docker exec', before: makeTwo },
] as const

const list = { verb: 'list', hangs: '^docker ps', before: nothing } as const

describe('a command that is interrupted', () => {
  let node: string
  beforeAll(() => {
    node = actionNode.program()
  }, installMilliseconds)

  /** Starts a command and returns once what it started hangs. */
  async function hanging(
    machine: Machine,
    { verb, hangs, before }: { verb: string; hangs: string; before: (machine: Machine) => Promise<void> },
    { heedless = false, args = [] }: { heedless?: boolean; args?: readonly string[] } = {},
  ): Promise<Running> {
    await before(machine)
    const pattern = new RegExp(hangs)
    const calls = machine.calls().filter(({ line }) => pattern.test(line)).length
    machine.script({ rules: [{ match: hangs, delaySeconds: 50, heedless }] })
    const running = machine.startCliWith({ ownGroup: true }, verb, ...args)
    await machine.until(pattern, calls + 1)
    return running
  }

  test.each(verbs.flatMap((verb) => [false, true].map((whole) => ({ ...verb, whole }))))(
    '$verb ends with all that it started (whole foreground group: $whole)',
    ({ whole, ...verb }) =>
      onMachine(node, async (machine) => {
        const running = await hanging(machine, verb)
        process.kill((whole ? -1 : 1) * Number(running.pid), 'SIGINT')
        const { code, stdout, stderr } = await running.ended
        expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
        expect(stderr).toMatch(/^stopped by SIGINT/m)
        await machine.untilQuiet()
      }),
    testMilliseconds,
  )

  test.each([
    { ...list, signal: 'SIGTERM', exitCode: 143 },
    { ...list, signal: 'SIGHUP', exitCode: 129 },
    { ...verbs[1], signal: 'SIGTERM', exitCode: 143 },
    { ...verbs[1], signal: 'SIGHUP', exitCode: 129 },
  ] as const)(
    '$verb: exit code $exitCode for $signal, also in the JSON error line',
    ({ signal, exitCode, ...verb }) =>
      onMachine(node, async (machine) => {
        const running = await hanging(machine, verb, { args: ['--json'] })
        running.kill(signal)
        const outcome = await running.ended
        expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code: exitCode, stderr: '' })
        expect(jsonLines(outcome).at(-1)).toEqual({ type: 'error', message: `stopped by ${signal}`, exitCode })
        await machine.untilQuiet()
      }),
    testMilliseconds,
  )

  test(
    'what does not heed SIGTERM is killed',
    () =>
      onMachine(node, async (machine) => {
        const running = await hanging(machine, list, { heedless: true })
        running.kill('SIGINT')
        expect((await running.ended).code).toBe(130)
        await machine.untilQuiet()
      }),
    testMilliseconds,
  )

  test(
    'so is what the one that ended had started',
    () =>
      onMachine(node, async (machine) => {
        const call = JSON.stringify({ line: 'docker stuck', argv: [], stdin: '', pid: 0 })
        const heedless = `(trap '' TERM; echo '${call}' >> ${machine.path('calls.jsonl')}; exec /bin/sleep 50)`
        const script = ['#!/bin/bash', `${heedless} < /dev/null &> /dev/null &`, 'exec /bin/sleep 50']
        writeFileSync(machine.path('bin/docker'), `${script.join('\n')}\n`)
        const running = machine.startCli('list')
        await machine.until(/^docker stuck/)
        running.kill('SIGINT')
        expect((await running.ended).code).toBe(130)
        await machine.untilQuiet()
      }),
    testMilliseconds,
  )

  test.each([{ args: ['--run', 'aaaa0000'] }, { args: [] }, { args: ['--all'] }])(
    'down $args keeps the record and says how to go on, and does so',
    ({ args }) =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        const running = await hanging(machine, verbs[4], { args })
        running.kill('SIGINT')
        const { code, stderr } = await running.ended
        const goOn = args.includes('--all') ? 'down --all' : 'down --run aaaa0000'
        expect({ code, last: stderr.trimEnd().split('\n').at(-1) }).toEqual({
          code: 130,
          last: `stopped by SIGINT; to remove the rest: kind-flat-network ${goOn}`,
        })
        await machine.untilQuiet()
        expect(machine.recorded()).toEqual(['aaaa0000'])
        machine.script({})
        expect(await machine.cli(...goOn.split(' '))).toMatchObject({ code: 0 })
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  const removingProbe = /^kubectl .* delete /

  test.each([
    { verb: 'up', args: two, before: nothing },
    { verb: 'verify', args: [], before: makeTwo },
    { verb: 'repair', args: [], before: makeTwo },
  ])(
    '$verb is stopped also while it removes its probe',
    ({ verb, args, before }) =>
      onMachine(node, async (machine) => {
        await before(machine)
        const [engine, recorded] = [machine.engine(), machine.recorded()]
        const removals = machine.calls().filter(({ line }) => removingProbe.test(line)).length
        machine.script({ rules: [{ match: removingProbe.source, delaySeconds: 4 }] })
        const running = machine.startCli(verb, ...args)
        await machine.until(removingProbe, removals + 2)
        // by then nothing else is under way that would be ended
        await sleep(1500)
        running.kill('SIGINT')
        const { code, stdout, stderr } = await running.ended
        expect({ code, stdout, last: stderr.trimEnd().split('\n').at(-1) }).toEqual({
          code: 130,
          stdout: '',
          last: 'stopped by SIGINT',
        })
        await machine.untilQuiet()
        expect(machine.engine()).toEqual(engine)
        expect(machine.recorded()).toEqual(recorded)
      }),
    testMilliseconds,
  )

  test(
    'verify waits for no API server that takes neither the probe nor its removal',
    () =>
      onMachine(node, async (machine) => {
        const running = await hanging(machine, { verb: 'verify', hangs: '^kubectl .*(apply|delete)', before: makeTwo })
        running.kill('SIGINT')
        const { code, stdout, stderr } = await running.ended
        expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
        expect(stderr).toMatch(/^ *stopped by SIGINT: removing the probe$/m)
        const removals = machine.calls().filter(({ line }) => removingProbe.test(line))
        expect(removals.slice(-2).map(({ argv }) => argv.at(-1))).toEqual(['--wait=false', '--wait=false'])
        await machine.untilQuiet()
      }),
    testMilliseconds,
  )

  const kubeadm = /^docker exec --privileged \S+ kubeadm init/
  const removing = /^docker rm/

  /** Starts `up`, which was interrupted and now hangs in its removal, whose command heeds no SIGTERM. */
  async function removingStuck(machine: Machine): Promise<Running> {
    machine.script({
      rules: [
        { match: kubeadm.source, delaySeconds: 50 },
        { match: removing.source, delaySeconds: 50, heedless: true },
      ],
    })
    const up = machine.startCli('up', ...two)
    await machine.until(kubeadm, 2)
    up.kill('SIGINT')
    await machine.until(removing)
    return up
  }

  test(
    'a second Ctrl-C ends up at once with what removes, and down removes the rest',
    () =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        const up = await removingStuck(machine)
        await sleep(anotherKeyMilliseconds)
        up.kill('SIGINT')
        expect((await up.ended).code).toBe(130)
        await machine.untilQuiet()
        expect(machine.recorded()).toHaveLength(1)
        machine.script({})
        expect(await machine.cli('down')).toMatchObject({ code: 0 })
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'a signal that comes twice from one key, as npm passes it on, is the first one',
    () =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        machine.script({ rules: [{ match: kubeadm.source, delaySeconds: 50 }] })
        const up = machine.startCli('up', ...two)
        await machine.until(kubeadm, 2)
        up.kill('SIGINT')
        await sleep(20)
        up.kill('SIGINT')
        const { code, stderr } = await up.ended
        expect({ code, last: stderr.trimEnd().split('\n').at(-1) }).toEqual({ code: 130, last: 'stopped by SIGINT' })
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'Ctrl-\\ ends it at once, with what it started',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [{ match: kubeadm.source, delaySeconds: 50, heedless: true }] })
        const up = machine.startCli('up', ...two)
        await machine.until(kubeadm, 2)
        up.kill('SIGQUIT')
        expect((await up.ended).code).toBe(131)
        await machine.untilQuiet()
        expect(machine.recorded()).toHaveLength(1)
      }),
    testMilliseconds,
  )

  test(
    'a fault of its own ends what it started',
    () =>
      onMachine(node, async (machine) => {
        const fault = machine.path('fault.mjs')
        writeFileSync(fault, "process.on('SIGUSR2', () => { throw new Error('a fault') })")
        machine.script({ rules: [{ match: '^docker ps', delaySeconds: 50, heedless: true }] })
        const running = machine.startCliWith({ env: { NODE_OPTIONS: `--import=${fault}` } }, 'list')
        await machine.until(/^docker ps/)
        running.kill('SIGUSR2')
        expect(await running.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('a fault') })
        await machine.untilQuiet()
      }),
    testMilliseconds,
  )

  test.each([
    ['--clusters', '-'],
    ['--clusters', '/dev/stdin'],
    ['--file', '-'],
  ])(
    'plan %s %s that waits for standard input ends',
    (...args) =>
      onMachine(node, async (machine) => {
        writeFileSync(machine.path('work/kind-flat-network.yaml'), 'workers: 1\n')
        const running = machine.startCliWith({ keepInputOpen: true }, 'plan', ...args)
        await running.untilSaid(/inputs from /)
        running.kill('SIGINT')
        expect(await running.ended).toMatchObject({ code: 130, stderr: expect.stringMatching(/^stopped by SIGINT$/m) })
      }),
    testMilliseconds,
  )

  describe('as an action', () => {
    test(
      'SIGINT begins the removal, and the SIGTERM that follows does not end it',
      () =>
        onMachine(node, async (machine) => {
          const before = machine.engine()
          machine.script({
            rules: [
              { match: kubeadm.source, delaySeconds: 50 },
              { match: removing.source, delaySeconds: 2 },
            ],
          })
          const main = machine.startMain({ clusters: '[alpha, beta]' })
          await machine.until(kubeadm, 2)
          main.kill('SIGINT')
          await machine.until(removing)
          await sleep(anotherKeyMilliseconds)
          main.kill('SIGTERM')
          const outcome = await main.ended
          expect({ code: outcome.code, errors: messages('error', outcome) }).toEqual({
            code: 1,
            errors: ['stopped by SIGINT'],
          })
          expect(machine.engine()).toEqual(before)
          await machine.untilQuiet()
        }),
      testMilliseconds,
    )

    test(
      'post ends with what it started, and again removes the rest',
      () =>
        onMachine(node, async (machine) => {
          const before = machine.engine()
          expect(await machine.main({ clusters: '[alpha]', wait: '30s' })).toMatchObject({ code: 0 })
          machine.script({ rules: [{ match: removing.source, delaySeconds: 50, heedless: true }] })
          const post = machine.startPost()
          await machine.until(removing)
          post.kill('SIGINT')
          const outcome = await post.ended
          expect({ code: outcome.code, warnings: messages('warning', outcome) }).toEqual({
            code: 0,
            warnings: [expect.stringMatching(/^stopped by SIGINT/)],
          })
          await machine.untilQuiet()
          machine.script({})
          expect(await machine.post()).toMatchObject({ code: 0 })
          expect(machine.engine()).toEqual(before)
        }),
      testMilliseconds,
    )

    test(
      'post goes on when nobody reads what it says',
      () =>
        onMachine(node, async (machine) => {
          const before = machine.engine()
          expect(await machine.main({ clusters: '[alpha]', wait: '30s' })).toMatchObject({ code: 0 })
          const post = machine.startPost()
          post.closeOutput()
          expect(await post.ended).toMatchObject({ code: 0, stderr: '' })
          expect(machine.engine()).toEqual(before)
        }),
      testMilliseconds,
    )
  })
})
