import { messageOf } from './errors.js'
import { withDefaults, type GivenInputs } from './plan/inputs.js'
import { makePlan, reservationOf, type Plan } from './plan/plan.js'
import { Problems } from './plan/problems.js'
import { parseRequest, type Request } from './plan/request.js'
import { reusableNames } from './plan/reuse.js'
import { recordOf, type RunRecord } from './plan/run-record.js'
import type { Pair } from './plan/connectivity.js'
import { planWiring, type Node } from './plan/wiring.js'
import type { RunStore, World } from './ports.js'
import { verdict, type FlatNetwork } from './report/flat-network.js'
import { removalHint } from './report/removal-hint.js'
import { checkTools } from './steps/check-tools.js'
import { connect, type NodeChanges } from './steps/connect.js'
import { deleteRun, runsOn, type Removal } from './steps/delete.js'
import { withEngineLock } from './steps/engine-lock.js'
import { ensureNetwork } from './steps/ensure-network.js'
import { inspectHost } from './steps/inspect-host.js'
import { findNodes, readNodes } from './steps/nodes.js'
import { provision } from './steps/provision.js'
import { readInputFiles } from './steps/read-input-files.js'
import { reserve } from './steps/reserve.js'
import { teachCluster } from './steps/teach-cluster.js'
import { deployProbe, removeProbes, requireFlat, verifyPairs } from './steps/verify.js'
import { untilCoreDnsAvailable } from './steps/until-ready.js'
import { whenAllEnd } from './steps/when-all-end.js'
import { writeKubeconfig } from './steps/write-kubeconfig.js'

/** Who runs: its id, the directory for its files, and where it is written down. */
export interface Run {
  readonly id: string
  readonly directory: string
  readonly store: RunStore
}

interface Decision {
  readonly request: Request
  readonly plan: Plan
}

/**
 * Decides what `up` would make, and makes nothing.
 * @throws {InputError} with every problem of the inputs
 */
export async function plan(world: World, given: GivenInputs, run: string): Promise<Decision> {
  const problems = new Problems()
  const request = parseRequest(await readInputFiles(world, withDefaults(given), problems), problems)
  const facts = await checkTools(world)
    .then(() => inspectHost(world, wantedOf(request)))
    .catch((error: unknown) => {
      // what is wrong with the inputs is known without the machine
      problems.throwIfAny()
      throw error
    })
  return { request, plan: makePlan(request, facts, run, problems) }
}

function wantedOf(request: Request): Parameters<typeof inspectHost>[1] {
  return { files: request.kubeconfig === undefined ? [] : [request.kubeconfig], reuse: reusableNames(request) }
}

/**
 * Makes the clusters, joins them and proves it. When anything fails everything made is removed, unless the input
 * cleanup says no.
 * @param signal aborted when the run is told to stop
 */
export async function up(world: World, given: GivenInputs, run: Run, signal: AbortSignal): Promise<FlatNetwork> {
  const live = { ...world, runner: world.runner.until(signal) }
  const { request, plan: first } = await world.log.phase('Plan', () => plan(live, given, run.id))
  let record = recordOf(first, run.directory)
  const save = async (decided: Plan) => {
    record = recordOf(decided, run.directory)
    await run.store.save(record)
  }
  await save(first)
  try {
    const decided = await world.log.phase('Docker network', () =>
      withEngineLock(live, world, run.id, () => claim(live, request, run.id, save)),
    )
    for (const warning of decided.warnings) world.log.warning(warning)
    const flat = await make(live, world, decided, record)
    await run.store.save({ ...record, complete: true })
    return flat
  } catch (error) {
    // what goes wrong here is told, and never hides the failure that came before it
    const tidy = record.cleanup ? down(world, record) : removeProbes(world, record)
    await tidy.catch((trouble: unknown) => {
      world.log.warning(messageOf(trouble))
    })
    if (!record.cleanup) world.log.info(removalHint(record))
    throw error
  }
}

/**
 * Decides once more, now that no other run does, and takes hold of what was decided. Docker chooses the subnet of a new
 * network itself: then what was decided before is looked at again.
 */
async function claim(
  world: World,
  request: Request,
  run: string,
  save: (decided: Plan) => Promise<void>,
): Promise<Plan> {
  const facts = await inspectHost(world, wantedOf(request))
  const before = makePlan(request, facts, run)
  await save(before)
  const { network, created } = await ensureNetwork(world, before)
  const decided = created ? makePlan(request, { ...facts, networks: [...facts.networks, network] }, run) : before
  await reserve(world, run, reservationOf(decided))
  await save(decided)
  return decided
}

