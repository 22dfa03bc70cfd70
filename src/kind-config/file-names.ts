import { longestPath } from '../model/bounds.js'
import { readYaml, YamlError, YamlScalar } from './read-yaml.js'

/** What names standard input where a file is wanted. */
export const standardInput = '-'

/** The file that a value names: it is one line, and YAML would take it for a text. YAML itself would be a map or a list. */
export function fileNamedBy(value: string): string | undefined {
  const line = value.trim()
  if (line === standardInput) return line
  if (line === '' || line.includes('\n') || line.length > longestPath) return undefined
  try {
    const read = readYaml(line)
    return read instanceof YamlScalar && typeof read.value === 'string' ? read.text : undefined
  } catch (error) {
    if (error instanceof YamlError) return undefined
    throw error
  }
}
