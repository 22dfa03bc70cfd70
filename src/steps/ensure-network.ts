import {
  createNetwork,
  defaultNetworkMtu,
  listNetworks,
  removeNetwork,
  type InspectedNetwork,
} from '../commands/docker-networks.js'
import { parseLines } from '../commands/docker.js'
import { CommandError } from '../errors.js'
import type { DockerNetwork } from '../plan/host-facts.js'
import { candidateIpv6Subnets } from '../plan/kind-network.js'
import type { Plan } from '../plan/plan.js'
import type { CommandRunner, World } from '../ports.js'
import { existingNetworks } from './existing-objects.js'

/**
 * Makes the Docker network that all nodes share, when it is missing: several kinds that start at once race on it.
 * @returns the network, and whether this run made it
 */
export async function ensureNetwork(
  { runner, log }: World,
  { dockerNetwork: name, run }: Plan,
): Promise<{ network: DockerNetwork; created: boolean }> {
  const existing = await networksNamed(runner, name)
  if (existing[0] !== undefined) return { network: existing[0], created: false }
  const mtu = Number(await runner.run(defaultNetworkMtu).catch(() => '')) || undefined
  await create(runner, name, run, mtu)
  // Docker takes a second network of the same name when two are made at once: keep the one that kind would keep
  const [kept, ...others] = await networksNamed(runner, name)
  if (kept === undefined) throw new Error(`the Docker network ${name} vanished right after it was made`)
  const own = new Set(parseLines(await runner.run(listNetworks({ run }))))
  for (const other of others.filter(({ id }) => own.has(id))) await runner.run(removeNetwork(other.id))
  if (own.has(kept.id)) log.info(`Docker network ${name} made: ${kept.subnets.join(', ')}`)
  return { network: kept, created: own.has(kept.id) }
}

async function create(runner: CommandRunner, name: string, run: string, mtu: number | undefined): Promise<void> {
  const options = mtu === undefined ? {} : { mtu }
  let overlap: unknown
  for (const ipv6Subnet of candidateIpv6Subnets(name)) {
    try {
      await runner.run(createNetwork(name, run, { ...options, ipv6Subnet }))
      return
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (/already exists/.test(error.output)) return
      // kind's two texts (`isPoolOverlapError`); before IPv6 is looked for, which the second speaks of too
      if (/Pool overlaps with other one|networks have overlapping/.test(error.output)) {
        overlap = error
        continue
      }
      if (!/ip6tables|IPv6/i.test(error.output)) throw error
      await runner.run(createNetwork(name, run, options))
      return
    }
  }
  throw overlap
}

/** In kind's order (`sortNetworkInspectEntries`): those with containers first, then by id. */
async function networksNamed(runner: CommandRunner, name: string): Promise<InspectedNetwork[]> {
  const networks = await existingNetworks(runner, { name })
  return networks.sort((a, b) => b.attached.length - a.attached.length || (a.id < b.id ? -1 : 1))
}
