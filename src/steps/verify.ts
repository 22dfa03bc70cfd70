import {
  applyManifest,
  deleteObject,
  getCoreDnsImage,
  getPods,
  parseReadyPods,
  waitForPods,
} from '../commands/kubectl.js'
import { askFrom, askSeconds, parseAnswers, probe, probeManifest } from '../commands/probe.js'
import { CommandError, messageOf } from '../errors.js'
import type { Cluster } from '../plan/cluster.js'
import { fault, isSound, pairsOf, type Pair, type PairEnd } from '../plan/connectivity.js'
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
      const image = await runner.run(getCoreDnsImage(target))
      await runner.run(applyManifest(target), { input: probeManifest(image.trim()) })
    })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new Error(`cluster ${cluster.name} did not take the probe: ${error.message}`, { cause: error })
  }
}

/**
 * Asks every ordered pair of nodes of different clusters, from the pod network, in every address family they share: is
 * it reachable, and with which address is it seen? The probe must have been deployed.
 */
export async function verifyPairs(world: World, record: RunRecord, nodes: readonly Node[]): Promise<Pair[]> {
  const ends = (await whenAllEnd(record.clusters.map((cluster) => probesOf(world, record, cluster, nodes)))).flat()
  const pairs = pairsOf(ends, record.clusters)
  const asking = [...new Set(pairs.map(({ from }) => from.node))]
  const answers = new Map(
    await whenAllEnd(
      asking.map(async (node) => {
        const own = ends.find((end) => end.node === node)?.address ?? ''
        const targets = pairs.filter(({ from }) => from.node === node).map(({ to }) => to.address)
        const output = await world.runner.run(askFrom(node, own, targets), { timeoutSeconds: askSeconds })
        return [node, parseAnswers(output)] as const
      }),
    ),
  )
  return pairs.map((pair) => {
    const { source, latency } = answers.get(pair.from.node)?.get(pair.to.address) ?? {}
    return {
      ...pair,
      reachable: source !== undefined,
      ...(source !== undefined && { source }),
      ownAddress: source === pair.from.address,
      ...(latency !== undefined && { latency }),
    }
  })
}

/** @throws naming every pair that is not as it should be, with both ends and what was seen */
export function requireFlat(pairs: readonly Pair[], nodes: readonly Node[], preserveSourceIp: boolean): void {
  const broken = pairs.filter((pair) => !isSound(pair, preserveSourceIp)).map((pair) => fault(pair, nodes))
  if (broken.length === 0) return
  throw new Error(
    `the network is not flat: ${String(broken.length)} of ${String(pairs.length)} pairs of nodes are broken\n  ${broken.join('\n  ')}`,
  )
}

/** The probe's addresses on every node of a cluster, as soon as it runs there. */
async function probesOf(
  { runner, clock }: World,
  record: RunRecord,
  cluster: Cluster,
  nodes: readonly Node[],
): Promise<PairEnd[]> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  const wanted = nodes.filter((node) => node.cluster === cluster.name)
  const started = clock.now()
  for (;;) {
    // in short turns: a node that is gone keeps its pod, which never gets Ready
    await runner.run(waitForPods(target, probe.namespace, probe.selector, 2)).catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error
    })
    const pods = parseReadyPods(await runner.run(getPods(target, probe.namespace, probe.selector)))
    const missing = wanted.filter(({ name }) => !pods.some(({ node }) => node === name))
    if (missing.length === 0) {
      return wanted.flatMap(({ name }) =>
        pods
          .filter(({ node }) => node === name)
          .flatMap(({ addresses }) => addresses.map((address) => ({ cluster: cluster.name, node: name, address }))),
      )
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
        await runner.run(deleteObject(target, probe.namespace, probe.daemonSet))
      } catch (error) {
        log.warning(`the probe was not removed from cluster ${cluster.name}: ${messageOf(error)}`)
      }
    }),
  )
}
