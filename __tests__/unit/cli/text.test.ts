import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { styleText } from 'node:util'
import stringWidth from 'string-width'
import { noStyle } from '../../../src/cli/style.js'
import { flatNetworkLines, howToGoOnLines, runLines } from '../../../src/cli/text.js'
import { familyOf } from '../../../src/model/cidr.js'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import type { FlatNetwork } from '../../../src/report/flat-network.js'
import { apartPair, pair, record, runningNodes } from '../../fakes/build.js'

/** A flat network in which all is as it should be. */
function flatNetwork(given: GivenInputs): FlatNetwork {
  const made = record(given)
  const nodes = runningNodes(made)
  const pairs = nodes.flatMap((from) =>
    nodes
      .filter(({ cluster }) => cluster !== from.cluster)
      .flatMap((to) => from.addresses.map((address) => pair(from, to, { family: familyOf(address), latency: 0.44 }))),
  )
  return { record: made, nodes, pairs }
}

function lines(flat: FlatNetwork, columns = 80): string[] {
  return flatNetworkLines(flat, columns, noStyle)
}

test('two clusters of one node', () => {
  expect(lines(flatNetwork({ clusters: '2' }))).toEqual([
    'cluster1  context kind-cluster1  pods 10.128.0.0/16  services 10.192.0.0/16',
    '  1  cluster1-control-plane  172.18.0.2  pods 10.128.0.0/24',
    '',
    'cluster2  context kind-cluster2  pods 10.129.0.0/16  services 10.193.0.0/16',
    '  2  cluster2-control-plane  172.18.0.3  pods 10.129.0.0/24',
    '',
    '                         │   1   2',
    '1 cluster1-control-plane │   · 0.4',
    '2 cluster2-control-plane │ 0.4   ·',
    'round trips in ms, · same cluster',
    "✓ 2/2 pod pairs reachable, 2/2 with the pod's own address",
  ])
})

test('three clusters of two nodes', () => {
  expect(lines(flatNetwork({ clusters: '3', workers: '1' }))).toEqual([
    'cluster1  context kind-cluster1  pods 10.128.0.0/16  services 10.192.0.0/16',
    '  1  cluster1-control-plane  172.18.0.2  pods 10.128.0.0/24',
    '  2  cluster1-worker         172.18.0.3  pods 10.128.1.0/24',
    '',
    'cluster2  context kind-cluster2  pods 10.129.0.0/16  services 10.193.0.0/16',
    '  3  cluster2-control-plane  172.18.0.4  pods 10.129.0.0/24',
    '  4  cluster2-worker         172.18.0.5  pods 10.129.1.0/24',
    '',
    'cluster3  context kind-cluster3  pods 10.130.0.0/16  services 10.194.0.0/16',
    '  5  cluster3-control-plane  172.18.0.6  pods 10.130.0.0/24',
    '  6  cluster3-worker         172.18.0.7  pods 10.130.1.0/24',
    '',
    '                         │   1   2   3   4   5   6',
    '1 cluster1-control-plane │   ·   · 0.4 0.4 0.4 0.4',
    '2 cluster1-worker        │   ·   · 0.4 0.4 0.4 0.4',
    '3 cluster2-control-plane │ 0.4 0.4   ·   · 0.4 0.4',
    '4 cluster2-worker        │ 0.4 0.4   ·   · 0.4 0.4',
    '5 cluster3-control-plane │ 0.4 0.4 0.4 0.4   ·   ·',
    '6 cluster3-worker        │ 0.4 0.4 0.4 0.4   ·   ·',
    'round trips in ms, · same cluster',
    "✓ 24/24 pod pairs reachable, 24/24 with the pod's own address",
  ])
})

test('two clusters of both families', () => {
  expect(lines(flatNetwork({ clusters: '2', 'ip-family': 'dual' }))).toEqual([
    'cluster1  context kind-cluster1',
    '  pods 10.128.0.0/16, fd00:10:128::/56',
    '  services 10.192.0.0/16, fd00:10:192::/112',
    '  1  cluster1-control-plane  172.18.0.2    pods 10.128.0.0/24',
    '                             fc00:4b46::2  pods fd00:10:128::/64',
    '',
    'cluster2  context kind-cluster2',
    '  pods 10.129.0.0/16, fd00:10:128:100::/56',
    '  services 10.193.0.0/16, fd00:10:192::1:0/112',
    '  2  cluster2-control-plane  172.18.0.3    pods 10.129.0.0/24',
    '                             fc00:4b46::3  pods fd00:10:128:100::/64',
    '',
    '                         │       1       2',
    '1 cluster1-control-plane │       · 0.4/0.4',
    '2 cluster2-control-plane │ 0.4/0.4       ·',
    'round trips in ms, · same cluster',
    "✓ 4/4 pod pairs reachable, 4/4 with the pod's own address",
  ])
})

