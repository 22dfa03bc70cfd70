import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, stringify, type Document } from 'yaml'
import { InputError, messageOf } from '../errors.js'
import { inputNames, inputs, isYamlFile, type GivenInputs, type InputName } from '../plan/inputs.js'
import { Problems } from '../model/problems.js'
import { readClusters } from '../plan/request.js'
import { hintFor } from '../model/suggest-key.js'
import { configFile } from './config-schema.js'

/** What the config file is called where none is named; the first that is there is read. */
export const configFileNames = ['kind-flat-network.yaml', 'kind-flat-network.yml']

/**
 * Reads a config file. Its values become the text that the inputs take, and its paths absolute: they are relative to the
 * file.
 * @throws {InputError} for a file that cannot be read, and for all that is wrong in it, with file and line
 */
export async function readConfigFile(name: string, cwd: string): Promise<GivenInputs> {
  const path = resolve(cwd, name)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const reason = (error as NodeJS.ErrnoException).code ?? messageOf(error)
    throw new InputError([{ input: name, message: `is no file that can be read (${reason}); give the path of one` }])
  })
  return inputsOf(parseConfig(name, text), dirname(path))
}

type Config = Readonly<Partial<Record<InputName, unknown>>>

function parseConfig(name: string, text: string): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const value = valueOf(name, document)
  if (value === null) return {}
  const problems = new Problems()
  const { clusters } = value as Config
  const hasList = Array.isArray(clusters) && clusters.length > 0
  if (hasList) readClusters(problems, clusters)
  for (const issue of configFile.safeParse(value).error?.issues ?? []) {
    const [key] = issue.path
    if (issue.code === 'unrecognized_keys' && key === undefined) {
      for (const unknown of issue.keys) problems.add(unknown, undefined, `is no input; ${hintFor(unknown, inputNames)}`)
    } else if (key !== 'clusters' || !hasList) {
      const [input, given] = key === undefined ? ['', value] : [String(key), (value as Config)[key as InputName]]
      problems.add(input, given, issue.message)
    }
  }
  if (problems.found.length === 0) return value as Config
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

function valueOf(name: string, document: Document): unknown {
  const refuse = (error: unknown) => ({ input: name, message: `is no YAML: ${messageOf(error).trim()}` })
  if (document.errors.length > 0) throw new InputError(document.errors.map(refuse))
  try {
    return document.toJS() as unknown
  } catch (error) {
    // an alias without its anchor, or too many of them
    throw new InputError([refuse(error)])
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

async function inputsOf(config: Config, directory: string): Promise<GivenInputs> {
  return Object.fromEntries(
    await Promise.all(
      Object.entries(config).map(async ([name, value]) => [name, await textOf(name as InputName, value, directory)]),
    ),
  ) as GivenInputs
}

async function textOf(name: InputName, value: unknown, directory: string): Promise<string> {
  const input = inputs[name]
  const text =
    typeof value !== 'object'
      ? String(value)
      : Array.isArray(value) && input.type === 'list'
        ? value.join(input.separator)
        : stringify(value)
  switch (name) {
    case 'kubeconfig':
      return text === '' ? '' : resolve(directory, text)
    case 'clusters':
    case 'config':
      return isYamlFile(text.trim()) ? resolve(directory, text.trim()) : text
    case 'images':
      return (await Promise.all(text.split('\n').map((line) => imageAt(line.trim(), directory)))).join('\n')
    default:
      return text
  }
}

/** An image is an archive where there is such a file; the name of no image begins with a dot. */
async function imageAt(given: string, directory: string): Promise<string> {
  const path = resolve(directory, given)
  const isFile = (await stat(path).catch(() => undefined))?.isFile()
  return given.startsWith('.') || isFile ? path : given
}
