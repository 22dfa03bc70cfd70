import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { messageOf } from '../errors.js'
import { parseSha256File, toolNames } from '../plan/tools.js'
import type { ToolStore } from '../ports.js'
import { fileError, onFile } from './file-errors.js'
import { readText } from './read-text.js'

/**
 * Keeps tools under a directory in the layout of @actions/tool-cache, `<root>/kind/0.33.0/x64/kind` and `x64.complete`,
 * so that each finds what the other kept. That library's own `cacheFile` removes the directory before it copies, and two
 * runs that begin on one machine at the same time would take each other's tools away; here a file is moved over another.
 * @param addPath how a directory is put before all others on the PATH
 */
export function createToolStore(root: string, addPath: (directory: string) => void): ToolStore {
  const directoryOf = (name: string, version: string) => join(root, name, version, arch())
  return {
    async find(name, version, sha256) {
      const directory = directoryOf(name, version)
      const program = join(directory, name)
      const complete = await isThere(`${directory}.complete`)
      const expected = complete && (sha256 ?? (await readSum(program)))
      const found = expected ? await sha256Of(program) : undefined
      return found === undefined ? undefined : { program, intact: found === expected }
    },
    async keep(name, version, sha256, { write, prove }) {
      const staging = join(root, `.${name}-${version}-${randomBytes(4).toString('hex')}`)
      await makeDirectory(staging)
      try {
        const staged = join(staging, name)
        await write(staged)
        await onFile(staged, () => chmod(staged, 0o755))
        await prove(staged)
        const directory = directoryOf(name, version)
        const program = join(directory, name)
        await onFile(program, async () => {
          await writeFile(sumFile(staged), `${sha256}  ${name}\n`)
          await mkdir(directory, { recursive: true })
          await rename(sumFile(staged), sumFile(program))
          await rename(staged, program)
          await writeFile(`${directory}.complete`, '')
        })
        return program
      } finally {
        await rm(staging, { recursive: true, force: true })
      }
    },
    addToPath(program) {
      addPath(dirname(program))
    },
  }
}

/** Whether a name in the directory of a store is that of a tool, or of one that was begun. */
export function isToolEntry(entry: string): boolean {
  return toolNames.some((name) => entry === name || new RegExp(`^\\.${name}-\\d[\\w.+-]*-[0-9a-f]{8}$`).test(entry))
}

/** For a process that has nobody after it. */
export function prependToPath(directory: string): void {
  process.env['PATH'] = [directory, process.env['PATH']].join(delimiter)
}

/** What a program was when it was kept, for one whose SHA-256 nobody else knows. */
function sumFile(program: string): string {
  return `${program}.sha256`
}

async function readSum(program: string): Promise<string | undefined> {
  return parseSha256File(await readText(sumFile(program)).catch(() => ''))
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    const remedy =
      'name a directory that can be written in RUNNER_TOOL_CACHE, or in XDG_CACHE_HOME for the command line'
    const reason = messageOf(fileError(path, error))
    throw new Error(`tools cannot be kept in ${dirname(path)} (${reason}); ${remedy}`)
  })
}

/** `undefined` for what cannot be read, such as a file that is not there. */
async function sha256Of(path: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    // a pipe would never end
    if (!(await stat(path)).isFile()) return undefined
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  } catch {
    return undefined
  }
  return hash.digest('hex')
}
