import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { onFile } from '../adapters/file-errors.js'
import { isToolEntry } from '../adapters/tool-store.js'
import type { World } from '../ports.js'
import { pruneImages } from '../steps/prune-images.js'
import { directoryStores, imagesDirectory, toolsDirectory } from './cache-directory.js'

/** What was removed; bytes where they are this machine's own. */
export interface Removed {
  readonly name: string
  readonly bytes?: number
}

/**
 * Removes what runs keep for the next ones: images in the directory cache and in the engine, and tools. What has another
 * name than those that are given here stays, and is named in the log.
 */
export async function prune(world: World): Promise<Removed[]> {
  const { imageCache } = directoryStores()
  const { entries, others } = await imageCache.list()
  for (const { key } of entries) await imageCache.remove(key)
  const inTools = await readdir(toolsDirectory()).catch(() => [])
  const tools = inTools.filter(isToolEntry)
  for (const name of tools) {
    const path = join(toolsDirectory(), name)
    await onFile(path, () => rm(path, { recursive: true, force: true }))
  }
  const left = [
    ...others.map((name) => join(imagesDirectory(), name)),
    ...inTools.filter((name) => !isToolEntry(name)).map((name) => join(toolsDirectory(), name)),
  ]
  for (const path of left) world.log.info(`${path} stays: its name is not one that kind-flat-network gives`)
  const images = await pruneImages(world)
  return [
    ...entries.map(({ key, bytes }) => ({ name: key, bytes })),
    ...tools.map((name) => ({ name })),
    ...images.map((name) => ({ name })),
  ]
}
