import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { Outputs } from '../../src/report/flat-network.js'
import { proveFlat } from './agnhost.js'
import { engineState } from './support/engine.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(900_000)

let terminal: Terminal
let before: Awaited<ReturnType<typeof engineState>>

beforeAll(async () => {
  before = await engineState()
  terminal = await Terminal.open()
})

afterAll(() => terminal.close())

const prove = ({ kubeconfig, clusters }: Outputs) =>
  proveFlat(
    kubeconfig,
    clusters.map(({ context }) => context),
  )

test('four clusters of three nodes each are fully flat', async () => {
  const { pods, services } = await prove(await terminal.up('4', '--workers', '2', '--wait', '10m'))
  expect(pods).toHaveLength(4 * 3 * 9)
  expect(pods.filter(({ own, seen }) => own !== seen)).toEqual([])
  expect(services).toHaveLength(4 * 3 * 3)
  expect(services.filter(({ reachable }) => !reachable)).toEqual([])
  expect((await terminal.run('down')).code).toBe(0)
})

test('two control planes behind a load balancer, masks and subnets of other sizes, given and allotted', async () => {
  const masks = 'kind: ClusterConfiguration\ncontrollerManager:\n  extraArgs:\n    node-cidr-mask-size: "26"\n'
  const outputs = await terminal.up(
    JSON.stringify([
      { name: 'size-two', 'control-planes': 2, 'pod-subnet': '10.150.16.0/20', 'service-subnet': '10.150.32.0/24' },
      { name: 'size-masks', workers: 1, config: { kubeadmConfigPatches: [masks] } },
    ]),
  )
  expect(outputs.clusters.map(({ nodes }) => nodes.map(({ podCIDR }) => podCIDR.replace(/.*\//, '')))).toEqual([
    ['24', '24'],
    ['26', '26'],
  ])
  const { pods, services } = await prove(outputs)
  expect(pods).toHaveLength(8)
  expect(pods.filter(({ own, seen }) => own !== seen)).toEqual([])
  expect(services.filter(({ reachable }) => !reachable)).toEqual([])
})

test('everything is removed', async () => {
  expect((await terminal.run('down')).code).toBe(0)
  expect(await engineState()).toEqual(before)
})
