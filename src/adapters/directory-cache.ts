import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.js'
import { isImageCacheKey } from '../plan/image-cache.js'
import type { ImageCache } from '../ports.js'
import { onFile } from './file-errors.js'

/** A directory of images, with what it takes to see and to empty it. */
export interface DirectoryCache extends ImageCache {
  /** All entries with their bytes, also those that an ended process began, and the names of what is not from here. */
  list(): Promise<{
    readonly entries: readonly { readonly key: string; readonly bytes: number }[]
    readonly others: readonly string[]
  }>
  remove(key: string): Promise<void>
}

/** Keeps images in a directory of this machine. An entry is there whole or not at all: it gets its name at the end. */
export function createDirectoryCache(root: string): DirectoryCache {
  const entry = (key: string) => join(root, key)
  const staged = (key: string) => join(root, `.${key}.${String(process.pid)}`)
  const remove = (path: string) => onFile(path, () => rm(path, { recursive: true, force: true }))
  return {
    unavailable: () => Promise.resolve(undefined),
    savesLate: false,
    needless: 'the engine of this machine keeps its images',
    async stage(key) {
      await remove(staged(key))
      await onFile(staged(key), () => mkdir(staged(key), { recursive: true, mode: 0o700 }))
      return staged(key)
    },
    staged,
    async restore(key) {
      return (await isDirectory(entry(key))) ? { directory: entry(key) } : {}
    },
    async save(key) {
      try {
        await onFile(entry(key), () => rename(staged(key), entry(key)))
        return {}
      } catch (error) {
        // another run was faster
        return (await isDirectory(entry(key))) ? {} : { trouble: messageOf(error) }
      }
    },
    release: (key) => remove(staged(key)),
    async discard(key) {
      await remove(entry(key))
      return undefined
    },
    async list() {
      const names = await readdir(root).catch(() => [])
      const entries = names.filter(isEntry).map(async (key) => ({ key, bytes: await sizeOf(entry(key)) }))
      return { entries: await Promise.all(entries), others: names.filter((name) => !isEntry(name)) }
    },
    remove: (key) => remove(entry(key)),
  }
}

/** Whether a name is that of an entry, or of one that was begun: `.<key>.<process id>`. */
function isEntry(name: string): boolean {
  return isImageCacheKey(/^\.(.+)\.\d+$/.exec(name)?.[1] ?? name)
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function sizeOf(directory: string): Promise<number> {
  const files = await readdir(directory).catch(() => [])
  const sizes = await Promise.all(
    files.map((file) =>
      stat(join(directory, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((total, size) => total + size, 0)
}
