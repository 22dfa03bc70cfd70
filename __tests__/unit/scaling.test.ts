import { describe, expect, test } from '@jest/globals'
import type { Style } from '../../src/cli/style.js'
import { flatNetworkLines } from '../../src/cli/text.js'
import type { ClusterState } from '../../src/commands/cluster-state.js'
import { probeImage } from '../../src/commands/probe.js'
import { parseCidr } from '../../src/model/cidr.js'
import { nodeNames } from '../../src/model/kind-names.js'
import { pairsOf, type Pair, type PairEnd } from '../../src/plan/connectivity.js'
import { nodesInTheWay } from '../../src/plan/load-balancer-subnets.js'
import { clusterKubeconfig, type RunRecord } from '../../src/plan/run-record.js'
import { allot } from '../../src/plan/subnets.js'
import { planWiring, type Node } from '../../src/plan/wiring.js'
import type { CommandRunner } from '../../src/ports.js'
import { matrix, outputsOf, verdict } from '../../src/report/flat-network.js'
import { summary } from '../../src/report/summary.js'
import { readNodes } from '../../src/steps/nodes.js'
import { missingNodes } from '../../src/steps/until-ready.js'
import { requireFlat, verifyConnectivity } from '../../src/steps/verify.js'
import { end, plan, podOn, record, runningNodes } from '../fakes/build.js'
import { stepsOf, watched } from '../fakes/steps.js'
import { fakeWorld } from '../fakes/world.js'

/** A network of so many clusters of so many nodes each, and what was seen of it. */
interface Network {
  readonly made: RunRecord
  /** The same clusters, no two of them joined. */
  readonly apart: RunRecord
  readonly nodes: readonly Node[]
  readonly ends: readonly PairEnd[]
  readonly pairs: readonly Pair[]
  readonly masqueraded: readonly Pair[]
}

function networkOf(clusters: number, nodesEach: number): Network {
  const list = Array.from({ length: clusters }, (_, index) => ({ name: `c${String(index)}`, workers: nodesEach - 1 }))
  const made = record({ clusters: JSON.stringify(list) })
  const nodes = runningNodes(made).map(watched)
  const addresses = new Map(nodes.map(({ name, addresses: [address = ''] }) => [name, address]))
  const ends = nodes.map((node) => watched(end(node)))
  const pairs = pairsOf(ends, ends, made.clusters).map((pair) =>
    watched<Pair>({ ...pair, reachable: true, source: pair.from.address, ownAddress: true, latency: 0.5 }),
  )
  return {
    made,
    apart: { ...made, clusters: made.clusters.map((cluster) => ({ ...cluster, networks: [cluster.name] })) },
    nodes,
    ends,
    pairs,
    masqueraded: pairs.map((pair) =>
      watched({ ...pair, source: addresses.get(pair.from.node) ?? '', ownAddress: false }),
    ),
  }
}

/** A world in which all that is asked of this network is known already. */
function worldOf({ made, nodes }: Network) {
  const answers = new Map<string, string>()
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
  for (const cluster of made.clusters) {
    const own = nodes.filter((node) => node.cluster === cluster.name)
    const coreDns = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 }
    const state = [
      ...own.map(({ name, podCIDRs }) => ({ kind: 'Node', metadata: { name }, spec: { podCIDRs }, status: ready })),
      { kind: 'Deployment', metadata: { name: 'coredns' }, spec: { replicas: 1 }, status: coreDns },
    ]
    const pods = own.map((node) => ({
      kind: 'Pod',
      metadata: {},
      spec: { nodeName: node.name },
      status: { ...ready, podIPs: [{ ip: podOn(node) }] },
    }))
    const kubeconfig = clusterKubeconfig(made, cluster.name)
    answers.set(`${kubeconfig} get nodes,deployments.apps,services,pods`, JSON.stringify({ items: state }))
    answers.set(`${kubeconfig} get pods,services`, JSON.stringify({ items: pods }))
  }
  const containers = nodes.map(({ name, addresses: [IPAddress] }) => ({
    Id: name,
    Name: `/${name}`,
    Config: {},
    State: { Running: true },
    NetworkSettings: { Networks: { [made.dockerNetwork]: { IPAddress } } },
  }))
  const inspected = JSON.stringify(containers)
  const runner: CommandRunner = {
    run: ([program, verb, first = '', , second = '', third = '']) =>
      Promise.resolve(
        program === 'docker' && verb === 'container' ? inspected : (answers.get(`${first} ${second} ${third}`) ?? ''),
      ),
    until: () => runner,
  }
  return { ...fakeWorld(), runner }
}

const plain: Style = (_, text) => text
const stateOf = (nodes: readonly Node[], images: (index: number) => readonly string[]): ClusterState => ({
  nodes: nodes.map(({ name, podCIDRs }, index) => ({ name, podCIDRs, ready: true, why: '', images: images(index) })),
  coreDns: { available: true, why: '', image: 'coredns:v1' },
  dnsAddresses: [],
  podTroubles: [],
  probes: [],
})

