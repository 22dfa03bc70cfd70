import { access, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Files } from '../ports.js'

export const nodeFiles: Files = {
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  isDirectory: (path) =>
    stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    ),
  read: (path) => readFile(path, 'utf8'),
  readStandardInput: () => text(process.stdin),
  async writePrivate(path, content) {
    // whole or not at all, and never readable to others for a moment
    const temporary = `${path}.${String(process.pid)}.tmp`
    await writeFile(temporary, content, { mode: 0o600 })
    await rename(temporary, path)
  },
  async makePrivateDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 })
  },
  removeFile: (path) => rm(path, { force: true }),
  removeDirectory: (path) => rm(path, { recursive: true, force: true }),
}
