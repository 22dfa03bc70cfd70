import pLimit from 'p-limit'
import { inspectContainers, parseKindContainers } from '../commands/docker.js'
import { causeOf, createCluster } from '../commands/kind.js'
import { getNodesAndCoreDns, parseClusterState, type ClusterState } from '../commands/kubectl.js'
import { CommandError } from '../errors.js'
import type { Cluster, ClusterPlan, Plan } from '../plan/plan.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { Node } from '../plan/wiring.js'
import type { CommandRunner, World } from '../ports.js'
import { missingCoreDns, missingNodes, untilNodesReady } from './until-ready.js'
import { whenAllEnd } from './when-all-end.js'

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
      await limit(() => create(live, record, cluster).catch(endOthers))
      const running = [untilNodesReady(live, record, cluster, plan.waitSeconds), onCreated(live, cluster)] as const
      const [state] = await Promise.all(running).catch(endOthers)
      return { cluster, state }
    }),
  )
  return describeNodes(world.runner, plan.network, ready)
}

async function create({ runner, log, clock }: World, record: RunRecord, cluster: ClusterPlan): Promise<void> {
  const { command, input } = createCluster(cluster, clusterKubeconfig(record, cluster.name))
  const started = clock.now()
  try {
    await runner.run(command, {
      input,
      timeoutSeconds: createSeconds,
      onLine: (line) => {
        // what kind tells a person on how to go on would only mislead here
        if (/^ *(✓|✗|ERROR|WARN)/i.test(line)) log.info(`${cluster.name}: ${line.trim()}`)
      },
    })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new Error(`cluster ${cluster.name} was not created: ${causeOf(error)}\n${error.message}`, { cause: error })
  }
  log.info(`${cluster.name}: created in ${(clock.now() - started).toFixed(1)} s`)
}

/** Joins what Kubernetes knows of the nodes (podCIDR) with what Docker knows (the address on the shared network). */
async function describeNodes(
  runner: CommandRunner,
  network: string,
  clusters: readonly { readonly cluster: Cluster; readonly state: ClusterState }[],
): Promise<Node[]> {
  const names = clusters.flatMap(({ cluster }) => cluster.nodes.map(({ name }) => name))
  const containers = parseKindContainers(await runner.run(inspectContainers(names)))
  return clusters.flatMap(({ cluster, state }) =>
    cluster.nodes.map(({ name, role }) => {
      const address = containers.find((container) => container.name === name)?.addresses[network] ?? ''
      if (address === '')
        throw new Error(`node ${name} has no address on the Docker network ${network}; is it still running?`)
      const podCIDR = state.nodes.find((node) => node.name === name)?.podCIDR ?? ''
      return { cluster: cluster.name, name, role, address, podCIDR }
    }),
  )
}

/**
 * The nodes of clusters that exist already.
 * @throws when a cluster does not answer or is not ready
 */
export async function readNodes({ runner }: World, record: RunRecord): Promise<Node[]> {
  const clusters = await Promise.all(
    record.clusters.map(async (cluster) => {
      const state = parseClusterState(
        await runner.run(getNodesAndCoreDns({ kubeconfig: clusterKubeconfig(record, cluster.name) })),
      )
      const missing = [...missingNodes(state, cluster), ...missingCoreDns(state)]
      if (missing.length > 0) throw new Error(`cluster ${cluster.name} is not ready:\n  ${missing.join('\n  ')}`)
      return { cluster, state }
    }),
  )
  return describeNodes(runner, record.network, clusters)
}
