import { maxSatisfying, satisfies, valid } from 'semver'
import * as z from 'zod'
import type { Problems } from '../model/problems.js'
import type { Request, ToolRequest } from './request.js'

/** Programs that are downloaded where the machine has none that fits. */
export const toolNames = ['kind', 'kubectl'] as const
export type ToolName = (typeof toolNames)[number]

/** What the machine has. */
export interface ToolFacts {
  /** Version of the one on the PATH, without `v`; left out where there is none that runs. */
  readonly kind?: string
  readonly kubectl?: string
  /** As Node names it: `linux/x64`. */
  readonly platform: string
}

/** A release that is known here, with what its downloads must have as far as that was seen. */
export interface KnownRelease {
  readonly version: string
  readonly sha256: { readonly amd64?: string; readonly arm64?: string; readonly seenIn?: string }
}

/** A SHA-256 in lower-case hexadecimal digits, and where it is known from. */
export interface KnownSha256 {
  readonly sha256: string
  readonly seenIn: string
}

const common = { name: z.enum(toolNames), version: z.string() }

/** A tool that is used; a later process gets it again by this. */
export const plannedTool = z.discriminatedUnion('from', [
  z.object({ ...common, from: z.literal('path') }),
  z.object({
    ...common,
    from: z.literal('download'),
    url: z.string(),
    /** What it must have, or the address of the release's own checksum file, which is asked over TLS. */
    check: z.union([z.object({ sha256: z.string(), seenIn: z.string() }), z.object({ sha256File: z.string() })]),
  }),
])
export type PlannedTool = Readonly<z.infer<typeof plannedTool>>
export type ToolDownload = Extract<PlannedTool, { from: 'download' }>

type Architecture = 'amd64' | 'arm64'

/** Platforms that both are downloaded for: Node's name, and the one in addresses. */
const platforms: Readonly<Record<string, Architecture>> = { 'linux/x64': 'amd64', 'linux/arm64': 'arm64' }

/**
 * Where releases lie, and their checksum files beside them. kind: `hack/release/build/cross.sh` and the links of its
 * quick start; kubectl: the Kubernetes documentation, "Install kubectl binary with curl on Linux".
 */
const sources = {
  kind: {
    base: 'https://github.com',
    path: (version: string, arch: Architecture) =>
      `kubernetes-sigs/kind/releases/download/v${version}/kind-linux-${arch}`,
    sha256Suffix: '.sha256sum',
  },
  kubectl: {
    base: 'https://dl.k8s.io',
    path: (version: string, arch: Architecture) => `release/v${version}/bin/linux/${arch}/kubectl`,
    sha256Suffix: '.sha256',
  },
} as const

/**
 * Chooses both tools: the one on the PATH where it fits, else the newest release known here that does, or exactly the
 * version that was asked for. Pure.
 * @param problems gets what cannot be had; such a tool is missing in the result
 */
export function chooseTools(
  request: Pick<Request, ToolName | 'downloadMirror'>,
  facts: ToolFacts,
  releases: Readonly<Record<ToolName, readonly KnownRelease[]>>,
  problems: Problems,
): PlannedTool[] {
  return toolNames.flatMap((name): readonly PlannedTool[] => {
    const onPath = facts[name]
    if (onPath !== undefined && fits(onPath, request[name])) return [{ name, version: onPath, from: 'path' }]
    const download = chooseDownload(name, request, facts, releases[name], problems)
    return download === undefined ? [] : [download]
  })
}

/** One's own builds and pre-releases on the PATH are meant to be used. */
function fits(version: string, { version: range }: ToolRequest): boolean {
  return range === undefined || satisfies(version, range, { includePrerelease: true })
}

function chooseDownload(
  name: ToolName,
  request: Pick<Request, ToolName | 'downloadMirror'>,
  facts: ToolFacts,
  releases: readonly KnownRelease[],
  problems: Problems,
): ToolDownload | undefined {
  const input = `${name}-version`
  const { version: range, sha256: given } = request[name]
  const onPath =
    facts[name] === undefined ? `there is no ${name} on the PATH that runs` : `the one on the PATH is ${facts[name]}`
  const arch = Object.hasOwn(platforms, facts.platform) ? platforms[facts.platform] : undefined
  if (arch === undefined) {
    const where = `${name} is downloaded for linux/x64 and linux/arm64 alone, not for ${facts.platform}`
    problems.add(input, range, `cannot be had: ${onPath}, and ${where}; put one that fits on the PATH`)
    return undefined
  }
  const known = releases.map(({ version }) => version)
  const version = maxSatisfying(known, range ?? '*') ?? valid(range)
  if (version === null) {
    const remedy = `give one of them, the exact version of another, or put one that fits on the PATH`
    problems.add(input, range, `fits none of the releases known here (${known.join(', ')}), and ${onPath}; ${remedy}`)
    return undefined
  }
  const { base, path, sha256Suffix } = sources[name]
  const url = `${request.downloadMirror ?? base}/${path(version, arch)}`
  const sums = releases.find((release) => release.version === version)?.sha256
  const check = checkOf(name, given, sums?.[arch], sums?.seenIn) ?? { sha256File: `${url}${sha256Suffix}` }
  if ('sha256File' in check && !url.startsWith('https://')) {
    const remedy = `give ${name}-sha256 with ${input} ${version}, or a mirror with https`
    const why = `no SHA-256 of ${name} ${version} for ${arch} is known here, and a checksum file without TLS proves nothing`
    problems.add('download-mirror', request.downloadMirror, `cannot be trusted with it: ${why}; ${remedy}`)
    return undefined
  }
  return { name, version, from: 'download', url, check }
}

/** The user's own goes before the one known here. */
function checkOf(
  name: ToolName,
  given: string | undefined,
  known: string | undefined,
  seenIn = 'the list of known releases',
): KnownSha256 | undefined {
  if (given !== undefined) return { sha256: given, seenIn: `the input ${name}-sha256` }
  return known === undefined ? undefined : { sha256: known, seenIn }
}

/** What a checksum file holds: the digits alone, or `sha256sum`'s line for one file. `undefined`: something else. */
export function parseSha256File(text: string): string | undefined {
  return /^([0-9a-f]{64})(?: [ *]\S+)?\s*$/i.exec(text)?.[1]?.toLowerCase()
}
