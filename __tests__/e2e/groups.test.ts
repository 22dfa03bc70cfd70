import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { Outputs } from '../../src/report/flat-network.js'
import { proveFlat, type Proof } from './agnhost.js'
import { docker, engineState } from './support/engine.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(600_000)

let terminal: Terminal
let before: Awaited<ReturnType<typeof engineState>>
let outputs: Outputs
let proof: Proof

beforeAll(async () => {
  before = await engineState()
  terminal = await Terminal.open()
  outputs = await terminal.up(
    '[{name: grp-left, network: left}, {name: grp-hub, network: [left, right], workers: 1}, {name: grp-right, network: right}]',
  )
  proof = await proveFlat(
    outputs.kubeconfig,
    outputs.clusters.map(({ context }) => context),
  )
})

afterAll(() => terminal.close())

const isJoined = (one: string, other: string) => [one, other].some((name) => name.includes('hub'))

test('joined pairs all reach each other with their own address', () => {
  const joined = proof.pods.filter(({ cluster, toCluster }) => isJoined(cluster, toCluster))
  expect(joined).toHaveLength(8)
  expect(joined.filter(({ own, seen }) => own !== seen)).toEqual([])
  const services = proof.services.filter(({ cluster, to }) => isJoined(cluster, to))
  expect(services).toHaveLength(6)
  expect(services.filter(({ reachable }) => !reachable)).toEqual([])
})

test('apart pairs never reach each other, pods and services', () => {
  const apart = proof.pods.filter(({ cluster, toCluster }) => !isJoined(cluster, toCluster))
  expect(apart.map(({ reachable }) => reachable)).toEqual([false, false])
  const services = proof.services.filter(({ cluster, to }) => !isJoined(cluster, to))
  expect(services.map(({ reachable }) => reachable)).toEqual([false, false])
})

test('the product has proven both itself', () => {
  const { connectivity } = outputs
  expect(connectivity.filter(({ joined, reachable, ownAddress }) => joined && reachable && ownAddress)).toHaveLength(8)
  expect(connectivity.filter(({ joined, reachable }) => !joined && !reachable)).toHaveLength(2)
})

test('a hole between clusters that are apart fails verify and is named', async () => {
  const [left, , right] = outputs.clusters.map(({ nodes: [node], podSubnet }) => ({ ...node, podSubnet }))
  const open = (from: typeof left, to: typeof left) =>
    docker(
      'exec',
      from?.name ?? '',
      'ip',
      'route',
      'replace',
      to?.podSubnet ?? '',
      'via',
      to?.address ?? '',
      'proto',
      '171',
    )
  await Promise.all([open(left, right), open(right, left)])
  const { code, stderr } = await terminal.run('verify')
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /grp-left-control-plane .* → grp-right-control-plane .*: reachable, although the clusters share no network/,
  )
  const mended = await terminal.run('repair')
  expect(mended).toMatchObject({ code: 0, stdout: expect.stringContaining('4/4 apart pairs silent') })
})

test('everything is removed', async () => {
  expect((await terminal.run('down')).code).toBe(0)
  expect(await engineState()).toEqual(before)
})
