import { CancelledError, InputError, messageOf } from './errors.js'
import type { HostFacts } from './plan/host-facts.js'
import { archivesDirectory } from './plan/image-loading.js'
import { withDefaults, type GivenInputs } from './plan/inputs.js'
import { archivesOnNode, withReadOnlyMount } from './kind-config/kind-config.js'
import type { KindConfig } from './kind-config/v1alpha4.js'
import { defaultKubernetes } from './plan/default-kubernetes.js'
import { hostPortsOf } from './plan/host-port-conflicts.js'
import type { Place } from './plan/place.js'
import { nodesInTheWay } from './plan/load-balancer-subnets.js'
import { withProvidedImages, type ProvidedImage } from './plan/node-images.js'
import { makePlan, reservationOf, type Plan } from './plan/plan.js'
import { Problems } from './model/problems.js'
import { parseRequest, type Request } from './plan/request.js'
import { reusableNames } from './plan/reuse.js'
import { metallbRelease } from './plan/releases.js'
import { clusterKubeconfig, recordOf, type RunRecord } from './plan/run-record.js'
import type { Connectivity } from './plan/connectivity.js'
import { planWiring, type Node } from './plan/wiring.js'
import type { RunStore, World } from './ports.js'
import { verdict, type FlatNetwork } from './report/flat-network.js'
import { allOrNone } from './steps/all-or-none.js'
import { connect, type NodeChanges } from './steps/connect.js'
import { deleteRun, runsOn, type Removal } from './steps/delete.js'
import { withEngineLock } from './steps/engine-lock.js'
import { ensureNetwork } from './steps/ensure-network.js'
import { prepareLoadBalancers, type LoadBalancers } from './steps/give-load-balancers.js'
import { explained } from './steps/engine-trouble.js'
import { inspectHost } from './steps/inspect-host.js'
import { inspectEngine } from './steps/inspect-engine.js'
import { inspectTools } from './steps/inspect-tools.js'
import { installTools } from './steps/install-tools.js'
import { joinNetwork } from './steps/join-network.js'
import { findImages, imagesMissing, loadImages, removeSavedImages, saveImages } from './steps/load-images.js'
import { claimKubeconfig, writeKubeconfig } from './steps/merged-kubeconfig.js'
import { existingKindContainers } from './steps/existing-objects.js'
import { findNodes, readNodes } from './steps/nodes.js'
import { provideNodeImages } from './steps/provide-node-images.js'
import { provision } from './steps/provision.js'
import { readInputFiles } from './steps/read-input-files.js'
import { forgetRegistry, startRegistry, teachRegistry } from './steps/registry.js'
import { reserve } from './steps/reserve.js'
import { saveNodeImages, type SavedImage } from './steps/save-node-images.js'
import { teachCluster } from './steps/teach-cluster.js'
import { deployProbe, removeAllProbes, removeProbes, requireFlat, verifyConnectivity } from './steps/verify.js'
import { untilCoreDnsAvailable } from './steps/until-ready.js'
import { whenAllEnd } from './steps/when-all-end.js'

/** Who runs: its id, the directory for its files, and where it is written down. */
export interface Run {
  readonly id: string
  readonly directory: string
  readonly store: RunStore
  /** How a user removes what is left in place. */
  readonly howToRemove: (record: RunRecord) => string
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
  const raw = await readInputFiles(world, withDefaults(given), problems)
  const ofImages = new Problems()
  const first = parseRequest(raw, new Problems())
  const facts = await inspect(world, first, ofImages).catch((error: unknown) => {
    // what is wrong with the inputs is known without the machine
    parseRequest(raw, problems)
    problems.throwIfAny()
    throw error
  })
  // which patches of a kind config count depends on the Kubernetes that this kind takes by itself
  const request = parseRequest(raw, problems, defaultKubernetes(first, facts))
  for (const { input, value, message } of ofImages.found) problems.add(input, value, message)
  return { request, facts, plan: makePlan(request, facts, run, problems) }
}

