import { describe, expect, test } from '@jest/globals'
import { InputError } from '../../../src/errors.js'
import type { ExistingCluster, HostFacts } from '../../../src/plan/host-facts.js'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import { makePlan } from '../../../src/plan/plan.js'
import { reusableNames } from '../../../src/plan/reuse.js'
import { facts, request, run } from '../../fakes/build.js'

const earlier = 'cafe0001'
const east: ExistingCluster = {
  name: 'east',
  run: earlier,
  podSubnets: ['10.200.0.0/16'],
  serviceSubnets: ['10.201.0.0/16'],
  nodes: [
    { name: 'east-control-plane', role: 'control-plane' },
    { name: 'east-worker', role: 'worker' },
  ],
  dockerNetworks: ['kind-flat-network-cafe0001'],
}

/** A machine on which an earlier run left that cluster. */
function left(existing: ExistingCluster = east, others: Partial<HostFacts> = {}): HostFacts {
  const { name, run: maker, podSubnets, serviceSubnets, nodes } = existing
  const subnets = [...podSubnets, ...serviceSubnets]
  return facts({
    reusable: [existing],
    containers: nodes.map((node) => ({ name: node.name, cluster: name, ...(maker !== undefined && { run: maker }) })),
    reservations: maker === undefined ? [] : [{ run: maker, clusters: [name], subnets }],
    clusters: maker === undefined ? [{ name, subnets }] : [],
    ...others,
  })
}

function problemsOf(given: GivenInputs, machine: HostFacts): string[] {
  try {
    makePlan(request({ reuse: 'true', ...given }), machine, run)
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n')
    throw error
  }
  return []
}

test('clusters of the given names may exist already, and of the numbers for the others; none without reuse', () => {
  const given = { clusters: '- east\n- {}\n- west' }
  expect([reusableNames(request({ ...given, reuse: 'true' })), reusableNames(request(given))]).toEqual([
    ['east', 'cluster2', 'west'],
    [],
  ])
})

test('what exists is taken over with its subnets, nodes and Docker network; what is missing is made beside it', () => {
  const { clusters, dockerNetwork } = makePlan(
    request({ reuse: 'true', clusters: '- east\n- west', 'pod-supernet': '10.200.0.0/14' }),
    left(),
    run,
  )
  expect(dockerNetwork).toBe('kind-flat-network-cafe0001')
  expect(clusters.map(({ name, reused, podSubnets, nodes }) => [name, reused, podSubnets, nodes.length])).toEqual([
    ['east', true, ['10.200.0.0/16'], 2],
    ['west', false, ['10.202.0.0/16'], 1],
  ])
})

test('what the run itself and the maker of the clusters wrote down is not in the way', () => {
  const machine = left()
  const own = { run, clusters: ['east', 'west'], subnets: ['10.128.0.0/16', '10.192.0.0/16'] }
  const { clusters } = makePlan(
    request({ reuse: 'true', clusters: '- east\n- west' }),
    { ...machine, reservations: [...machine.reservations, own] },
    run,
  )
  expect(clusters.map(({ podSubnets }) => podSubnets)).toEqual([['10.200.0.0/16'], ['10.128.0.0/16']])
})

test('what the maker of the clusters takes besides stays taken', () => {
  const others = { run: earlier, clusters: ['east', 'west'], subnets: ['10.200.0.0/16', '10.128.0.0/16'] }
  expect(problemsOf({ clusters: '- east\n- west' }, left(east, { reservations: [others] }))).toEqual([
    expect.stringMatching(/^clusters\[1\]\.name: "west" is a cluster that the run cafe0001 is making/),
  ])
  const reservations = [{ ...others, clusters: ['east'] }]
  const { clusters } = makePlan(
    request({ reuse: 'true', clusters: '- east\n- south' }),
    left(east, { reservations }),
    run,
  )
  expect(clusters[1]?.podSubnets).toEqual(['10.129.0.0/16'])
})

