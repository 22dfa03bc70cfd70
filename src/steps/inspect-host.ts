import { dirname } from 'node:path'
import { copyOut, listContainers, parseContainers, parseCopiedText, type KindContainer } from '../commands/docker.js'
import { listRoutes, parseRoutes } from '../commands/ip.js'
import { kubeadmConfig, parseSubnets, type ClusterSubnets } from '../commands/kubeadm.js'
import { parseNameservers, resolverFiles } from '../commands/resolver.js'
import { CancelledError, CommandError, messageOf } from '../errors.js'
import { groupBy } from '../model/group-by.js'
import { subnetsOf } from '../plan/cluster.js'
import { describePort, type HostPort } from '../kind-config/host-ports.js'
import type { ExistingCluster, HostFacts } from '../plan/host-facts.js'
import type { World } from '../ports.js'
import { existingKindContainers, existingNetworks, existingVolumes, nodesOf } from './existing-objects.js'

/**
 * Learns what is on the engine and on this machine that the plan must know. Changes nothing.
 * @param wanted paths the run would write, names of clusters that it would reuse, and ports that it would publish here
 * @throws {CommandError} when the Docker engine does not answer
 */
export async function inspectHost(
  world: World,
  {
    files: paths,
    reuse,
    ports,
  }: { readonly files: readonly string[]; readonly reuse: readonly string[]; readonly ports: readonly HostPort[] },
): Promise<Omit<HostFacts, 'engine' | 'place' | 'tools' | 'images'>> {
  const { runner, files } = world
  const [networks, routes, containers, ofKind, volumes, inspectedFiles, inotifyInstances, ipv6, usedPorts] =
    await Promise.all([
      existingNetworks(runner),
      routesOf(world),
      runner.run(listContainers).then(parseContainers),
      existingKindContainers(runner),
      existingVolumes(runner),
      Promise.all(
        paths.map(async (path) => ({
          path,
          exists: await files.exists(path),
          directoryExists: await files.isDirectory(dirname(path)),
        })),
      ),
      files.read('/proc/sys/fs/inotify/max_user_instances').then(Number, () => undefined),
      hasIpv6(world),
      usedAmong(world, ports),
    ])
  const reservations = volumes.flatMap(({ run, reservation }) =>
    run === undefined || reservation === undefined ? [] : [{ run, ...reservation }],
  )
  const owners = new Map(ofKind.map(({ name, run }) => [name, run]))
  return {
    ...(inotifyInstances !== undefined && { inotifyInstances }),
    ipv6,
    networks,
    routes,
    nameservers: await nameserversOf(world),
    containers: containers.map((container) => {
      const run = owners.get(container.name)
      return { ...container, ...(run !== undefined && { run }) }
    }),
    usedPorts,
    reservations,
    unreadableReservations: volumes.flatMap(({ name, unreadable }) =>
      unreadable === undefined ? [] : [{ volume: name, why: unreadable }],
    ),
    clusters: await otherClusters(world, ofKind, reservations),
    ...(reuse.length > 0 && { reusable: await reusableClusters(world, ofKind, reuse) }),
    files: inspectedFiles,
  }
}

/** One after the other, since to look at a port is to use it for a moment. */
async function usedAmong({ machine }: World, ports: readonly HostPort[]): Promise<HostPort[]> {
  const distinct = [...new Map(ports.map((port) => [describePort(port), port])).values()]
  const used: HostPort[] = []
  for (const port of distinct) if (await machine.usesPort(port)) used.push(port)
  return used
}

/** Only Linux tells that it has none. */
async function hasIpv6({ files }: World): Promise<boolean> {
  return !(await files.exists('/proc/net')) || files.exists('/proc/net/if_inet6')
}

async function routesOf({ runner, log }: World): Promise<HostFacts['routes']> {
  const routes = await Promise.all([
    runner.run(listRoutes(4)).then(parseRoutes, (error: unknown) => {
      const why = whyNot(error)
      log.warning(`the routes of this machine cannot be read (ip: ${why}); subnets are chosen without them`)
      return []
    }),
    runner.run(listRoutes(6)).then(parseRoutes, (error: unknown) => {
      // a kernel without IPv6 has no such routes; that there is no ip program is told once
      whyNot(error)
      return []
    }),
  ])
  return routes.flat()
}

async function nameserversOf({ files }: World): Promise<string[]> {
  const texts = await Promise.all(resolverFiles.map((path) => files.read(path).catch(() => '')))
  return [...new Set(texts.flatMap(parseNameservers))]
}

/** The clusters that no reservation names, whoever made them. */
async function otherClusters(
  world: World,
  containers: readonly KindContainer[],
  reservations: HostFacts['reservations'],
): Promise<HostFacts['clusters']> {
  const nodes = oneOfEach(containers).filter(
    (node) => !reservations.some(({ run, clusters }) => run === node.run && clusters.includes(node.cluster)),
  )
  return Promise.all(
    nodes.map(async (node) => ({ name: node.cluster, subnets: subnetsOf(await readSubnets(world, node)) })),
  )
}

/** The clusters of those names that exist. */
async function reusableClusters(
  world: World,
  containers: readonly KindContainer[],
  names: readonly string[],
): Promise<ExistingCluster[]> {
  return Promise.all(
    oneOfEach(containers)
      .filter(({ cluster }) => names.includes(cluster))
      .map(async (node) => ({
        name: node.cluster,
        ...(node.run !== undefined && { run: node.run }),
        ...(await readSubnets(world, node)),
        nodes: nodesOf(node.cluster, containers),
        dockerNetworks: Object.keys(node.addresses),
      })),
  )
}

/** A control plane of each cluster. */
function oneOfEach(containers: readonly KindContainer[]): KindContainer[] {
  const controlPlanes = containers.filter(({ role }) => role === 'control-plane')
  return [...groupBy(controlPlanes, ({ cluster }) => cluster).values()].flatMap(([first]) => first ?? [])
}

/** Pod and service subnets of a node's cluster; none while kind is still making or removing the node. */
async function readSubnets({ runner, log }: World, { id, cluster }: KindContainer): Promise<ClusterSubnets> {
  const unknown = { podSubnets: [], serviceSubnets: [] }
  try {
    return parseSubnets(parseCopiedText(await runner.run(copyOut(id, kubeadmConfig))))
  } catch (error) {
    if (error instanceof CommandError && /could not find the file|no such container/i.test(error.output)) return unknown
    const why = whyNot(error)
    log.warning(`the subnets of the kind cluster ${cluster} cannot be read (${why}); those that are chosen may overlap`)
    return unknown
  }
}

/** Why something could not be read. Being stopped is no reason, but thrown again. */
function whyNot(error: unknown): string {
  if (error instanceof CancelledError) throw error
  return error instanceof CommandError ? error.outcome : messageOf(error)
}
