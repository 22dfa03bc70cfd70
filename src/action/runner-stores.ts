import { addPath } from '@actions/core'
import { createActionsCache } from '../adapters/actions-cache.js'
import { directoryIn, homeDirectory, temporaryDirectory } from '../adapters/directories.js'
import { createToolStore } from '../adapters/tool-store.js'
import type { Stores } from '../adapters/world.js'
import { tellRunner } from './runner-files.js'

/** The runner's tool cache, its PATH for the steps that follow, and the cache of GitHub Actions. */
export function runnerStores(): Stores {
  return {
    tools: createToolStore(
      directoryIn('RUNNER_TOOL_CACHE') ?? `${temporaryDirectory()}/kind-flat-network-tools`,
      (path) => {
        tellRunner('GITHUB_PATH', () => {
          addPath(path)
        })
      },
    ),
    imageCache: createActionsCache(homeDirectory(), process.env),
  }
}
