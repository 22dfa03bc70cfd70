import { messageOf } from './errors.js'
import { withDefaults, type GivenInputs } from './plan/inputs.js'
import type { HostFacts } from './plan/host-facts.js'
import { makePlan, type Plan } from './plan/plan.js'
import { Problems } from './plan/problems.js'
import { parseRequest, type Request } from './plan/request.js'
import { recordOf, type RunRecord } from './plan/run-record.js'
import type { Pair } from './plan/connectivity.js'
import { planWiring, type Node } from './plan/wiring.js'
import type { RunStore, World } from './ports.js'
import { verdict, type FlatNetwork } from './report/flat-network.js'
import { removalHint } from './report/removal-hint.js'
import { checkTools } from './steps/check-tools.js'
import { connect } from './steps/connect.js'
import { deleteRun, runsOn, type Removal } from './steps/delete.js'
import { ensureNetwork } from './steps/ensure-network.js'
import { inspectHost } from './steps/inspect-host.js'
import { provision, readNodes } from './steps/provision.js'
import { readInputFiles } from './steps/read-input-files.js'
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
  readonly facts: HostFacts
  readonly plan: Plan
}

/**
 * Decides what `up` would make, and makes nothing.
 * @throws {InputError} with every problem of the inputs
 */
export async function plan(world: World, given: GivenInputs, run: string): Promise<Decision> {
  const problems = new Problems()
  const request = parseRequest(await readInputFiles(world, withDefaults(given), problems), problems)
  const paths = request.kubeconfig === undefined ? [] : [request.kubeconfig]
  const facts = await checkTools(world)
    .then(() => inspectHost(world, paths))
    .catch((error: unknown) => {
      // what is wrong with the inputs is known without the machine
      problems.throwIfAny()
      throw error
    })
  return { request, facts, plan: makePlan(request, facts, run, problems) }
}

/**
 * Makes the clusters, joins them and proves it. When anything fails everything made is removed, unless the input
 * cleanup says no.
 * @param signal aborted when the run is told to stop
 */
export async function up(world: World, given: GivenInputs, run: Run, signal: AbortSignal): Promise<FlatNetwork> {
  const live = { ...world, runner: world.runner.until(signal) }
  const decision = await world.log.phase('Plan', () => plan(live, given, run.id))
  for (const warning of decision.plan.warnings) world.log.warning(warning)
  let record = recordOf(decision.plan, run.directory)
  await run.store.save(record)
  try {
    const decided = await world.log.phase('Docker network', () => planOnNetwork(live, decision))
    record = recordOf(decided, run.directory)
    await run.store.save(record)
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

/** Docker chooses the subnet of a new network itself: what was decided before must be looked at again. */
async function planOnNetwork(world: World, { request, facts, plan: decided }: Decision): Promise<Plan> {
  const { network, created } = await ensureNetwork(world, decided)
  return created ? makePlan(request, { ...facts, networks: [...facts.networks, network] }, decided.run) : decided
}

/** @param world as `live`, but not ended by the signal: for what must be tidied up all the same */
async function make(live: World, world: World, decided: Plan, record: RunRecord): Promise<FlatNetwork> {
  const { log, files } = live
  await files.makePrivateDirectory(record.directory)
  const count = decided.clusters.length
  const wantProbe = decided.verify && count > 1
  const nodes = await log.phase(`Create ${String(count)} cluster${count === 1 ? '' : 's'}`, async () => {
    const ready = await provision(live, decided, record, async (ofCluster, cluster) => {
      // early, so that the probe starts while CoreDNS does
      if (wantProbe) await deployProbe(ofCluster, record, cluster)
    })
    await writeKubeconfig(live, record)
    return ready
  })
  if (count > 1) await log.phase('Connect', () => connect(live, planWiring(record, nodes)))
  const pairs = wantProbe ? await log.phase('Verify', () => prove(live, world, record, nodes)) : undefined
  // last, because it starts while the rest is done
  await log.phase('Wait for CoreDNS', () =>
    whenAllEnd(decided.clusters.map((cluster) => untilCoreDnsAvailable(live, record, cluster, decided.waitSeconds))),
  )
  return { record, nodes, ...(pairs && { pairs }) }
}

async function prove(live: World, world: World, record: RunRecord, nodes: readonly Node[]): Promise<Pair[]> {
  const pairs = await verifyPairs(live, record, nodes)
  live.log.info(verdict(pairs))
  await removeProbes(world, record)
  requireFlat(pairs, nodes, record.preserveSourceIp)
  return pairs
}

/** Proves once more what `up` made. The pairs tell what was seen, also when the network is not flat any more. */
export async function verify(world: World, record: RunRecord, signal: AbortSignal): Promise<FlatNetwork> {
  const live = { ...world, runner: world.runner.until(signal) }
  const nodes = await readNodes(live, record)
  const pairs = await world.log.phase('Verify', async () => {
    try {
      await whenAllEnd(record.clusters.map((cluster) => deployProbe(live, record, cluster)))
      return await verifyPairs(live, record, nodes)
    } finally {
      await removeProbes(world, record)
    }
  })
  return { record, nodes, pairs }
}

/** Removes exactly what a run made. Safe to repeat. */
export async function down(world: World, removal: Removal): Promise<void> {
  await world.log.phase('Remove', () => deleteRun(world, removal))
}

/** Ids of the runs that have something on the engine. */
export function runsOnEngine({ runner }: World): Promise<string[]> {
  return runsOn(runner)
}
