import pLimit from 'p-limit'
import { causeOf, createCluster, dockerNetworkVariable, getKubeconfig } from '../commands/kind.js'
import { CommandError } from '../errors.js'
import type { Cluster } from '../plan/cluster.js'
import type { ClusterPlan, Plan } from '../plan/plan.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { Node } from '../plan/wiring.js'
import type { World } from '../ports.js'
import { describeNodes } from './nodes.js'
import { untilNodesReady } from './until-ready.js'
import { whenAllEnd } from './when-all-end.js'
import { writeInternalKubeconfigOf } from './write-kubeconfigs.js'

/** Time kind itself may take for one cluster before it counts as hung. */
const createSeconds = 30 * 60

/**
 * Creates all clusters at once and waits until every node is Ready with a podCIDR. The first failure ends the others.
 * @param onCreated called as soon as a cluster's API answers, while its nodes are getting ready
 * @throws the cause of the first failure, with the cluster's name first
 */
export async function provision(
  world: World,
  plan: Plan,
  record: RunRecord,
  onCreated: (world: World, cluster: Cluster) => Promise<void>,
): Promise<Node[]> {
  const failure = new AbortController()
  const live = { ...world, runner: world.runner.until(failure.signal) }
  const limit = pLimit(plan.concurrency)
  const endOthers = (error: unknown): never => {
    failure.abort(error)
    throw error
  }
  const ready = await whenAllEnd(
    plan.clusters.map(async (cluster) => {
      // the others are ended before the next in the queue would begin
      const begin = cluster.reused
        ? () => fetchKubeconfig(live, record, cluster)
        : () => create(live, plan.dockerNetwork, record, cluster)
      await limit(() => begin().catch(endOthers))
      await writeInternalKubeconfigOf(live, record, cluster).catch(endOthers)
      const running = [untilNodesReady(live, record, cluster, plan.waitSeconds), onCreated(live, cluster)] as const
      const [state] = await Promise.all(running).catch((error: unknown) => endOthers(withHint(error, cluster)))
      return { cluster, state }
    }),
  )
  return describeNodes(world, record, ready)
}

/** Where the engine is elsewhere in a way that could not be seen before, kubectl is the first to find out. */
function withHint(error: unknown, { name }: Cluster): unknown {
  if (
    !(error instanceof Error) ||
    !/connection refused|was refused|i\/o timeout|no route to host/.test(error.message)
  ) {
    return error
  }
  const hint = `the API server of cluster ${name} answered kind; where nothing that the Docker engine publishes is in reach from here, run this on the engine's machine, or give config with networking.apiServerAddress`
  return new Error(`${error.message}\n${hint}`, { cause: error })
}

async function create(
  { runner, log, clock }: World,
  dockerNetwork: string,
  record: RunRecord,
  cluster: ClusterPlan,
): Promise<void> {
  const { command, input } = createCluster(cluster, clusterKubeconfig(record, cluster.name))
  const started = clock.now()
  try {
    await runner.run(command, {
      input,
      environment: { [dockerNetworkVariable]: dockerNetwork },
      timeoutSeconds: createSeconds,
      onLine: (line) => {
        // what it begins says what it is at; how a person goes on would only mislead here, and the Docker network is our choice
        if (/^ *(•|✗|ERROR|WARN(?!ING: (Overriding docker network|Here be dragons)))/i.test(line))
          log.progress(
            cluster.name,
            line
              .replace(/^ *• /, '')
              .replace(/ *\.\.\.$/, '')
              .trim(),
          )
      },
    })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new Error(`cluster ${cluster.name} was not created: ${causeOf(error)}\n${error.message}`, { cause: error })
  }
  log.progress(cluster.name, `created in ${(clock.now() - started).toFixed(1)} s`)
}

/** All that a cluster needs which exists already. */
async function fetchKubeconfig({ runner, files, log }: World, record: RunRecord, { name }: Cluster): Promise<void> {
  await files.writePrivate(clusterKubeconfig(record, name), await runner.run(getKubeconfig(name)))
  log.progress(name, 'reused')
}
