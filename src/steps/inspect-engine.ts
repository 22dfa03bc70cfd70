import { parseEngineInfo, parseEnginePlace } from '../commands/docker.js'
import type { HostFacts } from '../plan/host-facts.js'
import type { World } from '../ports.js'
import { askEngine } from './engine-trouble.js'
import { inspectPlace } from './inspect-place.js'

/**
 * Learns what the engine is, and where this process is as seen from there.
 * @throws in one sentence why the engine is of no use, and what to do about it
 */
export async function inspectEngine(world: World): Promise<Pick<HostFacts, 'engine' | 'place'>> {
  const output = await askEngine(world)
  const [place, shares] = await Promise.all([inspectPlace(world, output), sharesFiles(world, output)])
  return { engine: { ...parseEngineInfo(output), sharesFiles: shares }, place }
}

/**
 * Whether a path means the same to the engine as here: it is on a machine of this name, and its data are to be seen. In a
 * container that has the machine's name they are not.
 */
async function sharesFiles({ files }: World, output: string): Promise<boolean> {
  const { hostname, directory } = parseEnginePlace(output)
  const own = await files.read('/proc/sys/kernel/hostname').catch(() => '')
  return hostname !== '' && own.trim() === hostname && files.isDirectory(directory)
}
