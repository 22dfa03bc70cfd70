import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { World } from '../ports.js'
import { pruneImages } from '../steps/prune-images.js'
import { directoryStores, toolsDirectory } from './cache-directory.js'

/** What was removed; bytes where they are this machine's own. */
export interface Removed {
  readonly name: string
  readonly bytes?: number
}

/** Removes what runs keep for the next ones: images in the directory cache and in the engine, and tools. */
export async function prune(world: World): Promise<Removed[]> {
  const { imageCache } = directoryStores()
  const cached = await imageCache.list()
  for (const { key } of cached) await imageCache.remove(key)
  const tools = await readdir(toolsDirectory()).catch(() => [])
  for (const name of tools) await rm(join(toolsDirectory(), name), { recursive: true })
  const images = await pruneImages(world)
  return [
    ...cached.map(({ key, bytes }) => ({ name: key, bytes })),
    ...tools.map((name) => ({ name })),
    ...images.map((name) => ({ name })),
  ]
}
