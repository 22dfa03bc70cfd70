import { beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { messages, onMachine, type Machine, type Running } from './machine.js'
import { actionNode, installMilliseconds, nodes } from './nodes.js'

const testMilliseconds = 60_000

const kubeadm = /^docker exec --privileged \S+ kubeadm init/

const orders = [
  { signal: 'SIGTERM', how: '', heedless: false },
  { signal: 'SIGINT', how: '', heedless: false },
] as const
const stubborn = { signal: 'SIGTERM', how: ', which does not heed it', heedless: true } as const

describe.each(nodes)('interrupted on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  /** Starts main and returns once kind waits for kubeadm in both clusters, with the engine as it was before. */
  async function creating(machine: Machine, heedless = false): Promise<{ main: Running; before: object }> {
    const before = machine.engine()
    machine.script({ rules: [{ match: kubeadm.source, delaySeconds: 50, heedless }] })
    const main = machine.startMain({ clusters: '[alpha, beta]' })
    await machine.until(kubeadm, 2)
    expect(machine.engine().containers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['alpha-control-plane', 'beta-control-plane']),
    )
    return { main, before }
  }

  test.each(program === actionNode.program ? [...orders, stubborn] : orders)(
    '$signal to main ends kind$how, and all is removed before main fails',
    ({ signal, heedless }) =>
      onMachine(node, async (machine) => {
        const { main, before } = await creating(machine, heedless)
        const told = performance.now()
        main.kill(signal)
        const outcome = await main.ended
        expect(performance.now() - told).toBeLessThan(15_000)
        expect(outcome.code).toBe(1)
        expect(messages('error', outcome)).toEqual([`stopped by ${signal}`])
        expect(messages('warning', outcome)).toEqual([])
        expect(outcome.stdout).not.toContain('processes of the run ended')
        expect(machine.processes()).toEqual([])
        expect(machine.engine()).toEqual(before)
        expect(existsSync(machine.saved()?.directory ?? '/')).toBe(false)

        const post = await machine.post()
        expect({ code: post.code, warnings: messages('warning', post) }).toEqual({ code: 0, warnings: [] })
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'post ends what a killed main left running, and removes what that had made',
    () =>
      onMachine(node, async (machine) => {
        machine.addRun('feedbeef', 'elder')
        const { main, before } = await creating(machine)
        main.kill('SIGKILL')
        expect((await main.ended).code).toBeNull()
        const orphans = machine.calls().filter(({ line }) => kubeadm.test(line) || line.startsWith('kind create'))
        const pids = orphans.map(({ pid }) => pid)
        expect(new Set(machine.processes())).toEqual(new Set(pids))
        expect(pids).toHaveLength(4)
        const { run } = machine.saved() ?? {}
        expect(machine.engine().volumes.map(({ name }) => name)).toContain(`kind-flat-network-${String(run)}`)

        const post = await machine.post()
        expect({ code: post.code, warnings: messages('warning', post) }).toEqual({ code: 0, warnings: [] })
        expect(post.stdout).toContain('4 processes of the run ended')
        expect(machine.processes()).toEqual([])
        expect(machine.engine()).toEqual(before)
        expect(existsSync(machine.saved()?.directory ?? '/')).toBe(false)
      }),
    testMilliseconds,
  )

  const makingNetwork = /^docker network create/

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    '%s while main has the engine to itself: others have it again, and nothing is left',
    (signal) =>
      onMachine(node, async (machine) => {
        machine.addRun('feedbeef', 'elder')
        const before = machine.engine()
        machine.script({ rules: [{ match: makingNetwork.source, delaySeconds: 50 }] })
        const main = machine.startMain({ clusters: '[alpha, beta]' })
        await machine.until(makingNetwork)
        expect(machine.engine().volumes.map(({ name }) => name)).toContain('kind-flat-network-lock')
        main.kill(signal)
        await main.ended
        if (signal === 'SIGTERM') expect(machine.engine()).toEqual(before)

        const post = await machine.post()
        expect({ code: post.code, warnings: messages('warning', post) }).toEqual({ code: 0, warnings: [] })
        expect(machine.processes()).toEqual([])
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )
})
