import { isMissingImage, listImages, removeImage } from '../commands/docker-images.js'
import { parseLines } from '../commands/docker.js'
import { CommandError } from '../errors.js'
import { cachedImageRepository, isCachedImageName } from '../plan/image-cache.js'
import type { World } from '../ports.js'

/**
 * Removes the names that images out of the cache have in the engine, and with its last name the image.
 * @returns those removed; the ones that a container uses stay
 */
export async function pruneImages({ runner, log }: Pick<World, 'runner' | 'log'>): Promise<string[]> {
  const removed: string[] = []
  for (const name of parseLines(await runner.run(listImages(cachedImageRepository)))) {
    if (!isCachedImageName(name)) {
      log.info(`the image ${name} stays: its name is not one that kind-flat-network gives`)
      continue
    }
    try {
      await runner.run(removeImage(name))
      removed.push(name)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      // another prune was faster
      if (!isMissingImage(error.output) && !/is (being )?us(ed|ing)/.test(error.output)) throw error
    }
  }
  return removed
}
