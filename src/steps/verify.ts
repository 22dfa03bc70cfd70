import { getClusterState, parseClusterState } from '../commands/cluster-state.js'
import {
  applyManifest,
  deleteSelected,
  getPodsAndServices,
  parseClusterIPs,
  parseReadyPods,
  waitForPods,
} from '../commands/kubectl.js'
import {
  askFrom,
  askSeconds,
  parseAnswers,
  probeImage,
  probeKinds,
  probeManifest,
  probeNamespace,
  probeOfCheck,
  probesOfRun,
  serviceSeconds,
  type Answer,
} from '../commands/probe.js'
import { CancelledError, CommandError, messageOf } from '../errors.js'
import { groupBy } from '../model/group-by.js'
import type { Cluster } from '../plan/cluster.js'
import {
  fault,
  isSound,
  pairsOf,
  serviceFault,
  type Connectivity,
  type Pair,
  type PairEnd,
  type ServiceEnd,
  type ServicePair,
} from '../plan/connectivity.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { Node } from '../plan/wiring.js'
import type { World } from '../ports.js'
import { allOrNone } from './all-or-none.js'
import { patient } from './patience.js'
import { whenAllEnd } from './when-all-end.js'

/** The probe gets so much time at least to run on every node, however short the input wait is. */
const rolloutSeconds = 120

/** No check lasts longer than that, and the input wait. */
const longestCheckSeconds = 30 * 60

/**
 * Deploys a check's probe into a cluster, whose nodes need not be ready for that, and removes what was left behind by
 * checks that were killed.
 * @param check the check's own id: several may be at work
 */
export async function deployProbe(world: World, record: RunRecord, cluster: Cluster, check: string): Promise<void> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  const api = patient(world, cluster.name, record.waitSeconds)
  try {
    const state = parseClusterState(await api.run(getClusterState(target)))
    await api.run(applyManifest(target), { input: probeManifest(probeImage(state), check, record.run) })
    const old = state.probes.filter(({ ageSeconds }) => ageSeconds > longestCheckSeconds + record.waitSeconds)
    for (const probe of old) await deleteProbes(world, record, cluster, probeOfCheck(probe.check), 'on its way')
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new Error(`cluster ${cluster.name} did not take the probe: ${error.message}`, { cause: error })
  }
}

/** How far a removal is waited for. */
type Removal = 'gone' | 'on its way'

/**
 * Removes a check's probe from every cluster; what fails is a warning.
 * @throws {CancelledError} when the world is ended by a signal
 */
export function removeProbes(world: World, record: RunRecord, check: string, until: Removal = 'gone'): Promise<void> {
  return deleteEverywhere(world, record, probeOfCheck(check), until)
}

/** The same for the probes of every check of the run. */
export function removeAllProbes(world: World, record: RunRecord): Promise<void> {
  return deleteEverywhere(world, record, probesOfRun(record.run), 'gone')
}

async function deleteEverywhere(world: World, record: RunRecord, selector: string, until: Removal): Promise<void> {
  await Promise.all(record.clusters.map((cluster) => deleteProbes(world, record, cluster, selector, until)))
}

/** Longest time for an API server to take the removal of a probe, whether it is waited for or not. */
const deleteSeconds = { gone: 90, 'on its way': 15 } as const

async function deleteProbes(
  { runner, files, log }: World,
  record: RunRecord,
  cluster: Cluster,
  selector: string,
  until: Removal,
): Promise<void> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  // a cluster that was never created has none
  if (!(await files.exists(target.kubeconfig))) return
  try {
    const removal = deleteSelected(target, probeNamespace, probeKinds, selector, until)
    await runner.run(removal, { timeoutSeconds: deleteSeconds[until] })
  } catch (error) {
    if (error instanceof CancelledError) throw error
    log.warning(`the probe was not removed from cluster ${cluster.name}: ${messageOf(error)}`)
  }
}

/**
 * Asks every ordered pair of nodes of different clusters, from the pod network, in every address family they share: is
 * it reachable, and with which address is it seen? Then whether every node reaches the Services of the other clusters. The
 * check's probe must have been deployed.
 */