/** From the row of numbers on. */
function matrixOf(shown: readonly string[]): readonly string[] {
  return shown.slice(shown.findIndex((line) => line.includes('│')))
}

describe('the matrix of four clusters of three nodes', () => {
  const flat = flatNetwork({ clusters: '4', workers: '2' })

  test('has names and latencies at 80 columns', () => {
    const [head, first, , , fourth, ...rest] = matrixOf(lines(flat))
    expect([head, first, fourth]).toEqual([
      '                          │   1   2   3   4   5   6   7   8   9  10  11  12',
      ' 1 cluster1-control-plane │   ·   ·   · 0.4 0.4 0.4 0.4 0.4 0.4 0.4 0.4 0.4',
      ' 4 cluster2-control-plane │ 0.4 0.4 0.4   ·   ·   · 0.4 0.4 0.4 0.4 0.4 0.4',
    ])
    expect(rest.slice(8)).toEqual([
      'round trips in ms, · same cluster',
      "✓ 108/108 pod pairs reachable, 108/108 with the pod's own address",
    ])
  })

  test('leaves out first the names, then the latencies, then itself', () => {
    expect(matrixOf(lines(flat, 60))[4]).toBe(' 4 │ 0.4 0.4 0.4   ·   ·   · 0.4 0.4 0.4 0.4 0.4 0.4')
    expect(matrixOf(lines(flat, 45))[4]).toBe(' 4 │ ✓ ✓ ✓ · · · ✓ ✓ ✓  ✓  ✓  ✓')
    expect(matrixOf(lines(flat, 45))[13]).toBe('✓ reachable, · same cluster')
    expect(lines(flat, 45).slice(27, 29)).toEqual(['   9  cluster3-worker2', '      172.18.0.10  pods 10.130.2.0/24'])
    expect(lines(flat, 30).join('\n')).not.toContain('│')
    expect(lines(flat, 30).slice(-4)).toEqual([
      '',
      'the matrix of 12 nodes is too…',
      '✓ 108/108 pod pairs reachable,',
      "  108/108 with the pod's own …",
    ])
  })
})

describe('what is not as it should be', () => {
  const groups = '[{name: a, networks: [red]}, {name: b, networks: [red]}, {name: c, networks: [blue]}]'
  const made = record({ clusters: groups.replaceAll('networks', 'network') })
  const [a, b, c] = runningNodes(made) as [
    ReturnType<typeof runningNodes>[0],
    ReturnType<typeof runningNodes>[0],
    ReturnType<typeof runningNodes>[0],
  ]
  const masqueraded = pair(b, a, { source: '172.18.0.3', ownAddress: false })
  const flat: FlatNetwork = {
    record: made,
    nodes: [a, b, c],
    pairs: [
      { ...pair(a, b), reachable: false, ownAddress: false },
      masqueraded,
      apartPair(a, c),
      { ...apartPair(c, a), reachable: true },
    ],
  }

  test('is marked in the matrix and told pair by pair', () => {
    expect(matrixOf(lines(flat))).toEqual([
      '                  │ 1 2 3',
      '1 a-control-plane │ · ✗ –',
      '2 b-control-plane │ ≠ · ·',
      '3 c-control-plane │ ✗ · ·',
      'round trips in ms, · same cluster, – apart',
      '  a-control-plane → b-control-plane  ✗ no answer (ipv4)',
      '  b-control-plane → a-control-plane  ≠ seen as 172.18.0.3 (ipv4)',
      '  c-control-plane → a-control-plane  ✗ reachable (ipv4)',
      "✗ 1/2 pod pairs reachable, 0/2 with the pod's own address,",
      '  1/2 apart pairs silent',
    ])
    expect(lines(flat)[0]).toBe('a  context kind-a  pods 10.128.0.0/16  services 10.192.0.0/16  networks red')
  })

  test('an own address is not asked for without preserve-source-ip', () => {
    const lax = { ...flat, record: { ...made, preserveSourceIp: false }, pairs: [masqueraded] }
    expect(matrixOf(lines(lax))[2]).toBe('2 b-control-plane │ 1.3 · ·')
    expect(lines(lax).at(-1)).toBe("✓ 1/1 pod pairs reachable, 0/1 with the pod's own address")
  })

  test('has colours', () => {
    const colored = flatNetworkLines(flat, 80, (format, text) => styleText(format, text, { validateStream: false }))
    expect(colored.at(-2)).toContain('\u001b[31m✗\u001b[39m 1/2')
    expect(colored.map((line) => stringWidth(line))).toEqual(lines(flat).map((line) => stringWidth(line)))
  })

  test('is not told without end', () => {
    const large = flatNetwork({ clusters: '6' })
    const pairs = (large.pairs ?? []).map((each) => ({ ...each, reachable: false }))
    const told = lines({ ...large, pairs })
    expect(told.filter((line) => line.includes('✗ no answer'))).toHaveLength(20)
    expect(told.at(-2)).toBe('  … and 10 more; --json tells all')
  })
})