describe('a cluster that exists is refused when', () => {
  const remove = 'remove it with: kind delete cluster --name east'

  test.each<[string, GivenInputs, HostFacts, string]>([
    [
      'somebody else made it',
      {},
      left({ ...east, run: undefined } as unknown as ExistingCluster),
      'name: "east" is a kind cluster that kind-flat-network did not make; give another name',
    ],
    [
      'somebody else made it with a subnet that has host bits',
      {},
      left({ ...east, run: undefined, podSubnets: ['10.200.1.1/16'] } as unknown as ExistingCluster),
      'name: "east" is a kind cluster that kind-flat-network did not make; give another name',
    ],
    [
      'it was joined with another that is not in the list',
      {},
      left(east, { containers: [{ name: 'west-control-plane', cluster: 'west', run: earlier }] }),
      'name: "east" was joined by an earlier run with west, not in the list; name all of them',
    ],
    [
      'a later run joined others with it that are not in the list',
      {},
      left(east, {
        containers: [
          { name: 'south-control-plane', cluster: 'south', run: 'cafe0009' },
          { name: 'north-control-plane', cluster: 'north', run: 'cafe0008' },
        ],
        reservations: [
          { run: 'cafe0009', clusters: ['south'], subnets: [], reused: ['east'] },
          { run: 'cafe0008', clusters: ['north'], subnets: [], reused: ['elsewhere'] },
        ],
      }),
      'name: "east" was joined by an earlier run with south, not in the list; name all of them',
    ],
    [
      'kind is still making it',
      {},
      left({ ...east, podSubnets: [], serviceSubnets: [] }),
      `name: "east" is a cluster whose subnets cannot be read, as while kind is making it; wait, or ${remove}`,
    ],
    [
      'it is of another address family',
      { 'ip-family': 'dual' },
      left(),
      `ip-family: "ipv4 and ipv6" is not what the existing cluster has (ipv4); give that, or ${remove}`,
    ],
    [
      'it has another subnet than the one given',
      { clusters: '- {name: east, pod-subnet: 10.7.0.0/16}' },
      left(),
      `pod-subnet: "10.7.0.0/16" is not what the existing cluster has (10.200.0.0/16); leave it out, or ${remove}`,
    ],
    [
      'it is on another Docker network',
      { 'docker-network': 'lab' },
      left(),
      `name: "east" is not on the Docker network lab but on kind-flat-network-cafe0001; ${remove}`,
    ],
  ])('%s', (_, given, machine, problem) => {
    expect(problemsOf({ clusters: '- east', ...given }, machine)).toContain(`clusters[0].${problem}`)
  })

  test('several things are wrong with it, each of which is told', () => {
    const given = { clusters: '- {name: east, pod-subnet: 10.7.0.0/16, service-subnet: 10.8.0.0/16}' }
    expect(problemsOf({ ...given, 'docker-network': 'lab' }, left())).toEqual([
      `clusters[0].pod-subnet: "10.7.0.0/16" is not what the existing cluster has (10.200.0.0/16); leave it out, or ${remove}`,
      `clusters[0].service-subnet: "10.8.0.0/16" is not what the existing cluster has (10.201.0.0/16); leave it out, or ${remove}`,
      `clusters[0].name: "east" is not on the Docker network lab but on kind-flat-network-cafe0001; ${remove}`,
    ])
  })

  test('it is on another Docker network than the others', () => {
    const west = { ...east, name: 'west', podSubnets: ['10.202.0.0/16'], serviceSubnets: ['10.203.0.0/16'] }
    const reusable = [east, { ...west, dockerNetworks: ['lab'] }]
    expect(problemsOf({ clusters: '- east\n- west' }, left(east, { reusable }))).toEqual([
      'clusters[1].name: "west" is not on the Docker network kind-flat-network-cafe0001 but on lab; remove it with: kind delete cluster --name west',
    ])
  })
})
