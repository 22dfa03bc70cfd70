import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.js'
import type { ImageCache } from '../ports.js'

/** A directory of images, with what it takes to see and to empty it. */
export interface DirectoryCache extends ImageCache {
  /** All entries with their bytes, also those that an ended process began. */
  list(): Promise<{ readonly key: string; readonly bytes: number }[]>
  remove(key: string): Promise<void>
}

/** Keeps images in a directory of this machine. An entry is there whole or not at all: it gets its name at the end. */
export function createDirectoryCache(root: string): DirectoryCache {
  const entry = (key: string) => join(root, key)
  const staged = (key: string) => join(root, `.${key}.${String(process.pid)}`)
  const remove = (path: string) => rm(path, { recursive: true, force: true })
  return {
    unavailable: () => Promise.resolve(undefined),
    savesLate: false,
    needless: 'the engine of this machine keeps its images',
    async stage(key) {
      await remove(staged(key))
      await mkdir(staged(key), { recursive: true, mode: 0o700 })
      return staged(key)
    },
    staged,
    async restore(key) {
      return (await isDirectory(entry(key))) ? { directory: entry(key) } : {}
    },
    async save(key) {
      try {
        await rename(staged(key), entry(key))
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
      const keys = await readdir(root).catch(() => [])
      return Promise.all(keys.map(async (key) => ({ key, bytes: await sizeOf(entry(key)) })))
    },
    remove: (key) => remove(entry(key)),
  }
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
