import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Files } from '../ports.js'
import { onFile } from './file-errors.js'
import { boundedText, kindOf, readText } from './read-text.js'

export const nodeFiles: Files = {
  exists: (path) =>
    lstat(path).then(
      () => true,
      () => false,
    ),
  isDirectory: (path) =>
    stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    ),
  kindOf: (path) => stat(path).then(kindOf, () => undefined),
  read: (path) => readText(path),
  readStandardInput: () => readStandardInput(),
  until: (signal) => ({
    ...nodeFiles,
    read: (path) => readText(path, { signal }),
    readStandardInput: () => readStandardInput(signal),
  }),
  writePrivate: (path, content) =>
    onFile(path, async () => {
      // whole or not at all, never readable to others for a moment, and never shared by two that write at once
      const temporary = `${path}.${randomUUID()}.tmp`
      try {
        await writeFile(temporary, content, { mode: 0o600 })
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    }),
  createPrivate: (path, content) =>
    onFile(path, async () => {
      const file = await open(path, 'wx', 0o600)
      try {
        await file.writeFile(content)
      } catch (error) {
        // nobody would know whose it is
        await rm(path, { force: true })
        throw error
      } finally {
        await file.close()
      }
    }),
  overwrite: (path, content) =>
    onFile(path, async () => {
      const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW)
      try {
        await file.truncate()
        await file.writeFile(content)
      } finally {
        await file.close()
      }
    }),
  identityOf: (path) =>
    onFile(path, async () => {
      const found = await lstat(path, { bigint: true }).catch(absent)
      // the number of a removed file is given to the next one at once, its time of birth is not
      return found === undefined ? undefined : [found.dev, found.ino, found.birthtimeNs].join(':')
    }),
  makePrivateDirectory: (path) =>
    onFile(path, async () => {
      await mkdir(path, { recursive: true, mode: 0o700 })
    }),
  removeFile: (path) => onFile(path, () => rm(path, { force: true })),
  removeDirectory: (path, last) =>
    onFile(path, async () => {
      const entries = (await readdir(path).catch(absent)) ?? []
      for (const entry of entries.filter((each) => each !== last))
        await rm(join(path, entry), { recursive: true, force: true })
      await rm(join(path, last), { force: true })
      await rmdir(path).catch(absent)
    }),
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function readStandardInput(signal?: AbortSignal): Promise<string> {
  return boundedText('standard input', process.stdin, { ...(signal && { signal }) })
}
