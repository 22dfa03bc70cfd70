import { homedir } from 'node:os'
import { join } from 'node:path'
import { createDirectoryCache, type DirectoryCache } from '../adapters/directory-cache.js'
import { createToolStore, prependToPath } from '../adapters/tool-store.js'
import type { Stores } from '../adapters/world.js'

/** Downloaded tools and node images are kept under the XDG cache directory. */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kind-flat-network')
}

export function toolsDirectory(): string {
  return join(cacheDirectory(), 'tools')
}

export function directoryStores(): Stores & { readonly imageCache: DirectoryCache } {
  return {
    tools: createToolStore(toolsDirectory(), prependToPath),
    imageCache: createDirectoryCache(join(cacheDirectory(), 'images')),
  }
}