export async function verifyConnectivity(
  world: World,
  record: RunRecord,
  nodes: readonly Node[],
  check: string,
): Promise<Connectivity> {
  const nodesOf = groupBy(nodes, ({ cluster }) => cluster)
  const probes = await allOrNone(
    world,
    record.clusters.map(
      (cluster) => (live: World) => probesOf(live, record, cluster, nodesOf.get(cluster.name) ?? [], check),
    ),
  )
  const ends = probes.flatMap((each) => each.ends)
  const pairs = pairsOf(ends, ends, record.clusters)
  const services = record.routeServices
    ? pairsOf(
        ends,
        probes.flatMap((each) => each.services),
        record.clusters,
      )
    : []
  const answers = await askAll(world, ends, [
    ...pairs.map((pair) => ({ ...pair, seconds: 0 })),
    ...services.map((pair) => ({ ...pair, seconds: pair.joined ? serviceSeconds : 0 })),
  ])
  return {
    pairs: pairs.map((pair): Pair => {
      const { source, latency } = answers(pair)
      return {
        ...pair,
        reachable: source !== undefined,
        ...(source !== undefined && { source }),
        ownAddress: source === pair.from.address && pair.from.address !== pair.to.address,
        ...(latency !== undefined && { latency }),
      }
    }),
    ...(record.routeServices && {
      services: services.map((pair): ServicePair => {
        const { source, latency } = answers(pair)
        return { ...pair, reachable: source !== undefined, ...(latency !== undefined && { latency }) }
      }),
    }),
  }
}

type Question = Pick<ServicePair, 'from' | 'to'>

/** Asks all questions of a node in one exec, and of all nodes at the same time. */
async function askAll(
  { runner }: World,
  ends: readonly PairEnd[],
  questions: readonly (Question & { readonly seconds: number })[],
): Promise<(question: Question) => Answer> {
  const endsOf = groupBy(ends, ({ node }) => node)
  const answers = new Map(
    await whenAllEnd(
      [...groupBy(questions, ({ from }) => from.node)].map(async ([node, asked]) => {
        const own = endsOf.get(node)?.[0]?.address ?? ''
        const targets = asked.map(({ to, seconds }) => ({ address: to.address, seconds }))
        const output = await runner.run(askFrom(node, own, targets), { timeoutSeconds: askSeconds })
        return [node, parseAnswers(output)] as const
      }),
    ),
  )
  return ({ from, to }) => answers.get(from.node)?.get(to.address) ?? {}
}

/** Pairs that a message tells one by one. */
const mostTold = 20

/** @throws naming pairs that are not as they should be, with both ends and what was seen */
export function requireFlat(
  { pairs = [], services = [] }: Partial<Connectivity>,
  nodes: readonly Node[],
  preserveSourceIp: boolean,
): void {
  const nodeAt = new Map(nodes.flatMap(({ name, addresses }) => addresses.map((address) => [address, name] as const)))
  const broken = pairs.filter((pair) => !isSound(pair, preserveSourceIp))
  const unserved = services.flatMap((pair) => serviceFault(pair) ?? [])
  if (broken.length === 0 && unserved.length === 0) return
  const counts = [
    ...(broken.length === 0 ? [] : [`${String(broken.length)} of ${String(pairs.length)} pairs of nodes are broken`]),
    ...(unserved.length === 0
      ? []
      : [`${String(unserved.length)} of ${String(services.length)} Services are not as they should be`]),
  ]
  const wrong = broken.length + unserved.length
  const told = [...broken.slice(0, mostTold).map((pair) => fault(pair, nodeAt)), ...unserved].slice(0, mostTold)
  const more = wrong > told.length ? [`… and ${String(wrong - told.length)} more`] : []
  throw new Error(`the network is not flat: ${counts.join(', and ')}\n  ${[...told, ...more].join('\n  ')}`)
}

/** Where the probe answers in a cluster. */
interface Probes {
  readonly ends: readonly PairEnd[]
  readonly services: readonly ServiceEnd[]
}

/**
 * The addresses of a check's probe on every node of a cluster, and those of its Service, as soon as it runs everywhere.
 * @param nodes those of the cluster
 */
async function probesOf(
  world: World,
  record: RunRecord,
  cluster: Cluster,
  nodes: readonly Node[],
  check: string,
): Promise<Probes> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  const selector = probeOfCheck(check)
  const { runner, clock } = world
  const seconds = Math.max(rolloutSeconds, record.waitSeconds)
  const api = patient(world, cluster.name, seconds)
  const started = clock.now()
  for (;;) {
    // in short turns: a node that is gone keeps its pod, which never gets Ready
    await runner.run(waitForPods(target, probeNamespace, selector, 2)).catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error
    })
    const output = await api.run(getPodsAndServices(target, probeNamespace, selector))
    const pods = groupBy(parseReadyPods(output), ({ node }) => node)
    const missing = nodes.filter(({ name }) => !pods.has(name))
    if (missing.length === 0) {
      const ends = nodes
        .flatMap(({ name }) => pods.get(name) ?? [])
        .flatMap(({ node, addresses }) => addresses.map((address) => ({ cluster: cluster.name, node, address })))
      return { ends, services: parseClusterIPs(output).map((address) => ({ cluster: cluster.name, address })) }
    }
    if (clock.now() - started > seconds) {
      throw new Error(`the probe does not run on ${missing.map(({ name }) => name).join(', ')}`)
    }
    await clock.sleep(0.2)
  }
}