/** @param world as `live`, but not ended by the signal: for what must be tidied up all the same */
async function make(live: World, world: World, decided: Plan, record: RunRecord): Promise<FlatNetwork> {
  const { log, files } = live
  await files.makePrivateDirectory(record.directory)
  const count = decided.clusters.length
  const wantProbe = decided.verify && count > 1
  const nodes = await log.phase(`Create ${String(count)} cluster${count === 1 ? '' : 's'}`, async () => {
    const ready = await provision(live, decided, record, async (ofCluster, cluster) => {
      // early: CoreDNS starts with its names, and the probe while CoreDNS does
      await Promise.all([
        teachCluster(ofCluster, record, cluster),
        ...(wantProbe ? [deployProbe(ofCluster, record, cluster)] : []),
      ])
    })
    await writeKubeconfig(live, record)
    return ready
  })
  if (count > 1) {
    await log.phase('Connect', async () => {
      const changes = await connect(live, planWiring(record, nodes))
      const reused = decided.clusters.filter((cluster) => cluster.reused).flatMap((cluster) => cluster.nodes)
      for (const change of changes) if (reused.some(({ name }) => name === change.node)) tell(live, change)
    })
  }
  const pairs = wantProbe ? await log.phase('Verify', () => prove(live, record, nodes)) : undefined
  // last, because it starts while the rest is done
  await log.phase('Wait for CoreDNS', () =>
    whenAllEnd<unknown>([
      ...(wantProbe ? [removeProbes(world, record)] : []),
      ...decided.clusters.map((cluster) => untilCoreDnsAvailable(live, record, cluster, decided.waitSeconds)),
    ]),
  )
  return { record, nodes, ...(pairs && { pairs }) }
}

async function prove(live: World, record: RunRecord, nodes: readonly Node[]): Promise<Pair[]> {
  const pairs = await verifyPairs(live, record, nodes)
  if (pairs.length > 0) live.log.info(verdict(pairs))
  requireFlat(pairs, nodes, record.preserveSourceIp)
  return pairs
}

/** Proves once more what `up` made. The pairs tell what was seen, also when the network is not flat any more. */
export async function verify(world: World, record: RunRecord, signal: AbortSignal): Promise<FlatNetwork> {
  const live = { ...world, runner: world.runner.until(signal) }
  const nodes = await readNodes(live, record)
  return { record, nodes, pairs: await proveAgain(live, world, record, nodes) }
}

async function proveAgain(live: World, world: World, record: RunRecord, nodes: readonly Node[]): Promise<Pair[]> {
  return world.log.phase('Verify', async () => {
    try {
      await whenAllEnd(record.clusters.map((cluster) => deployProbe(live, record, cluster)))
      return await verifyPairs(live, record, nodes)
    } finally {
      await removeProbes(world, record)
    }
  })
}

/** A flat network after its repair, and what was changed. */
export interface Repaired extends FlatNetwork {
  readonly changes: readonly NodeChanges[]
}

/**
 * Finds the difference between what is and what should be by reading the nodes, mends it, and proves it: routes and
 * rules that a restart took, addresses that changed, nodes that came or went. Where nothing differs nothing is changed.
 * @param store where the nodes that there are now are written down
 */
export async function repair(world: World, saved: RunRecord, store: RunStore, signal: AbortSignal): Promise<Repaired> {
  const { log } = world
  const live = { ...world, runner: world.runner.until(signal) }
  const { record, nodes } = await log.phase('Find the nodes', () => findNodes(live, saved))
  await store.save(record)
  const changes = await log.phase('Repair', async () => {
    const wired = await connect(live, planWiring(record, nodes))
    const taught = await whenAllEnd(
      record.clusters.map(async (cluster) => ({
        node: cluster.name,
        changes: (await teachCluster(live, record, cluster)) ? ['names of CoreDNS renewed'] : [],
      })),
    )
    return [...wired, ...taught.filter((cluster) => cluster.changes.length > 0)]
  })
  for (const change of changes) tell(live, change)
  if (changes.length === 0) log.info('nothing to repair')
  await whenAllEnd(record.clusters.map((cluster) => untilCoreDnsAvailable(live, record, cluster, record.waitSeconds)))
  const pairs = await proveAgain(live, world, record, nodes)
  return { record, nodes, pairs, changes }
}

function tell({ log }: World, { node, changes }: NodeChanges): void {
  for (const change of changes) log.info(`${node}: ${change}`)
}

/** Removes exactly what a run made. Safe to repeat. */
export async function down(world: World, removal: Removal): Promise<void> {
  await world.log.phase('Remove', async () => {
    await leaveReused(world, removal).catch((error: unknown) => {
      world.log.warning(`clusters that were reused may still have routes to those that go: ${messageOf(error)}`)
    })
    await deleteRun(world, removal)
  })
}

/** Clusters that were there before the run stay, joined with each other alone and without the probe. */
async function leaveReused(world: World, removal: Removal): Promise<void> {
  const { clusters = [] } = removal
  const reused = clusters.filter((cluster) => cluster.reused)
  if (reused.length === 0) return
  const kept = { ...(removal as RunRecord), clusters: reused, waitSeconds: leaveSeconds }
  await removeProbes(world, kept)
  if (reused.length === clusters.length) return
  const { record, nodes } = await findNodes(world, kept)
  await connect(world, planWiring(record, nodes))
  await whenAllEnd(record.clusters.map((cluster) => teachCluster(world, record, cluster)))
}

/** Longest time until reused clusters are ready to be left. */
const leaveSeconds = 30

/** Ids of the runs that have something on the engine. */
export function runsOnEngine({ runner }: World): Promise<string[]> {
  return runsOn(runner)
}
