import { beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import {
  fileCommands,
  jsonLines,
  messages,
  onMachine,
  resultOf,
  runnerFiles,
  type Machine,
  type Recorded,
} from './machine.js'
import { actionNode, installMilliseconds } from './nodes.js'

const testMilliseconds = 90_000

describe.each([actionNode])('clusters that exist, on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  /** Runs main; returns what it saved. */
  async function made(machine: Machine, inputs: Record<string, string>): Promise<Recorded> {
    const outcome = await machine.main({ wait: '30s', ...inputs })
    expect({ code: outcome.code, errors: messages('error', outcome) }).toEqual({ code: 0, errors: [] })
    return machine.record() as Recorded
  }

  test(
    'are reused with one that is missing, which post removes alone',
    () =>
      onMachine(node, async (machine) => {
        const elder = await made(machine, { clusters: '[alpha, beta]', cleanup: 'false' })
        const left = machine.engine()
        const { '10.129.0.0/24': lost, ...rest } = machine.routes('alpha-control-plane')
        machine.change('wirings', 'alpha-control-plane', { routes: rest })

        const younger = await made(machine, { clusters: '[alpha, beta, gamma]', reuse: 'true' })
        expect(younger.run).not.toBe(elder.run)
        expect(younger.dockerNetwork).toBe(elder.dockerNetwork)
        const outputs = fileCommands(machine.read(runnerFiles.GITHUB_OUTPUT))
        expect(JSON.parse(outputs.get('clusters') ?? '')).toMatchObject([
          { name: 'alpha', podSubnet: '10.128.0.0/16' },
          { name: 'beta', podSubnet: '10.129.0.0/16' },
          { name: 'gamma', podSubnet: '10.130.0.0/16' },
        ])
        const pairs = JSON.parse(outputs.get('connectivity') ?? '') as { ownAddress: boolean }[]
        expect(pairs.map(({ ownAddress }) => ownAddress)).toEqual(Array(6).fill(true))
        expect(machine.calls().filter(({ line }) => line.startsWith('kind create'))).toHaveLength(3)
        expect(Object.keys(machine.routes('alpha-control-plane'))).toContain('10.130.0.0/24')

        const post = await machine.post()
        expect({ code: post.code, warnings: messages('warning', post) }).toEqual({ code: 0, warnings: [] })
        expect(machine.engine()).toEqual(left)
        expect(machine.routes('alpha-control-plane')).toEqual({ '10.129.0.0/24': lost, ...rest })
        expect(Object.keys(machine.routes('beta-control-plane')).sort()).toEqual(['10.128.0.0/24', '10.192.0.0/16'])
        expect([existsSync(younger.directory), existsSync(elder.directory)]).toEqual([false, true])
      }),
    testMilliseconds,
  )

  test(
    'are reused whole: what was broken is told and mended, nothing else changes, and down leaves them',
    () =>
      onMachine(node, async (machine) => {
        const again = ['up', '--clusters', '2', '--wait', '30s', '--reuse', 'true', '--json']
        const first = await machine.cli(...again)
        expect(first).toMatchObject({ code: 0 })
        const [elder = ''] = machine.recorded()
        const left = machine.engine()
        const { '10.129.0.0/24': lost, ...rest } = machine.routes('cluster1-control-plane')
        machine.change('wirings', 'cluster1-control-plane', { routes: rest })

        const second = await machine.cli(...again)
        expect(second).toMatchObject({ code: 0 })
        const message = `cluster1-control-plane: route 10.129.0.0/24 via ${String(lost)} added`
        expect(jsonLines(second)).toContainEqual({ type: 'info', message })
        expect(second.stdout).not.toContain('cluster2-control-plane: route')
        const [before, now] = [first, second].map((each) => resultOf<Record<string, unknown>>(each))
        const paths = ['kubeconfig', 'kubeconfigs', 'kubeconfigs-internal'].map((name) => [name, now?.[name]])
        expect(now).toEqual({ ...before, ...Object.fromEntries(paths) })
        const made = machine.engine()
        expect({ ...made, volumes: left.volumes }).toEqual(left)

        const [younger = ''] = machine.recorded().filter((run) => run !== elder)
        expect((await machine.cli('down', '--run', younger)).code).toBe(0)
        expect(machine.engine()).toEqual(left)
        expect((await machine.cli('verify')).code).toBe(0)
      }),
    testMilliseconds,
  )

  test(
    'are left as they were by a run that fails after it joined them with another',
    () =>
      onMachine(node, async (machine) => {
        await made(machine, { clusters: '[alpha, beta]', cleanup: 'false' })
        const left = machine.engine()
        const routes = machine.routes('alpha-control-plane')
        machine.script({ silent: ['alpha-control-plane > gamma-control-plane'] })
        const outcome = await machine.main({ clusters: '[alpha, beta, gamma]', reuse: 'true', wait: '30s' })
        expect(outcome.code).toBe(1)
        expect(messages('error', outcome)).toEqual([expect.stringMatching(/^the network is not flat: 1 of 6 /)])
        expect(messages('warning', outcome)).toEqual([])
        expect(machine.engine()).toEqual(left)
        expect(machine.routes('alpha-control-plane')).toEqual(routes)
      }),
    testMilliseconds,
  )

  test.each([
    {
      what: 'that somebody else made',
      args: ['--clusters', '[theirs]', '--reuse', 'true'],
      seen: 'clusters[0].name: "theirs" is a kind cluster that kind-flat-network did not make; give another name\n',
    },
    {
      what: 'of an earlier run without being asked to',
      args: ['--clusters', '[elder]'],
      seen: 'clusters[0].name: "elder" is a kind cluster that exists already; give another name, or remove it with: kind delete cluster --name elder\n',
    },
    {
      what: 'whose subnets are not those that are asked for',
      args: ['--clusters', '[{ name: elder, pod-subnet: 10.50.0.0/16 }]', '--reuse', 'true'],
      seen: 'clusters[0].pod-subnet: "10.50.0.0/16" is not what the existing cluster has (10.244.0.0/16); leave it out, or remove it with: kind delete cluster --name elder\n',
    },
  ])(
    'are not taken over $what: exit code 2, nothing touched',
    ({ args, seen }) =>
      onMachine(node, async (machine) => {
        machine.addRun('feedbeef', 'elder')
        const { code, stdout, stderr } = await machine.cli('up', ...args)
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
        expect(stderr).toContain(seen)
        expect(machine.changes()).toEqual([])
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )
})
