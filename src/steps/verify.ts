import { getClusterState, parseClusterState } from '../commands/cluster-state.js'
import {
  applyManifest,
  deleteObjects,
  getPodsAndServices,
  parseClusterIPs,
  parseReadyPods,
  waitForPods,
} from '../commands/kubectl.js'
import {
  askFrom,
  askSeconds,
  parseAnswers,
  probe,
  probeImage,
  probeManifest,
  serviceSeconds,
  type Answer,
} from '../commands/probe.js'
import { CommandError, messageOf } from '../errors.js'
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
import { untilAccepted } from './until-accepted.js'
import { whenAllEnd } from './when-all-end.js'

/** Longest time until the probe runs on every node. */
const rolloutSeconds = 120

/** Puts the probe into a cluster, whose nodes need not be ready for that. */
export async function deployProbe({ runner, clock }: World, record: RunRecord, cluster: Cluster): Promise<void> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  try {
    await untilAccepted(clock, async () => {
      const image = probeImage(parseClusterState(await runner.run(getClusterState(target))))
      await runner.run(applyManifest(target), { input: probeManifest(image) })
    })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new Error(`cluster ${cluster.name} did not take the probe: ${error.message}`, { cause: error })
  }
}

/**
 * Asks every ordered pair of nodes of different clusters, from the pod network, in every address family they share: is
 * it reachable, and with which address is it seen? Then whether every node reaches the Services of the other clusters. The
 * probe must have been deployed.
 */
export async function verifyConnectivity(
  world: World,
  record: RunRecord,
  nodes: readonly Node[],
): Promise<Connectivity> {
  const probes = await whenAllEnd(record.clusters.map((cluster) => probesOf(world, record, cluster, nodes)))
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
  const asking = [...new Set(questions.map(({ from }) => from.node))]
  const answers = new Map(
    await whenAllEnd(
      asking.map(async (node) => {
        const own = ends.find((end) => end.node === node)?.address ?? ''
        const targets = questions
          .filter(({ from }) => from.node === node)
          .map(({ to, seconds }) => ({ address: to.address, seconds }))
        const output = await runner.run(askFrom(node, own, targets), { timeoutSeconds: askSeconds })
        return [node, parseAnswers(output)] as const
      }),
    ),
  )
  return ({ from, to }) => answers.get(from.node)?.get(to.address) ?? {}
}

/** @throws naming every pair that is not as it should be, with both ends and what was seen */
export function requireFlat(
  { pairs = [], services = [] }: Partial<Connectivity>,
  nodes: readonly Node[],
  preserveSourceIp: boolean,
): void {
  const broken = pairs.filter((pair) => !isSound(pair, preserveSourceIp)).map((pair) => fault(pair, nodes))
  const unserved = services.flatMap((pair) => serviceFault(pair) ?? [])
  if (broken.length === 0 && unserved.length === 0) return
  const counts = [
    ...(broken.length === 0 ? [] : [`${String(broken.length)} of ${String(pairs.length)} pairs of nodes are broken`]),
    ...(unserved.length === 0
      ? []
      : [`${String(unserved.length)} of ${String(services.length)} Services are not as they should be`]),
  ]
  throw new Error(`the network is not flat: ${counts.join(', and ')}\n  ${[...broken, ...unserved].join('\n  ')}`)
}

/** Where the probe answers in a cluster. */
interface Probes {
  readonly ends: readonly PairEnd[]
  readonly services: readonly ServiceEnd[]
}

/** The probe's addresses on every node of a cluster, and those of its Service, as soon as it runs everywhere. */
async function probesOf(
  { runner, clock }: World,
  record: RunRecord,
  cluster: Cluster,
  nodes: readonly Node[],
): Promise<Probes> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  const wanted = nodes.filter((node) => node.cluster === cluster.name)
  const started = clock.now()
  for (;;) {
    // in short turns: a node that is gone keeps its pod, which never gets Ready
    await runner.run(waitForPods(target, probe.namespace, probe.selector, 2)).catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error
    })
    const output = await runner.run(getPodsAndServices(target, probe.namespace, probe.selector))
    const pods = parseReadyPods(output)
    const missing = wanted.filter(({ name }) => !pods.some(({ node }) => node === name))
    if (missing.length === 0) {
      const ends = wanted.flatMap(({ name }) =>
        pods
          .filter(({ node }) => node === name)
          .flatMap(({ addresses }) => addresses.map((address) => ({ cluster: cluster.name, node: name, address }))),
      )
      return { ends, services: parseClusterIPs(output).map((address) => ({ cluster: cluster.name, address })) }
    }
    if (clock.now() - started > rolloutSeconds) {
      throw new Error(`the probe does not run on ${missing.map(({ name }) => name).join(', ')}`)
    }
    await clock.sleep(0.2)
  }
}

/** Removes the probe from every cluster; what fails is a warning. */
export async function removeProbes({ runner, files, log }: World, record: RunRecord): Promise<void> {
  await Promise.all(
    record.clusters.map(async (cluster) => {
      const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
      // a cluster that was never created has none
      if (!(await files.exists(target.kubeconfig))) return
      try {
        await runner.run(deleteObjects(target, probe.namespace, probe.objects))
      } catch (error) {
        log.warning(`the probe was not removed from cluster ${cluster.name}: ${messageOf(error)}`)
      }
    }),
  )
}
