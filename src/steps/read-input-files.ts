import { dirname, resolve } from 'node:path'
import { fileNamedBy, standardInput } from '../kind-config/file-names.js'
import {
  isList,
  isYamlMap,
  readOnlyDocument,
  templateIn,
  unfilled,
  YamlError,
  YamlScalar,
  type YamlValue,
} from '../kind-config/read-yaml.js'
import { writeYaml } from '../kind-config/write-yaml.js'
import { CancelledError, shortMessageOf } from '../errors.js'
import type { Problems } from '../model/problems.js'
import { inputs, type RawInputs } from '../plan/inputs.js'
import type { Files, World } from '../ports.js'

/**
 * Puts the content of files in the place of their names: those of `clusters` and `config`, and those of each cluster's
 * own config, which are relative to the file that names them. `-` is standard input.
 */
export async function readInputFiles(
  { files }: Pick<World, 'files'>,
  raw: RawInputs,
  problems: Problems,
): Promise<RawInputs> {
  const reader = new InputReader(files, problems)
  const config = await reader.content('config', raw.config, '')
  const clusters = await reader.content('clusters', raw.clusters, '')
  return {
    ...raw,
    config: config === undefined ? inputs.config.default : config.text,
    clusters:
      clusters === undefined ? inputs.clusters.default : await reader.withConfigs(clusters.text, clusters.directory),
  }
}

class InputReader {
  /** The input that standard input was read for. */
  #reader: string | undefined

  constructor(
    private readonly files: Pick<Files, 'read' | 'readStandardInput'>,
    private readonly problems: Problems,
  ) {}

  /** What a value stands for, which may come from a file, and the directory that paths in it are relative to; `undefined` when it cannot be read. */
  async content(
    input: string,
    value: string,
    directory: string,
  ): Promise<{ text: string; directory: string } | undefined> {
    const name = fileNamedBy(value)
    if (name === undefined) return { text: value, directory }
    if (name === standardInput) return this.#standardInput(input, directory)
    const path = directory === '' ? name : resolve(directory, name)
    try {
      const text = await this.files.read(path)
      this.problems.isContentOf(input, name)
      return { text, directory: dirname(path) }
    } catch (error) {
      if (error instanceof CancelledError) throw error
      const template = templateIn(name)
      const message =
        template === undefined
          ? `is not YAML and not a file that can be read (${shortMessageOf(error)}); write YAML, or the path of a file with it`
          : unfilled(template)
      this.problems.add(input, name, message)
      return undefined
    }
  }

  async #standardInput(input: string, directory: string): Promise<{ text: string; directory: string } | undefined> {
    const refuse = (message: string) => {
      this.problems.add(input, standardInput, `reads standard input, which ${message}`)
      return undefined
    }
    if (this.#reader !== undefined) return refuse(`${this.#reader} has read already; use a file for one of the two`)
    this.#reader = input
    try {
      const text = await this.files.readStandardInput()
      if (text.trim() === '') return refuse('is empty; pipe YAML into it')
      this.problems.isContentOf(input, standardInput)
      return { text, directory }
    } catch (error) {
      if (error instanceof CancelledError) throw error
      return refuse(`cannot be read (${shortMessageOf(error)}); use a file`)
    }
  }

  /** The list of clusters, with the content of the files that its kind configs name. */
  async withConfigs(clusters: string, directory: string): Promise<string> {
    const list = parsed(clusters)
    if (list === undefined || list === null || !isList(list)) return clusters
    let isChanged = false
    const entries: YamlValue[] = []
    for (const [index, entry] of list.entries()) {
      const config = isYamlMap(entry) ? entry['config'] : undefined
      if (!isYamlMap(entry) || !(config instanceof YamlScalar) || fileNamedBy(config.text) === undefined) {
        entries.push(entry)
        continue
      }
      isChanged = true
      const text = (await this.content(`clusters[${String(index)}].config`, config.text, directory))?.text ?? '{}'
      entries.push({ ...entry, config: new YamlScalar(text, text) })
    }
    return isChanged ? writeYaml(entries) : clusters
  }
}

/** What is not YAML is a problem for who reads it next. */
function parsed(text: string): YamlValue | undefined {
  try {
    return readOnlyDocument(text)
  } catch (error) {
    if (error instanceof YamlError) return undefined
    throw error
  }
}
