import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Files } from '../ports.js'

export const nodeFiles: Files = {
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  read: (path) => readFile(path, 'utf8'),
  async writePrivate(path, content) {
    await mkdir(dirname(path), { recursive: true })
    // whole or not at all, and never readable to others for a moment
    const temporary = `${path}.${String(process.pid)}.tmp`
    await writeFile(temporary, content, { mode: 0o600 })
    await rename(temporary, path)
  },
  async makePrivateDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 })
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
}