async function inspect(world: World, request: Request, problems: Problems): Promise<HostFacts> {
  // that there is no docker at all is told first
  const tools = await inspectTools(world, world.platform)
  const engine = await inspectEngine(world)
  const [host, images] = await Promise.all([
    inspectHost(world, wantedOf(request, engine.place)),
    findImages(world, request.images, problems),
  ])
  return { ...engine, ...host, tools, images }
}

function wantedOf(request: Request, { container, remote }: Place): Parameters<typeof inspectHost>[1] {
  return {
    files: request.kubeconfig === undefined ? [] : [request.kubeconfig],
    reuse: reusableNames(request),
    // of another machine, and of the one around this container, only the engine knows
    ports: container === undefined && remote === undefined ? request.clusters.flatMap(hostPortsOf) : [],
  }
}

/**
 * Makes the clusters, joins them and proves it. When anything fails everything made is removed, unless the input
 * cleanup says no.
 * @param signal aborted when the run is told to stop
 */
export async function up(world: World, given: GivenInputs, run: Run, signal: AbortSignal): Promise<FlatNetwork> {
  const live = until(world, signal)
  const { request, facts, plan: first } = await world.log.phase('Plan', () => plan(live, given, run.id))
  let record = recordOf(first, run.directory)
  const save = (changed: RunRecord) => {
    record = changed
    return run.store.save(record)
  }
  await save(record)
  try {
    const claimed = await claimKubeconfig(live, record)
    if (claimed !== record) await save(claimed)
    if (first.tools.some(({ from }) => from === 'download')) {
      await world.log.phase('Tools', () => installTools(live, first.tools))
    }
    const decided = await world.log.phase('Docker network', () =>
      withEngineLock(live, world, run.id, (confirm) =>
        claim(live, request, facts, run.id, confirm, (plan) => save({ ...record, ...recordOf(plan, run.directory) })),
      ),
    )
    for (const warning of decided.warnings) world.log.warning(warning)
    const supplies = await world.log.phase('Images', () => supply(live, world, decided, signal))
    await save({ ...record, imagesToSave: supplies.toSave })
    const flat = await make(live, decided, supplies, () => record, save)
    await save({ ...record, complete: true })
    // it may have come while nothing was left that it ends
    signal.throwIfAborted()
    return { ...flat, record }
  } catch (error) {
    // what goes wrong here is told, and never hides the failure that came before it
    const tidy = record.cleanup
      ? down(world, record)
      : removeProbes(world, record, record.run, signal.aborted ? 'on its way' : 'gone')
    const isLeft = await tidy.then(
      () => !record.cleanup,
      (trouble: unknown) => {
        world.log.warning(messageOf(trouble))
        return true
      },
    )
    if (isLeft) world.log.info(run.howToRemove(record))
    // the record is gone with the rest, and post must know what it is to save in the cache
    else if (record.imagesToSave.length > 0) {
      await save(record).catch((trouble: unknown) => {
        world.log.warning(messageOf(trouble))
      })
    }
    throw error
  }
}

/** The world whose commands, downloads and wait for standard input that signal ends. */
export function until(world: World, signal: AbortSignal): World {
  return {
    ...world,
    runner: world.runner.until(signal),
    downloads: world.downloads.until(signal),
    files: world.files.until(signal),
  }
}

/**
 * Decides once more, now that no other run does, and takes hold of what was decided. Docker chooses the subnet of a new
 * network itself: then what was decided before is looked at again.
 */
