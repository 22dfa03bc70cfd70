import {
  inspectContainers,
  listContainersOn,
  listKindContainers,
  listRunContainers,
  parseContainersOn,
  parseKindContainers,
  parseLines,
  parseRunContainers,
  type KindContainer,
  type RunContainer,
} from '../commands/docker.js'
import { inspectNetworks, listNetworks, parseNetworks, type InspectedNetwork } from '../commands/docker-networks.js'
import { listVolumes, parseVolumes, type Volume } from '../commands/docker-volumes.js'
import { CommandError } from '../errors.js'
import type { NodeRole } from '../model/kind-names.js'
import type { CommandRunner } from '../ports.js'

/** Docker's words for an object that somebody else has removed meanwhile. */
export const goneTexts = /no such (container|network|volume)|not found/i

/** The networks of exactly that name or run, or all of them. */
export async function existingNetworks(
  runner: CommandRunner,
  filter: Parameters<typeof listNetworks>[0] = {},
): Promise<InspectedNetwork[]> {
  const networks = await existing(runner, listNetworks(filter), inspectNetworks, parseNetworks)
  return networks.filter(({ name }) => filter.name === undefined || name === filter.name)
}

/** Every container of every kind cluster, whoever made it. */
export function existingKindContainers(runner: CommandRunner): Promise<KindContainer[]> {
  return existing(runner, listKindContainers, inspectContainers, parseKindContainers)
}

/** What runs made besides the nodes of their clusters. */
export async function existingRunContainers(runner: CommandRunner): Promise<RunContainer[]> {
  return parseRunContainers(await runner.run(listRunContainers))
}

/** Every container that has a network, whoever made it, also one that is stopped. */
export async function containersOn(
  runner: CommandRunner,
  network: string,
): Promise<{ readonly id: string; readonly name: string }[]> {
  return parseContainersOn(network, await runner.run(listContainersOn(network)))
}

/** The nodes of a cluster, control planes first, without its load balancer. */
export function nodesOf(cluster: string, containers: readonly KindContainer[]): { name: string; role: NodeRole }[] {
  return containers
    .filter((container) => container.cluster === cluster)
    .flatMap(({ name, role }) => (role === undefined || role === 'external-load-balancer' ? [] : [{ name, role }]))
    .sort((a, b) => a.role.localeCompare(b.role) || a.name.localeCompare(b.name, 'en', { numeric: true }))
}

/** The volumes of all runs, and those of others that have one of their names. */
export async function existingVolumes(runner: CommandRunner): Promise<Volume[]> {
  return parseVolumes(await runner.run(listVolumes))
}

/** Lists and inspects; what vanishes between the two is left out. */
async function existing<T>(
  runner: CommandRunner,
  list: readonly string[],
  inspect: (ids: readonly string[]) => string[],
  parse: (output: string) => T[],
): Promise<T[]> {
  const ids = parseLines(await runner.run(list))
  if (ids.length === 0) return []
  try {
    return parse(await runner.run(inspect(ids)))
  } catch (error) {
    ignoreGone(error)
    const found = await Promise.all(ids.map((id) => runner.run(inspect([id])).then(parse, ignoreGone)))
    return found.flat()
  }
}

function ignoreGone(error: unknown): never[] {
  if (error instanceof CommandError && goneTexts.test(error.output)) return []
  throw error
}
