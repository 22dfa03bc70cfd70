import { beforeAll, describe, expect, test } from '@jest/globals'
import { mkdirSync, writeFileSync } from 'node:fs'
import { onMachine } from './machine.js'
import { installMilliseconds, nodes } from './nodes.js'

const testMilliseconds = 60_000

interface Planned {
  readonly clusters: readonly {
    readonly name: string
    readonly podSubnets: readonly string[]
    readonly kindConfig: { readonly nodes: readonly { readonly labels?: Readonly<Record<string, string>> }[] }
  }[]
}

describe.each(nodes)('kind configs on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  test(
    'are files of each cluster, relative to the list, and standard input for all',
    () =>
      onMachine(node, async (machine) => {
        mkdirSync(machine.path('work/ci/kind'), { recursive: true })
        writeFileSync(machine.path('work/ci/clusters'), '- config: kind/a.config\n- {name: b, config: ../b.yaml}\n')
        writeFileSync(machine.path('work/ci/kind/a.config'), 'name: a\nnetworking: {podSubnet: 10.1.0.0/16}\n')
        writeFileSync(machine.path('work/b.yaml'), 'nodes: [{labels: {zone: 010}}]\n---\nkind: Ignored\n')
        const shared = 'x: &x {role: control-plane, labels: {on: On}}\n'
        const args = ['plan', '--clusters', 'ci/clusters', '--config', '-']
        const bad = await machine.cliReading(shared, ...args)
        expect({ code: bad.code, problems: bad.stderr.trim().split('\n').at(-1) }).toEqual({
          code: 2,
          problems: expect.stringMatching(/^config\.x: is not a setting of a kind config; known are /),
        })
        const good = await machine.cliReading('nodes: [{labels: {on: On, build: 1.30}}]', ...args)
        expect(good.code).toBe(0)
        const { clusters } = JSON.parse(good.stdout) as Planned
        expect(clusters.map(({ name, podSubnets }) => [name, ...podSubnets])).toEqual([
          ['a', '10.1.0.0/16'],
          ['b', '10.128.0.0/16'],
        ])
        expect(clusters.map(({ kindConfig }) => kindConfig.nodes[0]?.labels)).toEqual([
          { on: 'On', build: '1.30' },
          { zone: '010' },
        ])
      }),
    testMilliseconds,
  )

  test(
    'that would give all clusters the same addresses are refused, and nothing is made',
    () =>
      onMachine(node, async (machine) => {
        const patch = 'kind: ClusterConfiguration\nnetworking: {podSubnet: 10.50.0.0/16}\n'
        const config = JSON.stringify({ kubeadmConfigPatches: [patch] })
        const { code, stderr } = await machine.cli('up', '--clusters', '2', '--config', config)
        expect(code).toBe(2)
        expect(stderr).toContain(
          'config.kubeadmConfigPatches[0]: sets networking.podSubnet to 10.50.0.0/16 in every cluster',
        )
        expect(machine.changes()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'with unfilled templates are named as such, and nothing else is printed',
    () =>
      onMachine(node, async (machine) => {
        const { code, stderr } = await machine.cli('plan', '--config', 'nodes:\n  - image: {{ image }}\n')
        expect(code).toBe(2)
        expect(stderr.trim().split('\n').slice(-1)).toEqual([
          'config: contains the template {{ image }}, which nothing has filled in; replace it with its value',
        ])
        expect(stderr).not.toMatch(/warning/i)
      }),
    testMilliseconds,
  )
})
