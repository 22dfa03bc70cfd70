import { beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { messages, onMachine, type Machine } from './machine.js'
import { installMilliseconds, nodes } from './nodes.js'

const testMilliseconds = 60_000

describe.each(nodes)('post on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  /** Main with one cluster; returns the engine as it was before. */
  async function made(machine: Machine, inputs: Record<string, string> = {}) {
    const before = machine.engine()
    const outcome = await machine.main({ clusters: '[alpha]', wait: '30s', ...inputs })
    expect({ code: outcome.code, errors: messages('error', outcome) }).toEqual({ code: 0, errors: [] })
    expect(machine.engine().containers.map(({ name }) => name)).toContain('alpha-control-plane')
    return before
  }

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
          expect(existsSync(machine.record()?.directory ?? '/')).toBe(false)
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

  test.each([
    { what: 'the engine does not answer', match: '^docker ', stderr: 'Cannot connect to the Docker daemon' },
    { what: 'a container cannot be removed', match: '^docker rm ', stderr: 'could not kill: permission denied' },
  ])(
    'warns and succeeds when $what, and removes the rest when called again',
    ({ match, stderr }) =>
      onMachine(node, async (machine) => {
        const before = await made(machine)
        machine.script({ rules: [{ match, exit: 1, stderr: `${stderr}\n` }] })
        const outcome = await machine.post()
        expect(outcome.code).toBe(0)
        expect(messages('error', outcome)).toEqual([])
        const warnings = messages('warning', outcome)
        expect(warnings).toHaveLength(1)
        expect(warnings[0]).toMatch(
          /^not everything was removed:\n {2}containers and network: (alpha-control-plane: )?docker /,
        )
        expect(warnings[0]).toContain(stderr)
        machine.script({})
        expect(messages('warning', await machine.post())).toEqual([])
        expect(machine.engine()).toEqual(before)
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
        const { run, directory } = machine.record() ?? {}
        expect(stdout).toContain('kind delete cluster --name alpha\n')
        expect(stdout).toContain(`docker network prune --force --filter label=kind-flat-network.run=${String(run)}\n`)
        expect(stdout).toContain(`docker volume rm kind-flat-network-${String(run)}\n`)
        expect(stdout).toContain(`rm -r ${String(directory)}\n`)
        expect(machine.engine()).toEqual(left)
        expect(machine.calls()).toHaveLength(calls)
        expect(existsSync(directory ?? '')).toBe(true)
      }),
    testMilliseconds,
  )

  test(
    'warns and succeeds when the saved state cannot be read',
    () =>
      onMachine(node, async (machine) => {
        const outcome = await machine.run('post', { env: { STATE_run: '{"run":"feedbeef"}' } })
        expect(outcome.code).toBe(0)
        expect(messages('warning', outcome)).toHaveLength(1)
        expect(machine.calls()).toEqual([])
      }),
    testMilliseconds,
  )
})
