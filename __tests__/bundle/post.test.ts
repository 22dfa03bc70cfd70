import { beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { messages, onMachine, type Machine } from './machine.js'
import { actionNode, installMilliseconds, nodes } from './nodes.js'

const testMilliseconds = 120_000

/** Main with one cluster; returns the engine as it was before. */
async function made(machine: Machine, inputs: Record<string, string> = {}) {
  const before = machine.engine()
  const outcome = await machine.main({ clusters: '[alpha]', wait: '30s', ...inputs })
  expect({ code: outcome.code, errors: messages('error', outcome) }).toEqual({ code: 0, errors: [] })
  expect(machine.engine().containers.map(({ name }) => name)).toContain('alpha-control-plane')
  return before
}

describe.each(nodes)('post on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  test(
    'removes all of the run and nothing else, and a second time does nothing',
    () =>
      onMachine(node, async (machine) => {
        machine.addRun('feedbeef', 'elder')
        machine.addNetwork('elder-network', { 'kind-flat-network.run': 'feedbeef' }, '172.19.0.0/16')
        const kubeconfig = machine.path('work/merged-kubeconfig')
        const before = await made(machine, { 'control-planes': '2', kubeconfig: 'merged-kubeconfig' })
        expect(existsSync(kubeconfig)).toBe(true)
        const changes = machine.changes().length
        for (const time of ['first', 'second']) {
          const { code, stdout, stderr } = await machine.post()
          expect({ time, code, stderr }).toEqual({ time, code: 0, stderr: '' })
          expect(stdout).not.toMatch(/^::(warning|error)::/m)
          expect(machine.engine()).toEqual(before)
          expect(existsSync(machine.saved()?.directory ?? '/')).toBe(false)
          expect(existsSync(kubeconfig)).toBe(false)
        }
        const removals = machine.changes().slice(changes)
        const kinds = removals.map(({ line }) => /^docker (.*?rm) /.exec(line)?.[1])
        expect(kinds).toEqual(['rm', 'network rm', 'volume rm'])
      }),
    testMilliseconds,
  )

  test(
    'does nothing when main saved nothing',
    () =>
      onMachine(node, async (machine) => {
        expect(await machine.post()).toMatchObject({ code: 0, stdout: '', stderr: '' })
        expect(machine.calls()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'removes nothing with cleanup: false, and says how to remove it',
    () =>
      onMachine(node, async (machine) => {
        await made(machine, { cleanup: 'false' })
        const left = machine.engine()
        const calls = machine.calls().length
        const { code, stdout } = await machine.post()
        expect(code).toBe(0)
        const { run, directory } = machine.saved() ?? {}
        expect(stdout).toContain(`docker ps --all --quiet --filter volume=/kind-flat-network/${String(run)} | xargs `)
        expect(stdout).toContain(`docker network prune --force --filter label=kind-flat-network.run=${String(run)}\n`)
        expect(stdout).toContain(`docker volume rm --force kind-flat-network-${String(run)}\n`)
        expect(stdout).toContain(`rm -r -- ${String(directory)}\n`)
        expect(machine.engine()).toEqual(left)
        expect(machine.calls()).toHaveLength(calls)
        expect(existsSync(directory ?? '')).toBe(true)
      }),
    testMilliseconds,
  )
})

describe.each([actionNode])('post that has trouble, on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  test(
    'tries again when a container cannot be removed, keeps the record until then, and says nothing when all went well',
    () =>
      onMachine(node, async (machine) => {
        const before = await made(machine)
        // removal itself tries three times
        machine.script({ rules: [{ match: '^docker rm ', times: 4, exit: 1, stderr: 'device or resource busy\n' }] })
        const outcome = await machine.post()
        expect({ code: outcome.code, warnings: messages('warning', outcome) }).toEqual({ code: 0, warnings: [] })
        expect(outcome.stdout).toContain('the removal is tried again\n')
        const attempts = machine.calls().filter(({ line }) => line.startsWith('docker rm '))
        expect(attempts).toHaveLength(5)
        for (const { record } of attempts) expect(record).toContain('"complete":true')
        expect(machine.engine()).toEqual(before)
        expect(existsSync(machine.saved()?.directory ?? '/')).toBe(false)
      }),
    testMilliseconds,
  )

  test(
    'warns and succeeds when the engine does not answer, says how to remove the run, and removes it when called again',
    () =>
      onMachine(node, async (machine) => {
        const before = await made(machine)
        machine.script({ rules: [{ match: '^docker ', exit: 1, stderr: 'Cannot connect to the Docker daemon\n' }] })
        const outcome = await machine.post()
        expect(outcome.code).toBe(0)
        expect(messages('error', outcome)).toEqual([])
        const [warning, ...others] = messages('warning', outcome)
        expect(others).toEqual([])
        expect(warning).toMatch(/^not everything was removed:\n {2}containers and network: docker .*\n.*Cannot connect/)
        expect(warning).toContain('\nto remove by hand what is left:\n  docker ps --all --quiet --filter volume=')
        expect(machine.record()?.complete).toBe(true)
        machine.script({})
        expect(messages('warning', await machine.post())).toEqual([])
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test.each<[string, (record: string) => string, string]>([
    ['is cut off', (record) => record.slice(0, 100), 'it is cut off or damaged: not JSON'],
    [
      'is of another release',
      (record) => record.replace('"version":1', '"version":2'),
      'it has version 2, and this release reads version 1',
    ],
  ])(
    'removes the run by its id when the record %s, and says what it could not know',
    (_, damage, why) =>
      onMachine(node, async (machine) => {
        const before = await made(machine, { 'control-planes': '2' })
        const path = `${machine.saved()?.directory ?? ''}/run.json`
        writeFileSync(path, damage(readFileSync(path, 'utf8')))
        const outcome = await machine.post()
        expect(outcome.code).toBe(0)
        expect(messages('warning', outcome)).toEqual([
          `the record ${path} cannot be read: ${why}; removing what carries the id of run ${machine.saved()?.run ?? ''}; ` +
            "not known, and left as they are: a kubeconfig outside of the run's own directory, routes on clusters that were " +
            'reused, and the connection of this container to the Docker network',
        ])
        expect(machine.engine()).toEqual(before)
        expect(existsSync(machine.saved()?.directory ?? '/')).toBe(false)
      }),
    testMilliseconds,
  )

  test(
    'leaves everything in place when the record cannot be read and cleanup is false',
    () =>
      onMachine(node, async (machine) => {
        await made(machine, { cleanup: 'false' })
        const left = machine.engine()
        writeFileSync(`${machine.saved()?.directory ?? ''}/run.json`, '')
        const outcome = await machine.post({ INPUT_CLEANUP: 'False' })
        expect(messages('warning', outcome)).toEqual([
          expect.stringMatching(
            /left in place \(cleanup: false\); to remove it: kind-flat-network down --run [0-9a-f]{8}$/,
          ),
        ])
        expect(machine.engine()).toEqual(left)
      }),
    testMilliseconds,
  )

  test(
    'heeds cleanup: false and warns also when the files of the run are gone, but not when all of it is',
    () =>
      onMachine(node, async (machine) => {
        const before = await made(machine, { cleanup: 'false' })
        const left = machine.engine()
        const { run = '', directory = '' } = machine.saved() ?? {}
        rmSync(directory, { recursive: true })
        expect(messages('warning', await machine.post({ INPUT_CLEANUP: 'false' }))).toEqual([
          expect.stringContaining(
            `the record of run ${run} is no longer in ${directory}; everything of run ${run} is left`,
          ),
        ])
        expect(machine.engine()).toEqual(left)
        expect(messages('warning', await machine.post({ INPUT_CLEANUP: 'true' }))).toEqual([
          expect.stringContaining(
            `the record of run ${run} is no longer in ${directory}; removing what carries the id`,
          ),
        ])
        expect(machine.engine()).toEqual(before)
        for (const cleanup of ['false', 'true']) {
          expect(messages('warning', await machine.post({ INPUT_CLEANUP: cleanup }))).toEqual([])
        }
      }),
    testMilliseconds,
  )

  test(
    'says how to go on when it fails without a record',
    () =>
      onMachine(node, async (machine) => {
        await made(machine)
        const { run = '', directory = '' } = machine.saved() ?? {}
        writeFileSync(`${directory}/run.json`, '')
        machine.script({ rules: [{ match: '^docker ', exit: 1, stderr: 'Cannot connect to the Docker daemon\n' }] })
        const warnings = messages('warning', await machine.post())
        expect(warnings).toHaveLength(2)
        expect(warnings[1]).toMatch(
          new RegExp(`Cannot connect.*\nto remove it: kind-flat-network down --run ${run}$`, 's'),
        )
      }),
    testMilliseconds,
  )

  test(
    'finds the id of the run in a damaged state, and warns when there is none in it',
    () =>
      onMachine(node, async (machine) => {
        const before = await made(machine)
        const { run = '' } = machine.saved() ?? {}
        const none = await machine.post({ STATE_run: '{"run":"feed', STATE_directory: '' })
        expect(messages('warning', none)).toEqual(['the state that main saved holds no run: "{\\"run\\":\\"feed"'])
        const outcome = await machine.post({ STATE_run: `{"run":"${run}","directory":"/tm`, STATE_directory: '' })
        expect({ code: outcome.code, warnings: messages('warning', outcome) }).toEqual({ code: 0, warnings: [] })
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'gets a state that is small, however many nodes there are',
    () =>
      onMachine(node, async (machine) => {
        await made(machine, { workers: '12' })
        expect(JSON.stringify(machine.saved()).length).toBeLessThan(300)
      }),
    testMilliseconds,
  )
})
