import { getClusterState, parseClusterState, type ClusterState } from '../commands/cluster-state.js'
import { getLastLog, waitForCoreDns, waitForNodes } from '../commands/kubectl.js'
import { CommandError } from '../errors.js'
import type { Cluster } from '../plan/cluster.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { PodTrouble } from '../commands/pod-troubles.js'
import type { KubectlTarget } from '../commands/kubectl.js'
import type { CommandRunner, World } from '../ports.js'
import { patienceOf, silenceTeller } from './patience.js'

interface Readiness {
  readonly what: string
  /** A command that ends when it seems to be ready. */
  readonly watch: typeof waitForNodes
  readonly missing: (state: ClusterState, cluster: Cluster) => string[]
}

type Wait = (world: World, record: RunRecord, cluster: Cluster, waitSeconds: number) => Promise<ClusterState>

/** Waits until every planned node of a cluster is Ready with a podCIDR; `kind --wait` looks at the control plane alone. */
export const untilNodesReady: Wait = (...of) =>
  untilNothingIsMissing({ what: 'nodes', watch: waitForNodes, missing: missingNodes }, ...of)

/** Waits until a cluster's CoreDNS is available: every pod of it, and with the newest Corefile. */
export const untilCoreDnsAvailable: Wait = (...of) =>
  untilNothingIsMissing({ what: 'CoreDNS', watch: waitForCoreDns, missing: missingCoreDns }, ...of)

/** A watch ends after so many seconds at most, since only the look behind it tells what has failed for good. */
const watchSeconds = 10

async function untilNothingIsMissing(
  readiness: Readiness,
  ...[{ runner, log, clock }, record, cluster, waitSeconds]: Parameters<Wait>
): Promise<ClusterState> {
  const target = { kubeconfig: clusterKubeconfig(record, cluster.name) }
  const started = clock.now()
  const patience = patienceOf(clock, waitSeconds)
  const tellSilence = silenceTeller({ log, clock }, cluster.name)
  for (;;) {
    // what the watch tells is looked at afterwards, together with what it cannot wait for
    const seconds = Math.max(1, Math.min(watchSeconds, patience.left()))
    await runner.run(readiness.watch(target, seconds), { timeoutSeconds: seconds + 30 }).catch(commandFailure)
    const state = await look(runner, target)
    const isSilent = state instanceof CommandError
    const missing = isSilent ? [`it does not answer: ${state.message}`] : readiness.missing(state, cluster)
    if (!isSilent && missing.length === 0) {
      log.progress(cluster.name, `${readiness.what} ready ${(clock.now() - started).toFixed(1)} s later`)
      return state
    }
    if (isSilent) tellSilence(state)
    else patience.succeeded()
    const troubles = isSilent ? [] : state.podTroubles
    const hasFailed = isSilent ? patience.isFinal(state) : troubles.some(({ isFinal }) => isFinal)
    if (hasFailed || patience.left() <= 0) {
      const why = hasFailed ? 'cannot get ready' : `was not ready within ${String(waitSeconds)} s (input wait)`
      const details = await describeTroubles(runner, target, troubles)
      throw new Error(`cluster ${cluster.name} ${why}:\n  ${[...missing, ...details].join('\n  ')}`)
    }
    await clock.sleep(1)
  }
}

/** A look at a cluster's state takes no longer. */
const lookSeconds = 60

function look(runner: CommandRunner, target: KubectlTarget): Promise<ClusterState | CommandError> {
  return runner.run(getClusterState(target), { timeoutSeconds: lookSeconds }).then(parseClusterState, commandFailure)
}

/** Enough to see what is wrong. */
const mostTroubles = 10

/** The pods that do not run, each with what it said before it crashed. */
async function describeTroubles(
  runner: CommandRunner,
  target: KubectlTarget,
  troubles: readonly PodTrouble[],
): Promise<string[]> {
  const lines = await Promise.all(
    troubles.slice(0, mostTroubles).map(async ({ pod, why, crashed }) => {
      const log =
        crashed === undefined ? '' : await runner.run(getLastLog(target, 'kube-system', pod, crashed)).catch(() => '')
      const said = log.split('\n').filter((line) => line.trim() !== '')
      return [`pod ${pod}: ${why}`, ...said.map((line) => `  ${line}`)]
    }),
  )
  return lines.flat()
}

/** A command that failed is an answer too; anything else is not. */
function commandFailure(error: unknown): CommandError {
  if (error instanceof CommandError) return error
  throw error
}

/** What of a cluster's nodes is not ready yet. */
export function missingNodes({ nodes }: ClusterState, cluster: Cluster): string[] {
  const found = new Map(nodes.map((node) => [node.name, node]))
  return cluster.nodes.flatMap(({ name }) => {
    const node = found.get(name)
    if (node === undefined) return [`node ${name} has not joined`]
    if (!node.ready) return [`node ${name} is not Ready: ${node.why}`]
    return node.podCIDRs.length < cluster.podSubnets.length ? [`node ${name} has no podCIDR yet`] : []
  })
}

export function missingCoreDns({ coreDns }: ClusterState): string[] {
  return coreDns.available ? [] : [`CoreDNS is not available: ${coreDns.why}`]
}
