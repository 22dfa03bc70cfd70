import {
  inspectContainers,
  inspectContext,
  parseContext,
  parseEngineRights,
  parseOwnContainer,
} from '../commands/docker.js'
import { mountedContainer } from '../commands/mountinfo.js'
import { CommandError } from '../errors.js'
import { decidePlace, machineOf, type Place } from '../plan/place.js'
import type { World } from '../ports.js'
import { explained } from './engine-trouble.js'

/**
 * Finds out where this process is, as seen from the engine. On a plain host that is one more command.
 * @param info what `docker info` printed
 */
export async function inspectPlace(world: World, info: string): Promise<Place> {
  const { runner, machine } = world
  const [context, container] = await Promise.all([
    explained(world, runner.run(inspectContext)).then(parseContext),
    ownContainer(world),
  ])
  const name = machineOf(context.endpoint)
  const resolved = name === undefined || container !== undefined ? undefined : await machine.resolve(name)
  return decidePlace({
    context,
    ...parseEngineRights(info),
    addresses: machine.addresses(),
    ...(container !== undefined && { container }),
    ...(resolved !== undefined && { resolved }),
  })
}

/**
 * The container of the engine whose network this process has. A container in a container, or one of another engine, is
 * none that this engine knows.
 */
async function ownContainer(world: World): Promise<ReturnType<typeof parseOwnContainer> | undefined> {
  const { files } = world
  const mounted = mountedContainer(await files.read('/proc/self/mountinfo').catch(() => ''))
  if (mounted !== undefined) return inspectContainer(world, mounted)
  // a kernel of its own, as gVisor's, tells no mounts; then the name that Docker gives a container must do
  const hostname = (await files.read('/proc/sys/kernel/hostname').catch(() => '')).trim()
  if (!/^[0-9a-f]{12}$/.test(hostname) || !(await files.exists('/.dockerenv'))) return undefined
  const found = await inspectContainer(world, hostname)
  return found?.hostname === hostname ? found : undefined
}

async function inspectContainer(
  { runner }: World,
  id: string,
): Promise<ReturnType<typeof parseOwnContainer> | undefined> {
  try {
    return parseOwnContainer(await runner.run(inspectContainers([id])))
  } catch (error) {
    if (error instanceof CommandError && /no such (container|object)/i.test(error.output)) return undefined
    throw error
  }
}