async function claim(
  world: World,
  request: Request,
  before: HostFacts,
  run: string,
  confirm: () => Promise<void>,
  save: (decided: Plan) => Promise<void>,
): Promise<Plan> {
  // the kubeconfig is there by now, and is the run's
  const facts = { ...before, ...(await inspectHost(world, { ...wantedOf(request, before.place), files: [] })) }
  const first = makePlan(request, facts, run)
  await save(first)
  const { network } = await ensureNetwork(world, first)
  const known = facts.networks.some(({ id }) => id === network.id)
  const decided = known ? first : makePlan(request, { ...facts, networks: [...facts.networks, network] }, run)
  await reserve(world, run, reservationOf(decided))
  await confirm()
  await save(decided)
  await joinNetwork(world, decided)
  return decided
}

/** What comes from outside and is there before a cluster is made. */
interface Supplies {
  readonly nodeImages: readonly ProvidedImage[]
  readonly toSave: RunRecord['imagesToSave']
  readonly loadBalancers?: LoadBalancers
}

async function supply(live: World, world: World, decided: Plan, signal: AbortSignal): Promise<Supplies> {
  const { cache, engine, loadBalancer, downloadMirror } = decided
  let toSave: RunRecord['imagesToSave'] = []
  const [nodeImages, loadBalancers] = await allOrNone<World, [ProvidedImage[], LoadBalancers | undefined]>(live, [
    async (part, ended) => {
      const images = await provideNodeImages(part, decided.nodeImages, {
        cache,
        platform: engine.platform,
        signal: AbortSignal.any([signal, ended]),
      })
      toSave = images.flatMap(({ toSave: image }) => image ?? [])
      return images
    },
    async (part, ended) =>
      loadBalancer === 'none'
        ? undefined
        : prepareLoadBalancers({ ...part, downloads: part.downloads.until(ended) }, loadBalancer, {
            release: metallbRelease,
            mirror: downloadMirror,
          }),
  ]).catch(async (error: unknown) => {
    // nobody will save them
    await Promise.all(toSave.map(({ key }) => world.imageCache.release(key)))
    throw error
  })
  if (!world.imageCache.savesLate) await saveNodeImages(world, toSave, signal)
  return {
    nodeImages,
    toSave: world.imageCache.savesLate ? toSave : [],
    ...(loadBalancers && { loadBalancers }),
  }
}

/** @param current the record as it was saved last */
async function make(
  live: World,
  decided: Plan,
  { nodeImages, loadBalancers }: Supplies,
  current: () => RunRecord,
  save: (changed: RunRecord) => Promise<void>,
): Promise<Omit<FlatNetwork, 'record'>> {
  const { log, files } = live
  const record = current()
  const archives = archivesDirectory(record.directory)
  await files.makePrivateDirectory(archives)
  const shares = decided.images.length > 0 && decided.engine.sharesFiles
  const count = decided.clusters.length
  const wantProbe = decided.verify && count > 1
  const withArchives = (config: KindConfig) => (shares ? withReadOnlyMount(config, archives, archivesOnNode) : config)
  const withImages = {
    ...decided,
    clusters: decided.clusters.map((cluster) => ({
      ...cluster,
      kindConfig: withArchives(withProvidedImages(cluster.kindConfig, nodeImages)),
    })),
  }
  const nodes = await log.phase(`Create ${String(count)} cluster${count === 1 ? '' : 's'}`, async () => {
    const { registryImage } = decided
    if (registryImage !== undefined) {
      await save({ ...current(), registry: await startRegistry(live, record, registryImage) })
    }
    const { registry } = current()
    // images that are loaded may be its own
    const beginEarly = decided.images.length === 0 ? loadBalancers : undefined
    const ready = await provision(live, withImages, record, async (ofCluster, cluster) => {
      // early: CoreDNS starts with its names, and the probe while CoreDNS does
      await Promise.all([
        teachCluster(ofCluster, record, cluster),
        ...(wantProbe ? [deployProbe(ofCluster, record, cluster, record.run)] : []),
        ...(registry === undefined ? [] : [teachRegistry(ofCluster, record, cluster, registry)]),
        ...(beginEarly === undefined ? [] : [beginEarly.begin(ofCluster, record, cluster)]),
      ])
    })
    await writeKubeconfig(live, record)
    return ready
  })
  if (decided.images.length > 0) {
    await log.phase('Load images', async () => {
      await load(live, decided, record, nodes)
      await whenAllEnd(decided.clusters.flatMap((cluster) => loadBalancers?.begin(live, record, cluster) ?? []))
    })
  }
  tellNodesInTheWay(live, decided, nodes)
  if (count > 1) {
    await log.phase('Connect', async () => {
      const changes = await connect(live, planWiring(record, nodes))
      const reused = decided.clusters.filter((cluster) => cluster.reused).flatMap((cluster) => cluster.nodes)
      for (const change of changes) if (reused.some(({ name }) => name === change.node)) tell(live, change)
    })
  }
  const connectivity = wantProbe ? await log.phase('Verify', () => prove(live, record, nodes)) : {}
  // last, because it starts while the rest is done
  await log.phase('Wait for CoreDNS', () =>
    whenAllEnd<unknown>([
      ...(wantProbe ? [removeProbes(live, record, record.run)] : []),
      ...decided.clusters.map((cluster) => untilCoreDnsAvailable(live, record, cluster, decided.waitSeconds)),
    ]),
  )
  if (loadBalancers !== undefined) {
    await log.phase('Load balancers', () =>
      whenAllEnd(
        decided.clusters.map((cluster) => loadBalancers.untilReady(live, record, cluster, decided.waitSeconds)),
      ),
    )
  }
  return { nodes, nodeImages, ...connectivity }
}

