import { beforeAll, describe, expect, test } from '@jest/globals'
import { onMachine } from './machine.js'
import { actionNode, installMilliseconds } from './nodes.js'

const testMilliseconds = 90_000
const up = ['up', '--clusters', '[alpha, beta]', '--wait', '60s', '--json']
const apply = /^kubectl .* apply /

describe.each([actionNode])('an API server that turns requests away, on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  test(
    'for some seconds is asked again',
    () =>
      onMachine(node, async (machine) => {
        const stderr = 'The connection to the server 127.0.0.1:6443 was refused\n'
        machine.script({ rules: [{ match: apply.source, exit: 1, stderr }] })
        const running = machine.startCli(...up)
        await machine.until(apply, 2 * 7)
        machine.script({})
        expect(await running.ended).toMatchObject({ code: 0, stderr: '' })
      }),
    testMilliseconds,
  )

  test(
    'for good is asked once, and its words are told',
    () =>
      onMachine(node, async (machine) => {
        const stderr =
          'Error from server (Forbidden): admission webhook "v.example.com" denied the request: no probes\n'
        machine.script({ rules: [{ match: '^kubectl .*/alpha\\.kubeconfig apply ', exit: 1, stderr }] })
        const before = machine.engine()
        const { code, stdout } = await machine.cli(...up)
        expect(code).toBe(1)
        expect(stdout).toContain('cluster alpha did not take the probe: ')
        expect(stdout).toContain('denied the request: no probes')
        expect(machine.calls().filter(({ line }) => /alpha\.kubeconfig apply /.test(line))).toHaveLength(1)
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )
})
