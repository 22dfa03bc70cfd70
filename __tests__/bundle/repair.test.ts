import { beforeAll, describe, expect, test } from '@jest/globals'
import { kubeadmsCorefile } from '../fakes/engine.js'
import { onMachine, resultOf, type Machine, type Outcome } from './machine.js'
import { actionNode, installMilliseconds } from './nodes.js'

const testMilliseconds = 90_000

interface Repaired {
  readonly clusters: readonly { readonly nodes: readonly { readonly name: string; readonly address: string }[] }[]
  readonly connectivity: readonly { readonly ownAddress: boolean }[]
  readonly changes: readonly { readonly node: string; readonly changes: readonly string[] }[]
}

describe.each([actionNode])('repair on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  /** Two clusters, of which alpha has a worker. */
  async function made(machine: Machine, ...args: string[]) {
    const clusters = '[{ name: alpha, workers: 1 }, beta]'
    const up = await machine.cli('up', '--clusters', clusters, '--wait', '30s', '--json', ...args)
    expect(up).toMatchObject({ code: 0 })
    return resultOf<Repaired>(up)
  }

  /** What a repair changed; a second one finds nothing to change. */
  async function repaired(machine: Machine): Promise<Repaired> {
    const first = await machine.cli('repair', '--json')
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(changesOf(await machine.cli('repair', '--json'))).toEqual([])
    return resultOf<Repaired>(first)
  }

  const changesOf = (outcome: Outcome) => resultOf<Repaired>(outcome).changes

  test(
    'says that there is nothing to repair, changes nothing, and proves it',
    () =>
      onMachine(node, async (machine) => {
        const { clusters } = await made(machine)
        const before = [machine.engine(), machine.read('engine/wirings/beta-control-plane.json')]
        const { code, stdout, stderr } = await machine.cli('repair')
        expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('  nothing to repair\n') })
        expect(stdout).toContain(
          "4/4 pod pairs reachable, 4/4 with the pod's own address, 3/3 Services answer\nnothing to repair\n",
        )
        const asJson = await machine.cli('repair', '--json')
        expect(resultOf(asJson)).toMatchObject({ clusters, changes: [] })
        expect([machine.engine(), machine.read('engine/wirings/beta-control-plane.json')]).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'gives a node back a route that was lost, and prints which',
    () =>
      onMachine(node, async (machine) => {
        await made(machine)
        const { '10.128.1.0/24': lost, ...rest } = machine.routes('beta-control-plane')
        machine.change('wirings', 'beta-control-plane', { routes: rest })
        expect((await machine.cli('verify')).code).toBe(1)

        const { code, stdout, stderr } = await machine.cli('repair')
        expect({ code, stderr }).toMatchObject({ code: 0 })
        expect(stderr).toContain(`  beta-control-plane: route 10.128.1.0/24 via ${String(lost)} added\n`)
        expect(stdout).toContain("4/4 with the pod's own address, 3/3 Services answer\nrepaired: beta-control-plane\n")
        expect(machine.routes('beta-control-plane')['10.128.1.0/24']).toEqual(lost)
        expect((await machine.cli('verify')).code).toBe(0)
      }),
    testMilliseconds,
  )

  test(
    'leads routes to the address that a node has now',
    () =>
      onMachine(node, async (machine) => {
        const { clusters } = await made(machine)
        const [run = ''] = machine.recorded()
        const old = clusters[1]?.nodes[0]?.address
        machine.change('containers', 'beta-control-plane', {
          addresses: { [`kind-flat-network-${run}`]: ['172.21.0.77'] },
        })
        const { connectivity, changes } = await repaired(machine)
        expect(connectivity.map(({ ownAddress }) => ownAddress)).toEqual([true, true, true, true])
        expect(changes.map((each) => each.node)).toEqual(['alpha-control-plane', 'alpha-worker'])
        for (const each of changes) {
          expect(each.changes).toContain(`route 10.129.0.0/24 via ${String(old)} removed`)
          expect(each.changes).toContain('route 10.129.0.0/24 via 172.21.0.77 added')
        }
      }),
    testMilliseconds,
  )

  test(
    'leads nothing through a node that does not run, and verify knows it',
    () =>
      onMachine(node, async (machine) => {
        await made(machine)
        const before = machine.routes('beta-control-plane')
        machine.change('containers', 'alpha-worker', { stopped: true })
        const { clusters, connectivity } = await repaired(machine)
        expect(clusters[0]?.nodes.map(({ name }) => name)).toEqual(['alpha-control-plane'])
        expect(connectivity).toHaveLength(2)
        const [through = ''] = before['10.128.0.0/24'] ?? []
        expect(machine.routes('beta-control-plane')).toEqual({ '10.128.0.0/24': [through], '10.192.0.0/16': [through] })
        expect((await machine.cli('verify')).code).toBe(0)
      }),
    testMilliseconds,
  )

  test(
    'teaches CoreDNS again what it forgot',
    () =>
      onMachine(node, async (machine) => {
        const { clusters } = await made(machine, '--cross-cluster-dns', 'true')
        expect(clusters).toMatchObject([{ domain: 'alpha.local' }, { domain: 'beta.local' }])
        const coreDns = machine.read('engine/coredns/beta.json')
        const { corefile } = JSON.parse(coreDns) as { corefile: string }
        expect(corefile).toMatch(/^alpha\.local:53 \{[^]*forward \. 10\.192\.0\.10 \{/m)
        machine.change('coredns', 'beta', { corefile: corefile.replace(/^alpha\.local:53[^]*/m, '') })
        const { changes } = await repaired(machine)
        expect(changes).toEqual([{ node: 'beta', changes: ['names of CoreDNS renewed'] }])
        expect(machine.read('engine/coredns/beta.json')).toBe(coreDns)
      }),
    testMilliseconds,
  )

  test(
    'and verify may run several times at once',
    () =>
      onMachine(node, async (machine) => {
        await made(machine, '--cross-cluster-dns', 'true')
        machine.change('coredns', 'beta', { corefile: kubeadmsCorefile })
        const commands = ['verify', 'repair', 'repair'] as const
        const outcomes = await Promise.all(commands.map((command) => machine.cli(command, '--json')))
        expect(outcomes.map(({ code, stdout }) => [code, stdout.includes('"ownAddress":false')])).toEqual(
          Array(commands.length).fill([0, false]),
        )
        expect(machine.engine().pods).toEqual([])
        expect(changesOf(await machine.cli('repair', '--json'))).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'fails when a cluster has no control plane that runs, and changes nothing',
    () =>
      onMachine(node, async (machine) => {
        await made(machine)
        machine.change('containers', 'beta-control-plane', { stopped: true })
        const before = machine.routes('alpha-worker')
        const { code, stdout, stderr } = await machine.cli('repair')
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
        expect(stderr).toMatch(/^cluster beta has no control plane that runs; start it, or make the clusters anew$/m)
        expect(machine.routes('alpha-worker')).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'needs a flat network',
    () =>
      onMachine(node, async (machine) => {
        const { code, stdout, stderr } = await machine.cli('repair')
        expect({ code, stdout, stderr }).toEqual({
          code: 1,
          stdout: '',
          stderr: 'there is no flat network to repair\n',
        })
        machine.addRun('feedbeef', 'elder')
        const named = await machine.cli('repair', '--run', 'feedbeef')
        expect(named.code).toBe(1)
        expect(named.stderr).toMatch(/^flat network feedbeef has no record in .*\/feedbeef; only down works without\n$/)
        expect(machine.changes()).toEqual([])
      }),
    testMilliseconds,
  )
})