/** Loads the images into every node. */
async function load(live: World, { images, engine, clusters }: Plan, { directory }: RunRecord, nodes: readonly Node[]) {
  const names = nodes.map(({ name }) => name)
  // new nodes lack them all; where there are none, saving them may be spared
  const missing = clusters.every(({ reused }) => reused) ? await imagesMissing(live, images, names) : images
  try {
    const loaded = await loadImages(live, await saveImages(live, missing, engine, directory), names)
    live.log.info(`${String(loaded)} of ${String(names.length)} nodes were given what they lacked`)
  } finally {
    await removeSavedImages(live, directory)
  }
}

/** Docker gave a node an address against its custom, or somebody chose it. */
function tellNodesInTheWay({ log }: World, { clusters, loadBalancer }: Plan, nodes: readonly Node[]): void {
  const trouble = nodesInTheWay(clusters, nodes)
  if (trouble.length === 0) return
  if (loadBalancer === 'metallb') throw new Error(trouble.join('\n'))
  for (const line of trouble) log.warning(line)
}

async function prove(live: World, record: RunRecord, nodes: readonly Node[]): Promise<Connectivity> {
  const connectivity = await verifyConnectivity(live, record, nodes, record.run)
  if (connectivity.pairs.length > 0) live.log.info(verdict(connectivity))
  requireFlat(connectivity, nodes, record.preserveSourceIp)
  return connectivity
}

/** Proves once more what `up` made. The pairs tell what was seen, also when the network is not flat any more. */
export async function verify(world: World, record: RunRecord, signal: AbortSignal): Promise<FlatNetwork> {
  const live = until(world, signal)
  await installTools(live, record.tools)
  const nodes = await readNodes(live, record)
  return { record, nodes, ...(await proveAgain(live, world, record, nodes, signal)) }
}

