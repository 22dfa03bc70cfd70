import { inspectNetworks, listNetworks, parseNetworks, type InspectedNetwork } from '../commands/docker.js'
import { CommandError } from '../errors.js'
import type { CommandRunner } from '../ports.js'

/** The networks of that name or run, or all of them; one that vanishes while looking is left out. */
export async function existingNetworks(
  runner: CommandRunner,
  filter: Parameters<typeof listNetworks>[0] = {},
): Promise<InspectedNetwork[]> {
  const ids = (await runner.run(listNetworks(filter))).split('\n').filter((id) => id !== '')
  if (ids.length === 0) return []
  try {
    return parseNetworks(await runner.run(inspectNetworks(ids)))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    const found = await Promise.all(ids.map((id) => runner.run(inspectNetworks([id])).then(parseNetworks, gone)))
    return found.flat()
  }
}

function gone(error: unknown): never[] {
  if (error instanceof CommandError && /no such network|not found/i.test(error.output)) return []
  throw error
}
