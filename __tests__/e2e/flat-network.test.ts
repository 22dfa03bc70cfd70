import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createWorld } from '../../src/adapters/world.js'
import { planWiring } from '../../src/plan/wiring.js'
import { connect } from '../../src/steps/connect.js'
import { directoryStores } from '../../src/cli/cache-directory.js'
import { readNodes } from '../../src/steps/nodes.js'
import type { Outputs } from '../../src/report/flat-network.js'
import type { Log } from '../../src/ports.js'
import { proveFlat } from './agnhost.js'
import { Job, type Ended } from './support/action.js'
import { docker, engineState, foreignCluster, nodeImage } from './support/engine.js'

jest.setTimeout(600_000)

const nothing = () => undefined
const silent: Log = { info: nothing, warning: nothing, progress: nothing, phase: (_, work) => work() }

/** Routes and nat rules of a node, without counters and comments. */
async function wiringOf(node: string): Promise<string> {
  const routes = await docker('exec', node, 'ip', '-4', 'route', 'show')
  const rules = await docker('exec', node, 'iptables-save', '-t', 'nat')
  return [routes, ...rules.split('\n').map((line) => line.replace(/^(:\S+ \S+) \[.*/, '$1'))]
    .filter((line) => !line.startsWith('#'))
    .join('\n')
}

/** Once it has settled: what a pod leaves behind that was just deleted goes some seconds later. */
async function settledWiring(nodes: readonly string[]): Promise<string[]> {
  let before: string[] = []
  for (let look = 0; look < 15; look++) {
    const now = await Promise.all(nodes.map(wiringOf))
    if (now.join() === before.join()) return now
    before = now
    await sleep(2000)
  }
  throw new Error('the wiring of the nodes does not settle')
}

describe('three clusters of two, two and one nodes', () => {
  let job: Job
  let main: Ended
  let before: Awaited<ReturnType<typeof engineState>>
  let removeForeign: () => Promise<void>
  let outputs: Outputs

  beforeAll(async () => {
    removeForeign = await foreignCluster('flat-e2e-foreign')
    before = await engineState()
    job = await Job.create()
    const clusters = '[{name: flat-east, workers: 1}, {name: flat-west, workers: 1}, flat-south]'
    main = await job.startMain({ clusters, 'node-image': nodeImage }).ended
    const raw = await job.file('GITHUB_OUTPUT')
    outputs = {
      kubeconfig: raw['kubeconfig'] ?? '',
      kubeconfigs: JSON.parse(raw['kubeconfigs'] ?? '{}') as Outputs['kubeconfigs'],
      'kubeconfigs-internal': JSON.parse(raw['kubeconfigs-internal'] ?? '{}') as Outputs['kubeconfigs-internal'],
      clusters: JSON.parse(raw['clusters'] ?? '[]') as Outputs['clusters'],
      connectivity: JSON.parse(raw['connectivity'] ?? '[]') as Outputs['connectivity'],
      'service-connectivity': JSON.parse(raw['service-connectivity'] ?? '[]') as Outputs['service-connectivity'],
      registry: raw['registry'] ?? '',
      'cache-hit': raw['cache-hit'] === 'true',
    }
  })

  afterAll(async () => {
    await job.post()
    await job.remove()
    await removeForeign()
  })

  test('main succeeds, and its own matrix is complete', () => {
    expect(main).toMatchObject({
      code: 0,
      log: expect.stringContaining(
        "16/16 pod pairs reachable, 16/16 with the pod's own address, 10/10 Services answer",
      ),
    })
    expect(outputs.connectivity.filter(({ reachable, ownAddress }) => reachable && ownAddress)).toHaveLength(16)
    expect(outputs['service-connectivity'].filter(({ reachable }) => reachable)).toHaveLength(10)
  })

  test('agnhost reaches every pod with its own address, and every service', async () => {
    const { pods, services } = await proveFlat(
      outputs.kubeconfig,
      outputs.clusters.map(({ context }) => context),
    )
    expect(pods).toHaveLength(16)
    expect(pods.filter(({ own, seen }) => own !== seen)).toEqual([])
    expect(services).toHaveLength(10)
    expect(services.filter(({ reachable }) => !reachable)).toEqual([])
  })

  test('outputs, KUBECONFIG and summary tell what was made', async () => {
    expect(outputs.clusters.map(({ name, nodes }) => [name, nodes.length])).toEqual([
      ['flat-east', 2],
      ['flat-west', 2],
      ['flat-south', 1],
    ])
    expect(await job.file('GITHUB_ENV')).toEqual({ KUBECONFIG: outputs.kubeconfig })
    expect((await stat(outputs.kubeconfig)).mode & 0o777).toBe(0o600)
    for (const path of Object.values(outputs.kubeconfigs)) expect((await stat(path)).mode & 0o777).toBe(0o600)
    const summary = await job.summary()
    expect(summary).toContain('```mermaid')
    expect(summary).toContain("16/16 pod pairs reachable, 16/16 with the pod's own address")
  })

  test('nothing of the probe is left in the clusters', async () => {
    const world = createWorld('probecheck', silent, () => undefined, directoryStores())
    for (const { context } of outputs.clusters) {
      const command = [
        'kubectl',
        '--kubeconfig',
        outputs.kubeconfig,
        '--context',
        context,
        '--namespace=kube-system',
        'get',
        'daemonsets,services,configmaps,pods',
        '--output=name',
      ]
      expect(await world.runner.run(command)).not.toContain('kind-flat-network')
    }
  })

  test('connecting a second time changes nothing', async () => {
    const record = await job.record()
    const nodes = outputs.clusters.flatMap((cluster) => cluster.nodes.map(({ name }) => name))
    const first = await settledWiring(nodes)
    const world = createWorld(record.run, silent, () => undefined, directoryStores())
    await connect(world, planWiring(record, await readNodes(world, record)))
    expect(await Promise.all(nodes.map(wiringOf))).toEqual(first)
  })

  test('our nat chain stands right behind kube-proxy and before kindnet', async () => {
    const rules = (await docker('exec', 'flat-east-worker', 'iptables', '-t', 'nat', '-S', 'POSTROUTING')).split('\n')
    const position = (chain: string) => rules.findIndex((rule) => rule.endsWith(`-j ${chain}`))
    expect(position('KIND-FLAT-NETWORK')).toBe(position('KUBE-POSTROUTING') + 1)
    expect(position('KIND-FLAT-NETWORK')).toBeLessThan(position('KIND-MASQ-AGENT'))
  })

  test('post removes exactly what was made, and a second post finds nothing to do', async () => {
    expect(await job.post()).toMatchObject({ code: 0, log: expect.not.stringContaining('::warning::') })
    expect(await engineState()).toEqual(before)
    expect(await job.leftFiles()).toEqual([])
    expect(await job.post()).toMatchObject({ code: 0, log: expect.not.stringContaining('::warning::') })
    expect(await engineState()).toEqual(before)
  })
})