test('one cluster has nothing to prove', () => {
  const { record: made, nodes } = flatNetwork({ clusters: '1' })
  const unproven = { record: made, nodes }
  expect(lines(unproven)).toHaveLength(2)
  expect(lines({ ...unproven, pairs: [] }).slice(2)).toEqual(['', 'no pair of nodes to prove'])
})

test('no line is wider than the columns', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,38}[a-z0-9]$/)
  const clusters = fc.uniqueArray(fc.record({ name, workers: fc.nat(2) }), {
    minLength: 1,
    maxLength: 4,
    selector: (cluster) => cluster.name,
  })
  fc.assert(
    fc.property(
      clusters,
      fc.constantFrom('ipv4', 'ipv6', 'dual'),
      fc.integer({ min: 20, max: 100 }),
      fc.boolean(),
      (list, family, columns, sound) => {
        const flat = flatNetwork({ clusters: JSON.stringify(list), 'ip-family': family })
        const pairs = (flat.pairs ?? []).map((each) => ({ ...each, reachable: sound }))
        const widths = lines({ ...flat, pairs }, columns).map((line) => stringWidth(line))
        expect(Math.max(...widths)).toBeLessThanOrEqual(columns)
      },
    ),
    { numRuns: 50 },
  )
})

test('300 nodes take no longer than a person notices', () => {
  const flat = flatNetwork({ clusters: '100', workers: '2' })
  const started = performance.now()
  lines(flat)
  expect(performance.now() - started).toBeLessThan(1500)
})

test('runs have an id, a state, clusters, and where their kubeconfig is', () => {
  const kubeconfig = `/home/${'somebody/'.repeat(5)}.local/state/kind-flat-network/feedc0de/kubeconfig`
  const many = Array.from({ length: 8 }, (_, index) => `cluster${String(index + 1)}`)
  const runs = [
    { run: 'feedc0de', state: 'ready', clusters: many, dockerNetwork: 'kind', kubeconfig, here: true },
    { run: 'cafe0000', state: 'unfinished', clusters: ['east'], here: true },
    { run: 'deadbeef', state: 'no record', clusters: [], here: false },
  ] as const
  expect(runLines(runs, 70, noStyle)).toEqual([
    'feedc0de  ready  cluster1, cluster2, cluster3, cluster4, cluster5,',
    '                 cluster6, cluster7, cluster8',
    '  Docker network  kind',
    `  kubeconfig      ${kubeconfig}`,
    'cafe0000  unfinished  east',
    'deadbeef  no record',
    '  not made here: only down --run removes it',
  ])
})

test('the commands to go on with can be pasted, and fit for a home directory of usual length', () => {
  const made = record({}, { kubeconfig: '/home/somebody/.local/state/kind-flat-network/feedc0de/kubeconfig' })
  expect(howToGoOnLines(made, '/home/somebody')).toEqual([
    'use it:',
    '  export KUBECONFIG=~/.local/state/kind-flat-network/feedc0de/kubeconfig',
    'remove it:',
    '  kind-flat-network down --run feedc0de',
  ])
  expect(howToGoOnLines(made, '/home/some')[1]).toBe(`  export KUBECONFIG=${made.kubeconfig}`)
  const odd = { ...made, kubeconfig: '/home/some body/kubeconfig' }
  expect(howToGoOnLines(odd, '/home/some body')[1]).toBe(`  export 'KUBECONFIG=/home/some body/kubeconfig'`)
})
