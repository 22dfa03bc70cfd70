import { addPath } from '@actions/core'
import { homedir, tmpdir } from 'node:os'
import { createActionsCache } from '../adapters/actions-cache.js'
import { createToolStore } from '../adapters/tool-store.js'
import type { Stores } from '../adapters/world.js'
import { tellRunner } from './runner-files.js'

/** The runner's tool cache, its PATH for the steps that follow, and the cache of GitHub Actions. */
export function runnerStores(): Stores {
  const { RUNNER_TOOL_CACHE, RUNNER_TEMP = tmpdir() } = process.env
  return {
    tools: createToolStore(RUNNER_TOOL_CACHE ?? `${RUNNER_TEMP}/kind-flat-network-tools`, (path) => {
      tellRunner('GITHUB_PATH', () => {
        addPath(path)
      })
    }),
    imageCache: createActionsCache(homedir(), process.env),
  }
}
