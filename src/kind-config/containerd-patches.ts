import { parse, TomlError, type TomlTable, type TomlValue } from 'smol-toml'
import { shorten } from '../shorten.js'
import type { ConfigProblem, KindConfig } from './v1alpha4.js'

/** Patches that containerd's config cannot take: kind would notice when the nodes run already. */
export function checkContainerdPatches(config: KindConfig): ConfigProblem[] {
  const { containerdConfigPatches = [], containerdConfigPatchesJSON6902 = [] } = config
  return [
    ...containerdConfigPatches.flatMap((patch, index) => {
      const read = readToml(patch)
      if (!(read instanceof TomlError)) return []
      const message = `is not TOML: ${whatIsWrong(read)}`
      return [{ path: `containerdConfigPatches[${String(index)}]`, value: undefined, message }]
    }),
    ...containerdConfigPatchesJSON6902.flatMap((patch, index) => {
      if (operationsIn(patch) !== undefined) return []
      const message = 'must be a list of operations in JSON (RFC 6902)'
      return [{ path: `containerdConfigPatchesJSON6902[${String(index)}]`, value: patch, message }]
    }),
  ]
}

/**
 * The places of patches that configure mirrors in the way that containerd 1.x had before `config_path`. With a
 * `config_path` containerd does not start with them, and from 2.2 on not at all (containerd, `docs/cri/registry.md`).
 */
export function mirrorPatches(config: KindConfig): string[] {
  const { containerdConfigPatches = [], containerdConfigPatchesJSON6902 = [] } = config
  return [
    ...containerdConfigPatches.flatMap((patch, index) =>
      hasMirrors(readToml(patch)) ? [`containerdConfigPatches[${String(index)}]`] : [],
    ),
    ...containerdConfigPatchesJSON6902.flatMap((patch, index) =>
      operationsIn(patch)?.some(
        ({ path, value }) =>
          typeof path === 'string' && /\/registry\b/.test(path) && /\bmirrors\b/.test(JSON.stringify([path, value])),
      )
        ? [`containerdConfigPatchesJSON6902[${String(index)}]`]
        : [],
    ),
  ]
}

function readToml(patch: string): TomlTable | TomlError {
  try {
    return parse(patch)
  } catch (error) {
    if (error instanceof TomlError) return error
    throw error
  }
}

/** The library quotes the lines around an error, which may hold what nobody else should see. */
function whatIsWrong({ message, line, column }: TomlError): string {
  const [head = ''] = message.split('\n')
  const reason = shorten(head.replace('Invalid TOML document: ', ''))
  return `${reason} at line ${String(line)}, column ${String(column)}`
}

function hasMirrors(patch: TomlTable | TomlError): boolean {
  if (patch instanceof TomlError) return false
  const { plugins } = patch
  return (
    isTable(plugins) &&
    Object.values(plugins).some(
      (plugin) => isTable(plugin) && isTable(plugin['registry']) && plugin['registry']['mirrors'] !== undefined,
    )
  )
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)
}

function operationsIn(patch: string): { readonly path?: unknown; readonly value?: unknown }[] | undefined {
  try {
    const operations = JSON.parse(patch) as unknown
    const isList = Array.isArray(operations) && operations.every((each) => typeof each === 'object' && each !== null)
    return isList ? (operations as { readonly path?: unknown; readonly value?: unknown }[]) : undefined
  } catch {
    return undefined
  }
}
