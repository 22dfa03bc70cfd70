import { beforeEach, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { manifestAddress } from '../../src/commands/metallb.js'
import { plan, up } from '../../src/pipeline.js'
import type { GivenInputs } from '../../src/plan/inputs.js'
import { metallbRelease } from '../../src/plan/releases.js'
import { clusters, directory, howToRemove, run } from '../fakes/build.js'
import { FakeEngine } from '../fakes/engine.js'
import type { Call } from '../fakes/recording-runner.js'
import { fakeWorld, RecordingStore, type FakeWorld } from '../fakes/world.js'

const asItIs = (): void => undefined

/**
 * Each case is a request, the plan it leads to, and every command that carries the plan out, phase by phase. A change of
 * the files is a change of what users get: read it line by line. Commands that run side by side may change their order.
 * `$script` stands for a script, which its own tests look at; `$1`, `$2` for text of several lines; `$manifest` for that of MetalLB.
 */
const cases: [string, GivenInputs, (engine: FakeEngine) => void][] = [
  ['two-clusters', { clusters: clusters(['east', 1, 1], ['west', 1, 1]) }, asItIs],
  [
    'three-clusters',
    {
      clusters:
        clusters(['a', 2, 0], ['b', 1, 1]) + '\n- {name: c, pod-subnet: 10.8.0.0/16, service-subnet: 10.9.0.0/20}',
      'node-image': 'kindest/node:v1.34.0',
      kubeconfig: '/home/me/config',
    },
    asItIs,
  ],
  [
    'two-groups',
    {
      clusters: [
        '- {name: hub, ip-family: dual, network: [north, south]}',
        '- {name: north, network: north, workers: 1}',
        '- {name: south, ip-family: dual, network: south, service-subnet: "fd00:9::/112"}',
      ].join('\n'),
      'cross-cluster-dns': 'true',
      'docker-network': 'lab',
    },
    asItIs,
  ],
  [
    'all-at-once',
    {
      clusters: '[shared, a, b]',
      reuse: 'true',
      images: 'app:1',
      registry: 'true',
      'load-balancer': 'metallb',
      'kind-version': '0.33.0',
      'kubernetes-version': '1.34',
    },
    (engine) => {
      engine.networks.push({ id: 'l1', name: 'lab', subnets: ['172.18.0.0/16'] })
      engine.add('shared', ['control-plane'], 'cafe0001', '10.7.0.0/16', 'lab')
      engine.images.names.add('app:1')
    },
  ],
]

function golden(file: string): string {
  return readFileSync(new URL(`../golden/${file}`, import.meta.url), 'utf8')
}

describe.each(cases)('%s', (name, given, prepare) => {
  let world: FakeWorld

  beforeEach(() => {
    world = fakeWorld()
    world.downloads.texts.set(manifestAddress(metallbRelease), '$manifest')
    prepare?.(new FakeEngine(world))
  })

  test('lead to the plan that is written down', async () => {
    const { plan: decided } = await plan(world, given, run)
    expect(JSON.parse(JSON.stringify(decided))).toEqual(JSON.parse(golden(`${name}.plan.json`)))
  })

  test('lead to the commands that are written down', async () => {
    const byPhase: Record<string, readonly Call[]> = {}
    const { log, runner } = world
    log.phase = async (title, work) => {
      const before = runner.calls.length
      const result = await work()
      byPhase[title] = runner.calls.slice(before)
      return result
    }
    await up(
      world,
      given,
      { id: run, directory, store: new RecordingStore(runner), howToRemove },
      new AbortController().signal,
    )
    expect(mapValues(byPhase, (calls) => sorted(calls.map(readable)))).toEqual(
      mapValues(parse(golden(`${name}.commands.yaml`)) as Record<string, object[]>, sorted),
    )
  })
})

function readable({ command, options: { input } }: Call): object {
  const script = command[1] === 'exec' ? command.indexOf('-c') + 1 : -1
  const texts: Record<string, string> = input === undefined ? {} : { input }
  const words = command.map((word, index) => {
    if (index === script) return '$script'
    if (/^\S+$/.test(word)) return word
    if (!word.includes('\n')) return JSON.stringify(word)
    const name = `$${String(index - script - 1)}`
    texts[name] = word
    return name
  })
  return { run: words.join(' '), ...texts }
}

function sorted(list: readonly object[]): object[] {
  return list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

function mapValues<T>(record: Record<string, T>, map: (value: T) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
