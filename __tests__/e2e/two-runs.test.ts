import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { Outputs } from '../../src/report/flat-network.js'
import { proveFlat } from './agnhost.js'
import { docker, engineState, foreignCluster } from './support/engine.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(600_000)

let terminals: Terminal[]
let before: Awaited<ReturnType<typeof engineState>>
let made: Outputs[]
let removeForeign: () => Promise<void>

beforeAll(async () => {
  removeForeign = await foreignCluster('two-runs-foreign')
  before = await engineState()
  terminals = await Promise.all([Terminal.open(), Terminal.open()])
  made = await Promise.all(terminals.map((terminal) => terminal.up('2')))
})

afterAll(async () => {
  await Promise.all(terminals.map((terminal) => terminal.close()))
  await removeForeign()
})

test('two runs that start at once with the same inputs share no name, subnet, network or file', async () => {
  const all = made.flatMap(({ clusters }) => clusters)
  for (const of of [
    all.map(({ name }) => name),
    all.map(({ podSubnet }) => podSubnet),
    all.map(({ serviceSubnet }) => serviceSubnet),
    made.map(({ kubeconfig }) => kubeconfig),
  ]) {
    expect(new Set(of).size).toBe(of.length)
  }
  const networkOf = (node = '') => docker('inspect', '--format', '{{json .NetworkSettings.Networks}}', node)
  const networks = await Promise.all(
    made.map(async ({ clusters }) => {
      const nodes = clusters.flatMap((cluster) => cluster.nodes.map(({ name }) => name))
      const found = await Promise.all(nodes.map(networkOf))
      return [...new Set(found.flatMap((text) => Object.keys(JSON.parse(text) as object)))]
    }),
  )
  expect(networks.map((names) => names.length)).toEqual([1, 1])
  expect(new Set(networks.flat()).size).toBe(2)
})

test('each is fully flat', async () => {
  for (const { kubeconfig, clusters } of made) {
    const proof = await proveFlat(
      kubeconfig,
      clusters.map(({ context }) => context),
    )
    expect(proof.pods).toHaveLength(2)
    expect(proof.pods.filter(({ own, seen }) => own !== seen)).toEqual([])
    expect(proof.services.filter(({ reachable }) => !reachable)).toEqual([])
  }
})

test('a third run with a name that one of them has is told whose it is, and makes nothing', async () => {
  const name = made[0]?.clusters[0]?.name ?? ''
  const state = await engineState()
  const refused = await terminals[0]?.run('up', '--clusters', `[${name}]`)
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`"${name}" is a kind cluster that exists already`),
  })
  expect(await engineState()).toEqual(state)
})

test('both are removed, one after the other, and the foreign cluster is as it was', async () => {
  for (const terminal of terminals) {
    expect((await terminal.run('down')).code).toBe(0)
    expect(await terminal.runs()).toEqual([])
  }
  expect(await engineState()).toEqual(before)
})
