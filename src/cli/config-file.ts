import { dirname, resolve } from 'node:path'
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml'
import { nodeFiles } from '../adapters/node-files.js'
import { InputError, shortMessageOf } from '../errors.js'
import { fileNamedBy, standardInput } from '../kind-config/file-names.js'
import {
  isList,
  isYamlMap,
  readOnlyDocument,
  toPlain,
  YamlError,
  YamlScalar,
  type YamlMap,
  type YamlValue,
} from '../kind-config/read-yaml.js'
import { writeYaml } from '../kind-config/write-yaml.js'
import { readClusters } from '../plan/cluster-entry.js'
import { inputNames, inputs, type GivenInputs, type InputName } from '../plan/inputs.js'
import { Problems } from '../model/problems.js'
import { hintFor } from '../model/suggest-key.js'
import { configFile } from './config-schema.js'

/** What the config file is called where none is named; the first that is there is read. */
export const configFileNames = ['kind-flat-network.yaml', 'kind-flat-network.yml']

/**
 * Reads a config file. Its values become the text that the inputs take, and its paths absolute: they are relative to the
 * file.
 * @param signal ends the wait for standard input
 * @throws {InputError} for a file that cannot be read, and for all that is wrong in it, with file and line
 */
export async function readConfigFile(name: string, cwd: string, signal: AbortSignal): Promise<GivenInputs> {
  const path = resolve(cwd, name)
  const files = nodeFiles.until(signal)
  const text = await (name === standardInput ? files.readStandardInput() : files.read(path)).catch((error: unknown) => {
    signal.throwIfAborted()
    const message = `is not a file that can be read (${shortMessageOf(error)}); give the path of one`
    throw new InputError([{ input: name, message }])
  })
  return inputsOf(parseConfig(name, text), dirname(path))
}

type Config = Readonly<Partial<Record<InputName, unknown>>>

function parseConfig(name: string, text: string): YamlMap {
  const read = readOrRefuse(name, text)
  if (read === null) return {}
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const value = toPlain(read)
  const problems = new Problems()
  const clusters = isYamlMap(read) ? (read['clusters'] ?? null) : null
  const hasList = clusters !== null && isList(clusters) && clusters.length > 0
  if (hasList) readClusters(problems, clusters)
  for (const issue of configFile.safeParse(value).error?.issues ?? []) {
    const [key] = issue.path
    if (issue.code === 'unrecognized_keys' && key === undefined) {
      for (const unknown of issue.keys) problems.add(unknown, undefined, `is no input; ${hintFor(unknown, inputNames)}`)
    } else if (key !== 'clusters' || !hasList) {
      // of the whole, the file's name says enough
      if (key === undefined) problems.add('', undefined, issue.message)
      else problems.add(String(key), (value as Config)[key as InputName], issue.message)
    }
  }
  if (problems.found.length === 0) return read as YamlMap
  const located = problems.found.map((problem) => ({ ...problem, line: lineOf(problem.input, document, lines) }))
  throw new InputError(
    located
      .sort((a, b) => a.line - b.line)
      .map(({ line, input, ...problem }) => ({
        ...problem,
        input: [`${name}:${String(line)}`, input].filter(Boolean).join(': '),
      })),
  )
}

function readOrRefuse(name: string, text: string): YamlValue {
  try {
    return readOnlyDocument(text)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw new InputError([{ input: name, message: error.message }])
  }
}

/** The line of what a problem names, such as `clusters[1].workers`, or of what stands around it. */
function lineOf(input: string, document: Document, lines: LineCounter): number {
  let node: unknown = document.contents
  let offset = document.contents?.range?.[0] ?? 0
  for (const step of input.match(/[^.[\]]+/g) ?? []) {
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === step) : undefined
    node = isSeq(node) ? node.items[Number(step)] : pair?.value
    const named = pair?.key ?? node
    if (isNode(named)) offset = named.range?.[0] ?? offset
  }
  return lines.linePos(offset).line
}

async function inputsOf(config: YamlMap, directory: string): Promise<GivenInputs> {
  return Object.fromEntries(
    await Promise.all(
      Object.entries(config).map(async ([name, value]) => [name, await textOf(name as InputName, value, directory)]),
    ),
  ) as GivenInputs
}

async function textOf(name: InputName, value: YamlValue, directory: string): Promise<string> {
  const input = inputs[name]
  const text =
    value instanceof YamlScalar
      ? String(value.value)
      : value !== null && isList(value) && input.type === 'list'
        ? (toPlain(value) as readonly unknown[]).join(input.separator)
        : writeYaml(name === 'clusters' ? withAbsoluteConfigs(value, directory) : value)
  switch (name) {
    case 'kubeconfig':
      return text === '' ? '' : resolve(directory, text)
    case 'clusters':
    case 'config':
      return absolute(text, directory)
    case 'images':
      return (await Promise.all(text.split('\n').map((line) => imageAt(line.trim(), directory)))).join('\n')
    default:
      return text
  }
}

/** The list of clusters, with absolute paths where their kind configs are files. */
function withAbsoluteConfigs(clusters: YamlValue, directory: string): YamlValue {
  if (clusters === null || !isList(clusters)) return clusters
  return clusters.map((entry) => {
    if (!isYamlMap(entry) || !(entry['config'] instanceof YamlScalar)) return entry
    const config = absolute(entry['config'].text, directory)
    return { ...entry, config: new YamlScalar(config, config) }
  })
}

/** A value whose path, when it is one, is absolute. */
function absolute(value: string, directory: string): string {
  const name = fileNamedBy(value)
  return name === undefined || name === standardInput ? value : resolve(directory, name)
}

/**
 * An image is an archive where there is a file of that name, or what is refused as one; images are often called as the
 * directory that they are built in. The name of no image begins with a dot.
 */
async function imageAt(given: string, directory: string): Promise<string> {
  const path = resolve(directory, given)
  const kind = given === '' ? undefined : await nodeFiles.kindOf(path)
  return given.startsWith('.') || (kind !== undefined && kind !== 'directory') ? path : given
}
