import { parseCidr } from '../../src/plan/cidr.js'
import type { Pair, PairEnd } from '../../src/plan/connectivity.js'
import type { HostFacts } from '../../src/plan/host-facts.js'
import { withDefaults, type GivenInputs } from '../../src/plan/inputs.js'
import { makePlan, type Plan } from '../../src/plan/plan.js'
import { Problems } from '../../src/plan/problems.js'
import { parseRequest, type Request } from '../../src/plan/request.js'
import { recordOf, type RunRecord } from '../../src/plan/run-record.js'
import type { Node } from '../../src/plan/wiring.js'

/** Inputs for tests: each builder fills in what a test does not care about. */

export const run = 'feedc0de'
export const directory = '/tmp/run'

/** Written as the inputs are, because that says shortest what is asked for. */
export function request(given: GivenInputs = {}): Request {
  const problems = new Problems()
  const asked = parseRequest(withDefaults(given), problems)
  problems.throwIfAny()
  return asked
}

/** A machine with Docker's default network and a network card. */
export function facts(overrides: Partial<HostFacts> = {}): HostFacts {
  return {
    engine: { version: '28.3.0', cpus: 4, memory: 16e9 },
    networks: [{ id: 'b1', name: 'bridge', subnets: ['172.17.0.0/16'] }],
    routes: [
      { destination: '172.17.0.0/16', device: 'docker0' },
      { destination: '192.168.1.0/24', device: 'eth0' },
    ],
    containers: [],
    files: [],
    ...overrides,
  }
}

export function plan(given: GivenInputs = {}, machine: Partial<HostFacts> = {}): Plan {
  return makePlan(request(given), facts(machine), run)
}

export function record(given: GivenInputs = {}, overrides: Partial<RunRecord> = {}): RunRecord {
  return { ...recordOf(plan(given), directory), ...overrides }
}

/** A list of clusters as YAML: name, control planes, workers. */
export function clusters(
  ...list: readonly (readonly [name: string, controlPlanes: number, workers: number])[]
): string {
  return list
    .map(([name, controlPlanes, workers]) =>
      JSON.stringify({ name, 'control-planes': controlPlanes, workers }).replace(/^/, '- '),
    )
    .join('\n')
}

export function node(overrides: Partial<Node> = {}): Node {
  return {
    cluster: 'east',
    name: 'east-control-plane',
    role: 'control-plane',
    address: '172.18.0.2',
    podCIDR: '10.128.0.0/24',
    ...overrides,
  }
}

/** The nodes of a run as they come up: addresses in a row, and of each pod subnet one /24 after the other. */
export function runningNodes(of: RunRecord): Node[] {
  const nodes = of.clusters.flatMap(({ name: cluster, podSubnet, nodes }) =>
    nodes.map(({ name, role }, index) => ({ cluster, name, role, podCIDR: nthSlash24(podSubnet, index) })),
  )
  return nodes.map((each, index) => ({ ...each, address: `172.18.0.${String(index + 2)}` }))
}

function nthSlash24(subnet: string, index: number): string {
  const [a, b, c] = [24, 16, 8].map((bits) => Math.floor((parseCidr(subnet).first + index * 256) / 2 ** bits) % 256)
  return [a, b, c, '0/24'].join('.')
}

/** Where the probe runs on a node: its tenth address. */
export function podOn({ podCIDR }: Pick<Node, 'podCIDR'>): string {
  return podCIDR.replace(/0\/24$/, '10')
}

export function end(of: Node): PairEnd {
  return { cluster: of.cluster, node: of.name, address: podOn(of) }
}

/** A pair as it should be. */
export function pair(from: Node, to: Node, overrides: Partial<Pair> = {}): Pair {
  return {
    from: end(from),
    to: end(to),
    reachable: true,
    source: podOn(from),
    ownAddress: true,
    latency: 1.25,
    ...overrides,
  }
}
