import { InputError } from '../../src/errors.js'
import { addressAt, cidrAt, familyOf, ofFamily, parseCidr, sizeOf, type Family } from '../../src/model/cidr.js'
import type { Pair, PairEnd } from '../../src/plan/connectivity.js'
import type { HostFacts } from '../../src/plan/host-facts.js'
import { withDefaults, type GivenInputs } from '../../src/plan/inputs.js'
import { makePlan, type Plan } from '../../src/plan/plan.js'
import type { Place } from '../../src/plan/place.js'
import { Problems } from '../../src/model/problems.js'
import { parseRequest, type Request } from '../../src/plan/request.js'
import { kindRelease } from '../../src/plan/releases.js'
import { recordOf, type RunRecord } from '../../src/plan/run-record.js'
import type { Node } from '../../src/plan/wiring.js'

/** Inputs for tests: each builder fills in what a test does not care about. */

export const run = 'feedc0de'
export const directory = '/tmp/run'
/** What an entry says to a user who is left with something. */
export const howToRemove = ({ run: id }: { readonly run: string }) => `remove ${id} so`

/** What the kind of `facts` uses when no image is named. */
export const nodeImage = kindRelease('0.33.0')?.nodeImage ?? ''

/** Written as the inputs are, because that says shortest what is asked for. */
export function request(given: GivenInputs = {}): Request {
  const problems = new Problems()
  const asked = parseRequest(withDefaults(given), problems)
  problems.throwIfAny()
  return asked
}

/** The problems of inputs, each as its line. */
export function problemsOf(given: GivenInputs): string[] {
  try {
    request(given)
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n')
    throw error
  }
  return []
}

/** On the machine that the engine runs on. */
export const place: Place = {
  endpoint: 'unix:///var/run/docker.sock',
  named: 'the Docker context default',
  rootless: false,
}

/** A machine with Docker's default network and a network card. */
export function facts(overrides: Partial<HostFacts> = {}): HostFacts {
  return {
    engine: {
      version: '28.3.0',
      cpus: 4,
      memory: 16e9,
      platform: 'linux/amd64',
      containerdImageStore: false,
      sharesFiles: false,
    },
    place,
    ipv6: true,
    tools: { kind: '0.33.0', kubectl: '1.34.4', platform: 'linux/x64' },
    images: [],
    networks: [{ id: 'b1', name: 'bridge', subnets: ['172.17.0.0/16'] }],
    routes: [
      { destination: '172.17.0.0/16', device: 'docker0' },
      { destination: '192.168.1.0/24', device: 'eth0' },
    ],
    nameservers: [],
    containers: [],
    usedPorts: [],
    reservations: [],
    unreadableReservations: [],
    clusters: [],
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
    addresses: ['172.18.0.2'],
    podCIDRs: ['10.128.0.0/24'],
    ...overrides,
  }
}

/** Subnets of the Docker network that the nodes run on. */
export const nodeSubnets: Readonly<Record<Family, string>> = { ipv4: '172.18.0.0/16', ipv6: 'fc00:4b46::/64' }

/** The nodes of a run as they come up: addresses in a row from the second on, and of each pod subnet one part after the other. */
export function runningNodes(of: RunRecord, first = 2): Node[] {
  const nodes = of.clusters.flatMap(({ name: cluster, podSubnets, nodes }) =>
    nodes.map(({ name, role }, index) => ({
      cluster,
      name,
      role,
      families: podSubnets.map(familyOf),
      podCIDRs: podSubnets.map((subnet) => nthPart(subnet, index)),
    })),
  )
  return nodes.map(({ families, ...each }, index) => ({
    ...each,
    addresses: families.map((family) => addressAt(parseCidr(nodeSubnets[family]), first + index)),
  }))
}

/** The part of a pod subnet that the nth node gets. */
export function nthPart(podSubnet: string, index: number): string {
  const { family, first } = parseCidr(podSubnet)
  const mask = family === 'ipv4' ? 24 : 64
  return cidrAt(family, first + BigInt(index) * sizeOf(family, mask), mask).text
}

/** Where the probe runs on a node: the tenth address of its part. */
export function podOn({ podCIDRs }: Pick<Node, 'podCIDRs'>, family: Family = 'ipv4'): string {
  const [podCIDR = ''] = ofFamily(podCIDRs, family)
  return addressAt(parseCidr(podCIDR), 10)
}

export function end(of: Node, family: Family = 'ipv4'): PairEnd {
  return { cluster: of.cluster, node: of.name, address: podOn(of, family) }
}

/** A pair as it should be. */
export function pair(from: Node, to: Node, overrides: Partial<Pair> = {}): Pair {
  const { family = 'ipv4' } = overrides
  return {
    from: end(from, family),
    to: end(to, family),
    family,
    joined: true,
    reachable: true,
    source: podOn(from, family),
    ownAddress: true,
    latency: 1.25,
    ...overrides,
  }
}

/** A pair of clusters that are apart, as it should be. */
export function apartPair(from: Node, to: Node, family: Family = 'ipv4'): Pair {
  return { from: end(from, family), to: end(to, family), family, joined: false, reachable: false, ownAddress: false }
}
