import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { messageOf } from '../errors.js'
import type { ImageCache } from '../ports.js'
import { directoryIn } from './directories.js'
import { onFile } from './file-errors.js'

/** Longest time for one answer of the cache service, with all bytes. */
const longestSeconds = { restore: 300, save: 600 } as const

/**
 * The cache of GitHub Actions. Its files lie in the same place in every run, because the service is asked for the paths
 * too. They travel relative to the workspace, so where that is belongs to the key.
 * @param home the user's home directory
 * @param environment of the runner
 * @param seconds how long it may take
 */
export function createActionsCache(
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
  seconds: { readonly restore: number; readonly save: number } = longestSeconds,
): ImageCache {
  const root = join(home, '.cache', 'kind-flat-network', 'images')
  const workspace = directoryIn('GITHUB_WORKSPACE', environment) ?? process.cwd()
  const place = createHash('sha256').update(relative(workspace, root)).digest('hex').slice(0, 8)
  const directoryOf = (key: string) => join(root, key)
  const nameOf = (key: string) => `${key}-${place}`
  const remove = (key: string) => onFile(directoryOf(key), () => rm(directoryOf(key), { recursive: true, force: true }))
  const empty = async (key: string) => {
    await remove(key)
    await onFile(directoryOf(key), () => mkdir(directoryOf(key), { recursive: true, mode: 0o700 }))
    return directoryOf(key)
  }
  return {
    async unavailable() {
      const { isFeatureAvailable } = await load()
      return isFeatureAvailable() ? undefined : 'this runner has no cache service'
    },
    savesLate: true,
    // a runner that is there for the next job keeps its engine's images too
    ...(environment['RUNNER_ENVIRONMENT'] === 'self-hosted' && {
      needless: 'a self-hosted runner keeps the images of its engine',
    }),
    stage: empty,
    staged: directoryOf,
    async restore(key) {
      const { restoreCache } = await load()
      const wanted = nameOf(key)
      try {
        return await within(seconds.restore, async () => {
          // it finds keys that only begin so, and does not tell a failure from an entry that is not there
          if ((await restoreCache([directoryOf(key)], wanted, [], { lookupOnly: true })) !== wanted) return {}
          const directory = await empty(key)
          if ((await restoreCache([directory], wanted)) === wanted) return { directory }
          await remove(key)
          return { trouble: `the entry ${wanted} could not be restored; if that stays so: gh cache delete ${wanted}` }
        })
      } catch (error) {
        return { trouble: messageOf(error) }
      }
    },
    async save(key) {
      const { saveCache } = await load()
      try {
        // what went wrong the library has told
        const id = await within(seconds.save, () => saveCache([directoryOf(key)], nameOf(key)))
        return id === -1 ? { trouble: 'the cache service did not take it' } : {}
      } catch (error) {
        return { trouble: messageOf(error) }
      }
    },
    release: remove,
    async discard(key) {
      await remove(key)
      return `gh cache delete ${nameOf(key)}`
    },
  }
}

/** It is large, and most runs do without. */
function load(): Promise<typeof import('@actions/cache')> {
  return import('@actions/cache')
}

/** The library cannot be stopped; what takes too long is left alone. */
async function within<T>(limit: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no end within ${String(limit)} s`))
    }, limit * 1000)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
