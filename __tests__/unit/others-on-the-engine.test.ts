import { beforeEach, describe, expect, test } from '@jest/globals'
import { down, plan, runsOnEngine, up } from '../../src/pipeline.js'
import type { GivenInputs } from '../../src/plan/inputs.js'
import type { CommandRunner } from '../../src/ports.js'
import type { FlatNetwork } from '../../src/report/flat-network.js'
import { directory, run } from '../fakes/build.js'
import { FakeEngine } from '../fakes/engine.js'
import { fakeWorld, RecordingStore, type FakeWorld } from '../fakes/world.js'

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
})

const never = new AbortController().signal
const upAs = (id: string, inputs: GivenInputs, runner: CommandRunner = world.runner) =>
  up(
    { ...world, runner },
    inputs,
    { id, directory: `${directory}/${id}`, store: new RecordingStore(world.runner), howToRemove: () => '' },
    never,
  )

const subnetsOf = ({ record }: FlatNetwork) =>
  record.clusters.flatMap(({ podSubnets, serviceSubnets }) => [...podSubnets, ...serviceSubnets])

describe('with objects of others that only look like those of runs', () => {
  const label = 'kind-flat-network.run'
  const reserved = 'kind-flat-network.reserved'

  beforeEach(() => {
    engine.add('theirs', ['control-plane'], 'data', '10.128.0.0/16')
    engine.containers = engine.containers.map((each) => ({ ...each, kubeadm: 'kind: [' }))
    engine.networks.push({ id: 'n9', name: 'their net', subnets: ['10.192.0.0/16'], run: 'a b\nc' })
    engine.runContainers.push({ id: 'c9', name: 'theirs', run: 'a b\nc' })
    engine.volumes.push(
      { name: 'kind-flat-network-cafe0001', labels: { [label]: 'cafe0001', [reserved]: 'east west' } },
      { name: 'kind-flat-network-cafe0002', labels: { [label]: 'cafe0002', [reserved]: '{"version":2}' } },
      { name: 'kind-flat-network-data', labels: {} },
      { name: 'odd', labels: { [label]: '\n', [reserved]: '\n' } },
    )
  })

  const left = () => [engine.containers, engine.networks, engine.runContainers, engine.volumes].map((all) => [...all])

  test('plan, up and down work, say what they cannot know, and touch nothing of it', async () => {
    const before = left()
    const { plan: decided } = await plan(world, { clusters: '2' }, run)
    const volumes = ['kind-flat-network-cafe0001', 'kind-flat-network-cafe0002', 'odd']
    expect(decided.warnings).toEqual(
      volumes.map((volume): unknown => expect.stringMatching(new RegExp(`docker volume rm ${volume}$`))),
    )
    const flat = await upAs(run, { clusters: '2' })
    // each once, although the machine was looked at twice
    expect(world.log.warnings.filter((line) => line.includes('docker volume rm'))).toEqual(decided.warnings)
    expect(await runsOnEngine(world)).toEqual([run, 'cafe0001', 'cafe0002'])
    await down(world, flat.record)
    expect(left()).toEqual(before)
  })
})

test('a reservation as 0.1.0 wrote it is respected', async () => {
  const reservation = { clusters: ['cluster1'], subnets: ['10.128.0.0/16', '10.192.0.0/16'] }
  const labels = { 'kind-flat-network.run': 'cafe0001', 'kind-flat-network.reserved': JSON.stringify(reservation) }
  engine.volumes.push({ name: 'kind-flat-network-cafe0001', labels })
  const { plan: decided } = await plan(world, { clusters: '1' }, run)
  expect(decided.clusters.map(({ name, podSubnets }) => [name, ...podSubnets])).toEqual([['cluster2', '10.129.0.0/16']])
  expect(decided.warnings).toEqual([expect.stringContaining('cluster1 is taken')])
})

test('a run that is suspended at any command before its first cluster shares no subnet with one that runs meanwhile', async () => {
  const suspendedAt = async (place: number) => {
    world = fakeWorld()
    engine = new FakeEngine(world)
    let [commands, met] = [0, false]
    let meanwhile: Promise<FlatNetwork> | undefined
    const inTurn = (inner: CommandRunner): CommandRunner => ({
      run: async (command, options) => {
        met ||= command.join(' ').startsWith('kind create')
        if (commands++ === place && !met) await (meanwhile = upAs('cafe0001', { clusters: '1' }))
        return inner.run(command, options)
      },
      until: (signal) => inTurn(inner.until(signal)),
    })
    const flat = await upAs(run, { clusters: '1' }, inTurn(world.runner))
    return { flat, other: await meanwhile }
  }
  let suspended = 0
  for (let place = 0; ; place++) {
    const { flat, other } = await suspendedAt(place)
    if (other === undefined) break
    suspended++
    const subnets = [flat, other].flatMap(subnetsOf)
    expect([place, subnets.length, new Set(subnets).size]).toEqual([place, 4, 4])
    const volumes = engine.volumes.map(({ name, labels }) => {
      const { subnets: taken } = JSON.parse(labels['kind-flat-network.reserved'] ?? '{}') as { subnets?: string[] }
      return [name, taken]
    })
    expect(volumes.sort()).toEqual([
      ['kind-flat-network-cafe0001', subnetsOf(other)],
      [`kind-flat-network-${run}`, subnetsOf(flat)],
    ])
  }
  expect(suspended).toBeGreaterThan(30)
}, 60_000)
