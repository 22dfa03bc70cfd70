import { expect, test } from '@jest/globals'
import { InputError } from '../../../src/errors.js'
import type { HostFacts } from '../../../src/plan/host-facts.js'
import { Problems } from '../../../src/model/problems.js'
import { withDefaults, type GivenInputs } from '../../../src/plan/inputs.js'
import { makePlan } from '../../../src/plan/plan.js'
import { parseRequest } from '../../../src/plan/request.js'
import { facts, run } from '../../fakes/build.js'

/** How many clusters a plan has, or how many problems there are. */
function outcome(given: GivenInputs, machine: Partial<HostFacts> = {}): { clusters: number } | { problems: number } {
  const problems = new Problems()
  try {
    const request = parseRequest(withDefaults(given), problems)
    return { clusters: makePlan(request, facts({ routes: [], ...machine }), run, problems).clusters.length }
  } catch (error) {
    if (error instanceof InputError) return { problems: error.problems.length }
    throw error
  }
}

const list = (length: number, entry: (index: number) => object) =>
  JSON.stringify(Array.from({ length }, (_, index) => entry(index)))
const ports = (listenAddress: (index: number) => string, hostPort: (index: number) => number) =>
  JSON.stringify({
    nodes: [
      {
        extraPortMappings: Array.from({ length: 1000 }, (_, index) => ({
          containerPort: 80,
          hostPort: hostPort(index),
          listenAddress: listenAddress(index),
        })),
      },
    ],
  })
const keys = (value: string) =>
  `{${Array.from({ length: 15_000 }, (_, index) => `k${String(index)}: ${value}`).join()}}`
const patch = `{kind: ClusterConfiguration, apiServer: {extraArgs: ${keys('"x"')}}}`

// each took minutes, or all the memory there is, when every pair was compared
test.each<[string, GivenInputs, Partial<HostFacts>, ReturnType<typeof outcome>]>([
  ['a thousand clusters of both families', { clusters: '1000', 'ip-family': 'dual' }, {}, { clusters: 1000 }],
  [
    'a thousand clusters apart with the same subnets',
    {
      clusters: list(1000, (index) => ({
        network: `n${String(index)}`,
        'pod-subnet': '10.1.0.0/16',
        'service-subnet': '10.2.0.0/16',
      })),
    },
    {},
    { clusters: 1000 },
  ],
  [
    'a thousand joined clusters with the same subnet',
    { clusters: list(1000, () => ({ 'pod-subnet': '10.1.0.0/16' })) },
    {},
    { problems: 999 },
  ],
  [
    'groups by the thousand',
    {
      clusters: list(15, (index) => ({
        network: Array.from({ length: 1000 }, (_, group) => `g${String(index)}-${String(group)}`),
      })),
    },
    {},
    { clusters: 15 },
  ],
  [
    'routes by the thousand',
    { clusters: '1000', 'pod-supernet': '10.0.0.0/9' },
    {
      routes: Array.from({ length: 16_384 }, (_, index) => ({
        destination: `10.${String(64 + (index >> 8))}.${String(index & 255)}.1/32`,
        device: 'x',
      })),
    },
    { clusters: 1000 },
  ],
  [
    'ports by the thousand that clusters share',
    {
      clusters: '100',
      config: ports(
        () => '0.0.0.0',
        (index) => index + 1,
      ),
    },
    {},
    { problems: 1000 },
  ],
  [
    'addresses by the thousand for one port',
    {
      clusters: '1',
      config: ports(
        (index) => `127.0.${String(index >> 8)}.${String(index & 255)}`,
        () => 80,
      ),
    },
    {},
    { clusters: 1 },
  ],
  ['unknown settings by the thousand', { clusters: '1', config: keys('1') }, {}, { problems: 15_000 }],
  ['unknown settings of a cluster by the thousand', { clusters: `[${keys('1')}]` }, {}, { problems: 15_000 }],
  [
    'wrong labels by the thousand',
    { clusters: '1', config: `{nodes: [{labels: ${keys('[]')}}]}` },
    {},
    { problems: 15_000 },
  ],
  [
    'a large patch for many clusters',
    { clusters: '100', config: JSON.stringify({ kubeadmConfigPatches: [patch] }) },
    {},
    { clusters: 100 },
  ],
])(
  '%s: an end is reached',
  (_, given, machine, expected) => {
    expect(outcome(given, machine)).toEqual(expected)
  },
  300_000,
)
