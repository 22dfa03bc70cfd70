import { applyManifest, deleteObject, getCoreDnsImage, getPods, parsePods, rolloutStatus } from '../commands/kubectl.js'
import { askFrom, askSeconds, parseAnswers, probe, probeManifest } from '../commands/probe.js'
import { CommandError, messageOf } from '../errors.js'
import { brokenPair, pairsOf, type Pair, type PairEnd } from '../plan/connectivity.js'
import type { Cluster } from '../plan/plan.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { Node } from '../plan/wiring.js'
import type { World } from '../ports.js'
import { whenAllEnd } from './when-all-end.js'

/** Longest time until the probe runs on every node. */
const rolloutSeconds = 120

/** An API server that has just come up may still turn a request away. */
const deployAttempts = 5

/** Puts the probe into a cluster, whose nodes need not be ready for that. */
export async function deployProbe({ runner, clock }: World, record: RunRecord, cluster: Cluster): Promise<void> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  for (let attempt = 1; ; attempt++) {
    try {
      const image = await runner.run(getCoreDnsImage(target))
      await runner.run(applyManifest(target), { input: probeManifest(image.trim()) })
      return
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (attempt === deployAttempts) {
        throw new Error(`cluster ${cluster.name} did not take the probe: ${error.message}`, { cause: error })
      }
      await clock.sleep(1)
    }
  }
}

/**
 * Asks every ordered pair of nodes of different clusters, from the pod network: is it reachable, and with which
 * address is it seen? The probe must have been deployed.
 */
export async function verifyPairs(world: World, record: RunRecord, nodes: readonly Node[]): Promise<Pair[]> {
  const ends = (await whenAllEnd(record.clusters.map((cluster) => probesOf(world, record, cluster, nodes)))).flat()
  const answers = new Map(
    await whenAllEnd(
      ends.map(async (from) => {
        const targets = ends.filter((to) => to.cluster !== from.cluster).map((to) => to.address)
        const output = await world.runner.run(askFrom(from.node, from.address, targets), { timeoutSeconds: askSeconds })
        return [from, parseAnswers(output)] as const
      }),
    ),
  )
  return pairsOf(ends).map(({ from, to }) => {
    const { source, latency } = answers.get(from)?.get(to.address) ?? {}
    return {
      from,
      to,
      reachable: source !== undefined,
      ...(source !== undefined && { source }),
      ownAddress: source === from.address,
      ...(latency !== undefined && { latency }),
    }
  })
}

/** @throws naming every broken pair with both ends and what was seen */
export function requireFlat(pairs: readonly Pair[], nodes: readonly Node[], preserveSourceIp: boolean): void {
  const broken = pairs.flatMap((pair) => brokenPair(pair, nodes, preserveSourceIp) ?? [])
  if (broken.length === 0) return
  throw new Error(
    `the network is not flat: ${String(broken.length)} of ${String(pairs.length)} pairs of nodes are broken\n  ${broken.join('\n  ')}`,
  )
}

async function probesOf(
  { runner }: World,
  record: RunRecord,
  cluster: Cluster,
  nodes: readonly Node[],
): Promise<PairEnd[]> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  await runner.run(rolloutStatus(target, probe.namespace, probe.daemonSet, rolloutSeconds), {
    timeoutSeconds: rolloutSeconds + 30,
  })
  const pods = parsePods(await runner.run(getPods(target, probe.namespace, probe.selector)))
  return nodes
    .filter((node) => node.cluster === cluster.name)
    .map((node) => {
      const address = pods.find((pod) => pod.node === node.name)?.address ?? ''
      if (address === '') throw new Error(`the probe does not run on node ${node.name}`)
      return { cluster: cluster.name, node: node.name, address }
    })
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
