import { join } from 'node:path'
import { createDirectoryCache, type DirectoryCache } from '../adapters/directory-cache.js'
import { createToolStore, prependToPath } from '../adapters/tool-store.js'
import type { Stores } from '../adapters/world.js'
import { xdgDirectory } from './xdg.js'

/** Downloaded tools and node images are kept under the XDG cache directory. */
function cacheDirectory(): string {
  return xdgDirectory('XDG_CACHE_HOME')
}

export function toolsDirectory(): string {
  return join(cacheDirectory(), 'tools')
}

export function imagesDirectory(): string {
  return join(cacheDirectory(), 'images')
}

export function directoryStores(): Stores & { readonly imageCache: DirectoryCache } {
  return {
    tools: createToolStore(toolsDirectory(), prependToPath),
    imageCache: createDirectoryCache(imagesDirectory()),
  }
}
