import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Files } from '../ports.js'

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
  read: (path) => readFile(path, 'utf8'),
  readStandardInput: () => text(process.stdin),
  until: (signal) => ({ ...nodeFiles, readStandardInput: () => readStandardInputUntil(signal) }),
  async writePrivate(path, content) {
    // whole or not at all, never readable to others for a moment, and never shared by two that write at once
    const temporary = `${path}.${randomUUID()}.tmp`
    await writeFile(temporary, content, { mode: 0o600 })
    await rename(temporary, path)
  },
  createPrivate: (path, content) => writeFile(path, content, { flag: 'wx', mode: 0o600 }),
  async overwrite(path, content) {
    const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW)
    try {
      await file.truncate()
      await file.writeFile(content)
    } finally {
      await file.close()
    }
  },
  async identityOf(path) {
    const found = await lstat(path, { bigint: true }).catch(absent)
    // the number of a removed file is given to the next one at once, its time of birth is not
    return found === undefined ? undefined : [found.dev, found.ino, found.birthtimeNs].join(':')
  },
  async makePrivateDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 })
  },
  removeFile: (path) => rm(path, { force: true }),
  async removeDirectory(path, last) {
    const entries = (await readdir(path).catch(absent)) ?? []
    for (const entry of entries.filter((each) => each !== last))
      await rm(join(path, entry), { recursive: true, force: true })
    await rm(join(path, last), { force: true })
    await rmdir(path).catch(absent)
  },
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

async function readStandardInputUntil(signal: AbortSignal): Promise<string> {
  try {
    return await text(addAbortSignal(signal, process.stdin))
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
