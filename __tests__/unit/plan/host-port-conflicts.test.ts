import { describe, expect, test } from '@jest/globals'
import { InputError } from '../../../src/errors.js'
import type { HostFacts } from '../../../src/plan/host-facts.js'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import { plan } from '../../fakes/build.js'

function problemsOf(given: GivenInputs, machine: Partial<HostFacts> = {}): string[] {
  try {
    plan(given, machine)
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n')
    throw error
  }
  return []
}

interface Wanted {
  readonly hostPort?: number
  readonly listenAddress?: string
  readonly protocol?: string
}

const node = (...ports: readonly Wanted[]) => ({
  extraPortMappings: ports.map((port) => ({ containerPort: 80, ...port })),
})
const cluster = (...nodes: readonly object[]) => ({ config: { nodes } })
const list = (...clusters: readonly object[]) => JSON.stringify(clusters)
const remedy = 'give each its own port, or 0 for any that is free'
const port = (cluster: number, node: number, mapping = 0) =>
  `clusters[${String(cluster)}].config.nodes[${String(node)}].extraPortMappings[${String(mapping)}].hostPort`

describe('a fixed port is wanted twice', () => {
  test('by two clusters', () => {
    const clusters = list(cluster(node({ hostPort: 8080 })), cluster(node(), node({ hostPort: 1 }, { hostPort: 8080 })))
    expect(problemsOf({ clusters })).toEqual([`${port(1, 1, 1)}: 8080 is published by ${port(0, 0)} too; ${remedy}`])
  })

  test('by two nodes', () => {
    const clusters = list(cluster(node({ hostPort: 80 }), node({ hostPort: 80 })))
    expect(problemsOf({ clusters })).toEqual([`${port(0, 1)}: 80 is published by ${port(0, 0)} too; ${remedy}`])
  })

  test('by one node', () => {
    const clusters = list(cluster(node({ hostPort: 80 }, { hostPort: 80, listenAddress: '127.0.0.1' })))
    expect(problemsOf({ clusters })).toEqual([`${port(0, 0, 1)}: 80 is published by ${port(0, 0)} too; ${remedy}`])
  })

  test('by two API servers, and by an API server and a node', () => {
    const api = { config: { networking: { apiServerPort: 6443 } } }
    const place = (index: number) => `clusters[${String(index)}].config.networking.apiServerPort`
    expect(problemsOf({ clusters: list(api, api) })).toEqual([
      `${place(1)}: 6443 is published by ${place(0)} too; ${remedy}`,
    ])
    expect(problemsOf({ clusters: list(cluster(node({ hostPort: 6443 })), api) })).toEqual([
      `${place(1)}: 6443 is published by ${port(0, 0)} too; ${remedy}`,
    ])
  })

  test('by the clusters that share a config, told once', () => {
    const clusters = '[{name: a}, {name: b}]'
    const message =
      'would be published by several clusters (a, b); use 0 for any port that is free, or put it into the config of one cluster'
    expect(problemsOf({ clusters, config: JSON.stringify({ nodes: [node({ hostPort: 80 })] }) })).toEqual([
      `config.nodes[0].extraPortMappings[0].hostPort: 80 ${message}`,
    ])
    expect(problemsOf({ clusters, config: 'networking: {apiServerPort: 6443}' })).toEqual([
      `config.networking.apiServerPort: 6443 ${message}`,
    ])
  })
})

test.each<[string, Wanted, Wanted]>([
  ['other ports', { hostPort: 80 }, { hostPort: 81 }],
  ['other addresses', { hostPort: 80, listenAddress: '127.0.0.1' }, { hostPort: 80, listenAddress: '127.0.0.2' }],
  ['other protocols', { hostPort: 53 }, { hostPort: 53, protocol: 'UDP' }],
  ['any port that is free', { hostPort: 0 }, { hostPort: 0 }],
  ['any port that is free, by the engine', { hostPort: -1 }, { hostPort: -1 }],
  ['no port', {}, {}],
])('%s do not meet', (_, one, other) => {
  expect(problemsOf({ clusters: list(cluster(node(one)), cluster(node(other))) })).toEqual([])
})

describe('a fixed port is in use', () => {
  const clusters = list(cluster(node({ hostPort: 8080 })))

  test('by a container', () => {
    const containers = [{ name: 'web', ports: [{ address: '127.0.0.1', port: 8080, protocol: 'TCP' as const }] }]
    expect(problemsOf({ clusters }, { containers })).toEqual([
      `${port(0, 0)}: 8080 is published by the container web; give another port, or 0 for any that is free`,
    ])
  })

  test('by a program on this machine', () => {
    const usedPorts = [{ address: '0.0.0.0', port: 8080, protocol: 'TCP' as const }]
    expect(problemsOf({ clusters }, { usedPorts })).toEqual([
      `${port(0, 0)}: 8080 is in use on this machine (0.0.0.0:8080/tcp); give another port, or 0 for any that is free`,
    ])
  })

  test.each([
    { address: '0.0.0.0', port: 8081 },
    { address: '0.0.0.0', port: 8080, protocol: 'UDP' as const },
  ])('by nobody: %j', (used) => {
    expect(problemsOf({ clusters }, { usedPorts: [{ protocol: 'TCP', ...used }] })).toEqual([])
  })
})

test('one fixed port of a shared config may be published at an address of each cluster', () => {
  const at = (apiServerAddress: string) => ({ config: { networking: { apiServerAddress } } })
  const given = {
    config: 'networking: {apiServerPort: 26443}',
    clusters: JSON.stringify([at('127.0.0.1'), at('127.0.0.2')]),
  }
  expect(problemsOf(given)).toEqual([])
})
