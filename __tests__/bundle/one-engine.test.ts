import { beforeAll, describe, expect, test } from '@jest/globals'
import { messages, onMachine, resultOf } from './machine.js'
import { actionNode, installMilliseconds } from './nodes.js'

const testMilliseconds = 90_000

interface Outputs {
  readonly kubeconfig: string
  readonly clusters: readonly {
    readonly name: string
    readonly podSubnets: readonly string[]
    readonly serviceSubnets: readonly string[]
    readonly nodes: readonly { readonly addresses: readonly string[] }[]
  }[]
  readonly connectivity: readonly { readonly family: string; readonly ownAddress: boolean }[]
}

describe.each([actionNode])('an engine that others use too, on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  test(
    'two runs at the same time share nothing, both succeed, and each removes its own',
    () =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        const both = [0, 1].map(() => machine.startCli('up', '--clusters', '2', '--wait', '30s', '--json'))
        const outcomes = await Promise.all(both.map(({ ended }) => ended))
        expect(outcomes).toMatchObject([{ code: 0 }, { code: 0 }])
        const outputs = outcomes.map((each) => resultOf<Outputs>(each))
        for (const { connectivity } of outputs) {
          expect(connectivity.map(({ ownAddress }) => ownAddress)).toEqual([true, true])
        }
        const clusters = outputs.flatMap((each) => each.clusters)
        const taken = {
          names: clusters.map(({ name }) => name),
          subnets: clusters.flatMap(({ podSubnets, serviceSubnets }) => [...podSubnets, ...serviceSubnets]),
          networks: machine.engine().networks.flatMap(({ labels }) => labels['kind-flat-network.run'] ?? []),
          kubeconfigs: outputs.map(({ kubeconfig }) => kubeconfig),
        }
        expect(taken.names.sort()).toEqual(['cluster1', 'cluster2', 'cluster3', 'cluster4'])
        expect(new Set(taken.subnets).size).toBe(8)
        expect(taken.networks.sort()).toEqual(machine.recorded().sort())
        expect(new Set(taken.kubeconfigs).size).toBe(2)

        for (const run of machine.recorded()) expect((await machine.cli('down', '--run', run)).code).toBe(0)
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'waits for the run that chooses, and says for which',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [{ match: '^docker network create', delaySeconds: 3 }] })
        const first = machine.startCli('up', '--clusters', '1')
        await machine.until(/^docker network create/)
        const [run = ''] = machine.recorded()
        const second = await machine.cli('up', '--clusters', '1')
        expect(second.stderr).toContain(`waiting for run ${run}, which chooses its names and subnets on this engine\n`)
        expect([second.code, (await first.ended).code]).toEqual([0, 0])
      }),
    testMilliseconds,
  )

  test(
    'a volume of the name of the lock that nobody here made ends it at once, with the command that removes it',
    () =>
      onMachine(node, async (machine) => {
        machine.addVolume('kind-flat-network-lock', {})
        const before = machine.engine()
        const { code, stderr } = await machine.cli('up', '--clusters', '1')
        expect(code).toBe(1)
        expect(stderr).toContain('remove it with: docker volume rm kind-flat-network-lock\n')
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'what others have labelled like objects of runs stops no command, and stays',
    () =>
      onMachine(node, async (machine) => {
        const labels = (run: string, reserved: string) => ({
          'kind-flat-network.run': run,
          'kind-flat-network.reserved': reserved,
        })
        machine.addVolume('kind-flat-network-cafe0001', labels('cafe0001', 'east west'))
        machine.addVolume('kind-flat-network-cafe0002', labels('cafe0002', '{"version":2}'))
        machine.addVolume('odd', labels('a b\nc', '{}'))
        machine.addNetwork('odd', { 'kind-flat-network.run': 'a b\nc' }, '10.128.0.0/16')
        const before = machine.engine()
        const up = await machine.cli('up', '--clusters', '1', '--wait', '30s')
        expect({ code: up.code, stderr: up.stderr }).toMatchObject({ code: 0 })
        for (const name of ['kind-flat-network-cafe0001', 'kind-flat-network-cafe0002', 'odd']) {
          expect(up.stderr).toContain(`remove it with: docker volume rm ${name}\n`)
        }
        const [run = ''] = machine.recorded()
        const listed = resultOf<{ runs: { run: string }[] }>(await machine.cli('list', '--json'))
        expect(listed.runs.map((each) => each.run)).toEqual(['cafe0001', 'cafe0002', run].sort())
        expect((await machine.cli('down')).code).toBe(0)
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'a network whose name is only like the one that is named is left alone',
    () =>
      onMachine(node, async (machine) => {
        machine.addNetwork('kindxnet', {}, '172.30.0.0/16')
        const before = machine.engine()
        const up = await machine.cli('up', '--clusters', '1', '--docker-network', 'kind.net', '--wait', '30s', '--json')
        expect({ code: up.code, stderr: up.stderr }).toMatchObject({ code: 0 })
        const node = machine.engine().containers.find(({ name }) => name === 'cluster1-control-plane')
        expect(Object.keys(node?.addresses ?? {})).toEqual(['kind.net'])
        expect((await machine.cli('down')).code).toBe(0)
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'names that are taken are passed over where a count is given',
    () =>
      onMachine(node, async (machine) => {
        machine.addRun('feedbeef', 'cluster1')
        machine.addRun('cafe0000', 'cluster3')
        const up = await machine.cli('up', '--clusters', '3', '--wait', '30s', '--json')
        expect(up).toMatchObject({ code: 0 })
        const { clusters } = resultOf<Outputs>(up)
        expect(clusters.map(({ name }) => name)).toEqual(['cluster2', 'cluster4', 'cluster5'])
      }),
    testMilliseconds,
  )

  test(
    'a Docker network that is named and there is used and stays',
    () =>
      onMachine(node, async (machine) => {
        machine.addNetwork('mine', {}, '172.30.0.0/16')
        const before = machine.engine()
        const inputs = { clusters: '[alpha, beta]', 'docker-network': 'mine', wait: '30s' }
        const outcome = await machine.main(inputs)
        expect({ code: outcome.code, errors: messages('error', outcome) }).toEqual({ code: 0, errors: [] })
        const { containers, networks } = machine.engine()
        expect(networks).toEqual(before.networks)
        const own = containers.filter(({ name }) => /^(alpha|beta)-/.test(name))
        expect(own.map(({ addresses = {} }) => addresses)).toEqual([
          { mine: [expect.stringMatching(/^172\.30\.0\./)] },
          { mine: [expect.stringMatching(/^172\.30\.0\./)] },
        ])
        expect((await machine.post()).code).toBe(0)
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'a Docker network that is named and missing is made, and removed again',
    () =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        const up = await machine.cli('up', '--clusters', '[alpha]', '--docker-network', 'mine', '--wait', '30s')
        expect({ code: up.code, stderr: up.stderr }).toMatchObject({ code: 0 })
        expect(machine.engine().networks.map(({ name }) => name)).toContain('mine')
        expect((await machine.cli('down')).code).toBe(0)
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )

  test(
    'a dual-stack cluster and an IPv4 one are joined in the family that they share',
    () =>
      onMachine(node, async (machine) => {
        const args = ['--clusters', '[alpha, { name: beta, ip-family: ipv4 }]', '--ip-family', 'dual']
        const up = await machine.cli('up', ...args, '--workers', '1', '--wait', '30s', '--json')
        expect(up).toMatchObject({ code: 0 })
        const { clusters, connectivity } = resultOf<Outputs>(up)
        expect(clusters.map(({ podSubnets }) => podSubnets)).toEqual([
          ['10.128.0.0/16', 'fd00:10:128::/56'],
          ['10.129.0.0/16'],
        ])
        expect(clusters[0]?.nodes[1]?.addresses).toEqual([
          expect.stringMatching(/^172\.21\.0\./),
          expect.stringMatching(/^fc00:/),
        ])
        expect(connectivity.map(({ family, ownAddress }) => `${family} ${String(ownAddress)}`)).toEqual(
          Array(8).fill('ipv4 true'),
        )
      }),
    testMilliseconds,
  )

  test.each([
    ['ipv6', ['ipv6', 'ipv6']],
    ['dual', ['ipv4', 'ipv6', 'ipv4', 'ipv6']],
  ])(
    'every pair of two %s clusters is proven in each family',
    (family, expected) =>
      onMachine(node, async (machine) => {
        const args = ['--clusters', '[alpha, beta]', '--ip-family', family, '--wait', '30s', '--json']
        const up = await machine.cli('up', ...args)
        expect(up).toMatchObject({ code: 0 })
        const { connectivity } = resultOf<Outputs>(up)
        expect(connectivity.map((pair) => pair.family)).toEqual(expected)
        expect(connectivity.filter(({ ownAddress }) => !ownAddress)).toEqual([])
      }),
    testMilliseconds,
  )

  const lacksIpv6 = (network: string) =>
    `ip-family: "dual" needs IPv6: the Docker network ${network} has no IPv6 subnet; give ipv4, or a docker-network that has one`

  test(
    'a Docker network without IPv6 takes no dual-stack cluster: exit code 2, nothing made',
    () =>
      onMachine(node, async (machine) => {
        const args = ['--clusters', '[alpha]', '--ip-family', 'dual', '--docker-network', 'web_default']
        const { code, stdout, stderr } = await machine.cli('up', ...args)
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
        expect(stderr).toContain(lacksIpv6('web_default'))
        expect(machine.changes()).toEqual([])
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'an engine that gives its new network no IPv6 takes no dual-stack cluster either: exit code 2, nothing left',
    () =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        machine.script({
          rules: [
            {
              match: '^docker network create .*--ipv6',
              exit: 1,
              stderr: "Error response from daemon: could not find ip6tables: can't initialize ip6tables table `nat'\n",
            },
          ],
        })
        const { code, stdout, stderr } = await machine.cli('up', '--clusters', '[alpha]', '--ip-family', 'dual')
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
        const [made] = machine.calls().filter(({ line }) => line.startsWith('docker network create'))
        expect(stderr).toContain(lacksIpv6(String(made?.argv.at(-1))))
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )
})