describe('what is done for each pair of nodes', () => {
  const works: [string, (network: Network) => unknown][] = [
    ['pairs of joined clusters', ({ ends, made }) => pairsOf(ends, ends, made.clusters)],
    ['pairs of clusters that are apart', ({ ends, apart }) => pairsOf(ends, ends, apart.clusters)],
    ['wiring', ({ made, nodes }) => planWiring(made, nodes)],
    ['wiring of clusters that are apart', ({ apart, nodes }) => planWiring(apart, nodes)],
    ['matrix', ({ pairs }) => matrix(pairs)],
    ['verdict', ({ pairs }) => verdict({ pairs })],
    [
      'faults',
      ({ masqueraded, nodes }) => expect(() => requireFlat({ pairs: masqueraded }, nodes, true)).toThrow(/not flat/),
    ],
    ['summary', ({ made, nodes, pairs }) => summary({ record: made, nodes, pairs }, [])],
    ['text', ({ made, nodes, pairs }) => flatNetworkLines({ record: made, nodes, pairs }, 10_000, plain)],
    [
      'text of faults',
      ({ made, nodes, masqueraded }) => flatNetworkLines({ record: made, nodes, pairs: masqueraded }, 10_000, plain),
    ],
    [
      'nodes among the addresses of load balancers',
      ({ made, nodes }) =>
        nodesInTheWay(
          made.clusters.map(({ name }) => ({ name, loadBalancerSubnets: ['172.18.0.0/24'] })),
          nodes,
        ),
    ],
    ['check', (network) => verifyConnectivity(worldOf(network), network.made, network.nodes, 'c4ec0de1')],
  ]

  test.each(works)('%s: four times as many pairs take no more than four times the steps', async (_, work) => {
    const steps = async (clusters: number, nodesEach: number) => {
      const network = networkOf(clusters, nodesEach)
      return stepsOf(() => work(network))
    }
    const few = await steps(6, 5)
    expect((await steps(6, 10)) / few).toBeLessThan(4.5)
    expect((await steps(12, 5)) / few).toBeLessThan(4.5)
  })
})

describe('what is done for each node', () => {
  const works: [string, (network: Network) => unknown][] = [
    ['outputs', ({ made, nodes }) => outputsOf({ record: made, nodes })],
    ['nodes that are missing', ({ made: { clusters }, nodes }) => missingNodesOf(clusters, nodes)],
    [
      'image of the probe',
      ({ nodes }) => probeImage(stateOf(nodes, (index) => ['a', 'b', `coredns:v${String(index)}x`])),
    ],
    [
      'names',
      ({ nodes }) =>
        nodeNames(
          'east',
          nodes.map(({ role }) => role),
        ),
    ],
    ['nodes of clusters that exist', (network) => readNodes(worldOf(network), network.made)],
    [
      'free blocks between used addresses',
      ({ nodes }) =>
        allot(
          nodes.length,
          parseCidr('172.18.0.0/16'),
          nodes.map(({ addresses: [address = ''] }) => parseCidr(`${address}/32`)),
          {
            shortest: 32,
            longest: 32,
          },
        ),
    ],
  ]
  const missingNodesOf = (clusters: RunRecord['clusters'], nodes: readonly Node[]) => {
    const [first] = clusters
    if (first === undefined) throw new Error('no cluster')
    return missingNodes(
      stateOf(nodes, () => []),
      { ...first, nodes },
    )
  }

  test.each(works)('%s: twice as many take no more than twice the steps', async (_, work) => {
    const steps = async (nodesEach: number) => {
      const network = networkOf(4, nodesEach)
      return stepsOf(() => work(network))
    }
    expect((await steps(40)) / (await steps(20))).toBeLessThan(2.3)
  })
})

describe('a plan', () => {
  const planOf = (clusters: number, entry: (index: number) => object, containers = 0) => {
    const list = JSON.stringify(
      Array.from({ length: clusters }, (_, index) => ({ name: `c${String(index)}`, ...entry(index) })),
    )
    const facts = {
      containers: Array.from({ length: containers }, (_, index) => ({
        name: `other${String(index)}`,
        ports: [{ address: '0.0.0.0', port: 10_000 + index, protocol: 'TCP' as const }],
      })),
    }
    return stepsOf(() => plan({ clusters: list }, facts))
  }

  test('of clusters with the same subnets, apart from each other, takes steps for each pair of clusters', async () => {
    const entry = (index: number) => ({
      network: `n${String(index)}`,
      'pod-subnet': '10.0.0.0/12',
      'service-subnet': '10.96.0.0/16',
    })
    expect((await planOf(80, entry)) / (await planOf(40, entry))).toBeLessThan(4.5)
  })

  test('takes steps for each node, and for each container that is there', async () => {
    const entry = (nodes: number) => (index: number) => ({
      config: {
        kind: 'Cluster',
        apiVersion: 'kind.x-k8s.io/v1alpha4',
        nodes: Array.from({ length: nodes }, (_, node) => ({
          role: node === 0 ? 'control-plane' : 'worker',
          extraPortMappings: [{ containerPort: 80, hostPort: 20_000 + index * 1000 + node }],
        })),
      },
    })
    const few = await planOf(4, entry(20), 100)
    expect((await planOf(4, entry(40), 200)) / few).toBeLessThan(2.3)
  })
})
