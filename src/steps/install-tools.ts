import { DownloadError, messageOf } from '../errors.js'
import { formatBytes } from '../plan/byte-size.js'
import { parseSha256File, type KnownSha256, type PlannedTool, type ToolDownload, type ToolName } from '../plan/tools.js'
import type { Downloads, ToolStore, World } from '../ports.js'
import { allOrNone } from './all-or-none.js'
import { toolVersion, UnusableTool } from './inspect-tools.js'

/** A tool that is used, and where it came from. */
export interface InstalledTool {
  readonly name: ToolName
  readonly version: string
  readonly from: 'path' | 'kept' | 'downloaded'
}

type ToolWorld = Pick<World, 'runner' | 'log' | 'clock'> & {
  readonly downloads: Downloads
  readonly tools: ToolStore
}

/** Known here or given, or else told by the release's own checksum file. */
type Expected = KnownSha256 & { readonly told: string }

/**
 * Gets the tools that are not on the PATH, both at once, and puts them there when all are verified. The first failure
 * ends the other.
 * @throws {DownloadError} why one cannot be had
 */
export async function installTools(world: ToolWorld, planned: readonly PlannedTool[]): Promise<InstalledTool[]> {
  const programs = await allOrNone(
    world,
    planned.map((tool) => async (live: ToolWorld, ended: AbortSignal) => {
      if (tool.from === 'path') return { ...tool, program: undefined }
      const ofTool = { ...live, downloads: world.downloads.until(ended) }
      return { ...tool, ...((await findKept(ofTool, tool)) ?? (await download(ofTool, tool))) }
    }),
  )
  return programs.map(({ name, version, from, program }) => {
    if (program !== undefined) world.tools.addToPath(program)
    return { name, version, from }
  })
}

async function findKept({ log, tools }: ToolWorld, { name, version, check }: ToolDownload) {
  const known = 'sha256' in check ? check : undefined
  const found = await tools.find(name, version, known?.sha256)
  if (found?.intact === false) {
    log.warning(`${name} ${version} in ${found.program} is not what it should be by its SHA-256; it is replaced`)
  }
  if (found?.intact !== true) return undefined
  const proof = known === undefined ? 'unchanged since it was verified' : `SHA-256 seen in ${known.seenIn}`
  log.info(`${name} ${version} kept in ${found.program}, ${proof}`)
  return { from: 'kept', program: found.program } as const
}

async function download(world: ToolWorld, { name, version, url, check }: ToolDownload) {
  const { runner, log, clock, downloads, tools } = world
  const options = {
    remedy: `put ${name} ${version} on the PATH, or give a download-mirror that has it`,
    onProgress: (bytes: number, total?: number) => {
      log.progress(name, `${formatBytes(bytes)}${total === undefined ? '' : ` of ${formatBytes(total)}`}`)
    },
    onRetry: (reason: string) => {
      log.progress(name, `${reason}; tried again`)
    },
  }
  const refuse = (address: string, reason: string) => new DownloadError(address, reason, 1, options.remedy)
  const expected = async (): Promise<Expected> => {
    if ('sha256' in check) return { ...check, told: `SHA-256 seen in ${check.seenIn}` }
    const sha256 = parseSha256File(await downloads.text(check.sha256File, options))
    if (sha256 === undefined) throw refuse(check.sha256File, 'holds no SHA-256 where one is expected')
    return { sha256, seenIn: check.sha256File, told: "checked against the release's own checksum file over TLS" }
  }
  const { told, ...sha256 } = await expected()
  let size = ''
  const program = await tools.keep(name, version, sha256.sha256, {
    async write(path) {
      const started = clock.now()
      const bytes = await downloads.file(url, path, { ...options, sha256 })
      size = `${formatBytes(bytes)} in ${(clock.now() - started).toFixed(1)} s`
    },
    async prove(path) {
      const found = await toolVersion(runner, name, path).catch((error: unknown) => {
        throw error instanceof UnusableTool ? refuse(url, messageOf(error)) : error
      })
      if (found !== version) throw refuse(url, `is ${name} ${found}, not ${version}`)
    },
  })
  log.info(`${name} ${version} downloaded (${size}), ${told}`)
  return { from: 'downloaded', program } as const
}