async function proveAgain(
  live: World,
  world: World,
  record: RunRecord,
  nodes: readonly Node[],
  signal: AbortSignal,
): Promise<Connectivity> {
  const check = world.newId()
  const connectivity = await world.log.phase('Verify', async () => {
    try {
      await allOrNone(
        live,
        record.clusters.map((cluster) => (part: World) => deployProbe(part, record, cluster, check)),
      )
      return await verifyConnectivity(live, record, nodes, check)
    } finally {
      // who has told the run to stop waits for no cluster that does not answer
      if (signal.aborted) world.log.info(`${messageOf(signal.reason)}: removing the probe`)
      await removeProbes(world, record, check, signal.aborted ? 'on its way' : 'gone')
    }
  })
  signal.throwIfAborted()
  return connectivity
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
  const live = until(world, signal)
  await installTools(live, saved.tools)
  const { record: found, nodes } = await log.phase('Find the nodes', () => findNodes(live, saved))
  const record = await renewKubeconfig(live, found)
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
  const connectivity = await proveAgain(live, world, record, nodes, signal)
  // last: until a node that was restarted runs pods again, Kubernetes shows CoreDNS as it was before
  await log.phase('Wait for CoreDNS', () =>
    whenAllEnd(record.clusters.map((cluster) => untilCoreDnsAvailable(live, record, cluster, record.waitSeconds))),
  )
  return { record, nodes, ...connectivity, changes }
}

/** What others have put in the place of the kubeconfig is no reason not to repair. */
async function renewKubeconfig(live: World, found: RunRecord): Promise<RunRecord> {
  try {
    const record = await claimKubeconfig(live, found)
    await writeKubeconfig(live, record)
    return record
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    live.log.warning(error.message)
    return found
  }
}

function tell({ log }: World, { node, changes }: NodeChanges): void {
  for (const change of changes) log.info(`${node}: ${change}`)
}

/**
 * Removes exactly what a run made. Safe to repeat.
 * @throws {CancelledError} when the world is ended by a signal
 */
export async function down(world: World, removal: Removal): Promise<void> {
  await world.log.phase('Remove', async () => {
    const left = await leaveReused(world, removal).then(
      () => [],
      (error: unknown) => {
        if (error instanceof CancelledError) throw error
        return [`clusters that were reused may still have routes to those that go: ${messageOf(error)}`]
      },
    )
    await deleteRun(world, removal, left)
  })
}

/** Clusters that were there before the run stay, joined with each other alone and without the probe; those that are gone need nothing. */
async function leaveReused(world: World, removal: Removal): Promise<void> {
  const { clusters = [] } = removal
  if (!clusters.some((cluster) => cluster.reused)) return
  const there = new Set((await explained(world, existingKindContainers(world.runner))).map(({ cluster }) => cluster))
  const reused = clusters.filter((cluster) => cluster.reused && there.has(cluster.name))
  const kept = { ...(removal as RunRecord), clusters: reused, waitSeconds: leaveSeconds }
  const begun = await Promise.all(reused.map(({ name }) => world.files.exists(clusterKubeconfig(kept, name))))
  // a run that failed before it came to them has left nothing there
  if (!begun.includes(true)) return
  await installTools(world, kept.tools)
  await removeAllProbes(world, kept)
  const { registry } = kept
  const madeNone = clusters.every((cluster) => cluster.reused)
  if (madeNone && registry === undefined) return
  const { record, nodes } = await findNodes(world, kept)
  if (registry !== undefined) {
    await whenAllEnd(record.clusters.map((cluster) => forgetRegistry(world, kept, cluster, registry)))
  }
  if (madeNone) return
  await connect(world, planWiring(record, nodes))
  await whenAllEnd(record.clusters.map((cluster) => teachCluster(world, record, cluster)))
}

/** Longest time until reused clusters are ready to be left. */
const leaveSeconds = 30

/** Saves the node images that were pulled, when the job's own work is done. Trouble with it never throws. */
export function saveImagesForNextRun(world: World, { imagesToSave }: RunRecord): Promise<SavedImage[]> {
  return world.log.phase('Save node images', () => saveNodeImages(world, imagesToSave))
}

/**
 * Ids of the runs that have something on the engine.
 * @throws in one sentence why the engine is of no use, and what to do about it
 */
export function runsOnEngine(world: World): Promise<string[]> {
  return explained(world, runsOn(world.runner))
}
