import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  parseAllDocuments,
  Parser,
  visit,
  type Document,
  type ParsedNode,
  type Scalar,
} from 'yaml'
import { messageOf } from '../errors.js'
import { shorten } from '../shorten.js'
import { longestKey, longestYaml, mostValues, tooLong } from '../model/bounds.js'
import { controlCharacterIn } from './control-characters.js'

/** A scalar as it was written. What it means depends on the field: kind keeps the text where a string is wanted. */
export class YamlScalar {
  constructor(
    /** Without quotes and escapes: `1.30`, `010`, `on`. */
    readonly text: string,
    /** What Go's YAML takes it for where no type is asked for (go.yaml.in/yaml/v3, `resolve.go`). */
    readonly value: string | number | boolean,
  ) {}
}

/** A YAML value whose aliases and merge keys are resolved. */
export type YamlValue = null | YamlScalar | readonly YamlValue[] | YamlMap

export interface YamlMap {
  readonly [key: string]: YamlValue
}

/** A text that is not YAML; the message completes `<input>: …`. */
export class YamlError extends Error {}

/**
 * Reads the first document of a text as kind does, whose YAML is Go's: merge keys are merged, a key that is there twice
 * is an error, and scalars keep their text. What follows the first document is not looked at.
 * @throws {YamlError} what is wrong with it, with its line
 */
export function readYaml(text: string): YamlValue {
  const [document] = parse(text)
  return document === undefined ? null : read(document, text)
}

/**
 * Reads a text that is one document.
 * @throws {YamlError} what is wrong with it, with its line
 */
export function readOnlyDocument(text: string): YamlValue {
  const documents = parse(text)
  if (documents.length > 1) throw new YamlError('contains several YAML documents; use one file for each')
  return documents[0] === undefined ? null : read(documents[0], text)
}

/** More levels than any config has. The yaml package, which calls itself for each, would run out of stack. */
const mostLevels = 100
/** Signs, blanks and comments count too: a value with its key and its line has seven. */
const mostLexemes = 10 * mostValues
const tooManyValues = `has too many values, counting what its aliases stand for; use at most ${String(mostValues)}`

/** Looks at a text before anything is made of it. */
function checkSize(text: string): void {
  const excess = tooLong(text, longestYaml)
  if (excess !== undefined) throw new YamlError(excess)
  const character = controlCharacterIn(text)
  if (character !== undefined) {
    const { escape, line } = character
    throw new YamlError(`is not YAML: control character at line ${String(line)}; write it as "${escape}", or remove it`)
  }
  const parser = new Parser()
  let lexemes = 0
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme))
    if (parser.stack.length > mostLevels) throw new YamlError('is nested too deeply')
    if (++lexemes > mostLexemes) throw new YamlError(tooManyValues)
  }
}

function parse(text: string): Document.Parsed[] {
  checkSize(text)
  // the yaml package would compare each key of a map with all the others
  const documents = parseAllDocuments<ParsedNode>(text, { uniqueKeys: false })
  return 'empty' in documents ? [] : documents
}

function read(document: Document.Parsed, text: string): YamlValue {
  try {
    return new Reader(document, text).read()
  } catch (error) {
    if (error instanceof YamlError) throw error
    const template = templateIn(text)
    throw new YamlError(
      template === undefined ? `is not YAML: ${withoutContent(messageOf(error))}` : unfilled(template),
    )
  }
}

const quotation =
  /^(Not a YAML token|Block scalar header includes extra characters|Unexpected [\w -]+): .*(?= at line \d)/

/** The yaml package quotes the text around an error, which may hold what nobody else should see. */
function withoutContent(message: string): string {
  const [head = ''] = message.split('\n')
  return shorten(head.replace(/:\s*$/, '').replace(quotation, '$1'))
}

/** The first template that nobody filled in: `{{ .Image }}`, `{% if x %}`, `${IMAGE}`, `${IMAGE:-default}`. */
export function templateIn(text: string): string | undefined {
  const found = /\{\{[^{}]*\}\}|\{%[^%]*%\}|\$\{[A-Za-z_][^{}\n]*\}/.exec(text)?.[0]
  return found === undefined ? undefined : shorten(found)
}

export function unfilled(template: string): string {
  return `contains the template ${template}, which nothing has filled in; replace it with its value`
}

/** The value as JavaScript has it, with numbers and booleans where Go's YAML sees them. */
export function toPlain(value: YamlValue): unknown {
  if (value === null) return null
  if (value instanceof YamlScalar) return value.value
  if (isList(value)) return value.map(toPlain)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toPlain(each)]))
}

export function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value)
}

export function isYamlMap(value: unknown): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof YamlScalar)
}

class Reader {
  // what aliases stand for counts as often as they stand for it
  #values = 0
  #characters = 0
  readonly #open = new Set<unknown>()
  readonly #targets: ReadonlyMap<unknown, unknown>

  constructor(
    private readonly document: Document.Parsed,
    private readonly text: string,
  ) {
    this.#targets = aliasTargets(document)
  }

  read(): YamlValue {
    const [error] = this.document.errors
    if (error !== undefined) throw error
    return this.#value(this.document.contents)
  }

  #value(node: unknown): YamlValue {
    if (++this.#values > mostValues) throw new YamlError(tooManyValues)
    if (isAlias(node)) return this.#value(this.#target(node))
    if (isScalar(node)) return this.#scalar(node)
    if (!isMap(node) && !isSeq(node)) return null
    if (this.#open.has(node)) throw new YamlError('has an anchor whose value contains itself')
    this.#open.add(node)
    const value = isSeq(node) ? node.items.map((item) => this.#value(item)) : this.#map(node.items)
    this.#open.delete(node)
    return value
  }

  #scalar(node: Scalar): YamlScalar | null {
    this.#characters += textOf(node).length
    if (this.#characters > longestYaml)
      throw new YamlError('has too many characters, counting what its aliases stand for')
    return scalar(node)
  }

  #target(node: { readonly source: string }): unknown {
    const target = this.#targets.get(node)
    if (target === undefined)
      throw new YamlError(`is not YAML: there is no anchor &${shorten(node.source)} before *${shorten(node.source)}`)
    return target
  }

  /** Keys of the map itself go before those that are merged into it, and of these the first. */
  #map(pairs: readonly { key: unknown; value: unknown }[]): YamlMap {
    const entries: [string, YamlValue][] = []
    const merged: YamlMap[] = []
    const seen = new Set<string>()
    for (const { key, value } of pairs) {
      const resolved = isAlias(key) ? this.#target(key) : key
      if (isScalar(resolved)) {
        if (seen.has(textOf(resolved))) throw this.#twice(key, textOf(resolved))
        seen.add(textOf(resolved))
      }
      if (isMergeKey(resolved)) merged.push(...this.#merged(value))
      else entries.push([this.#key(resolved), this.#value(value)])
    }
    return Object.fromEntries([...merged.reverse().flatMap((map) => Object.entries(map)), ...entries])
  }

  #twice(key: unknown, name: string): YamlError {
    const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0
    const lines = this.text.slice(0, offset).split('\n')
    const place = `line ${String(lines.length)}, column ${String((lines.at(-1)?.length ?? 0) + 1)}`
    return new YamlError(`is not YAML: Map keys must be unique at ${place}: ${name}`)
  }

  #key(key: unknown): string {
    const name = isScalar(key) ? scalar(key) : null
    const excess = tooLong(name?.text ?? '', longestKey)
    if (excess !== undefined) throw new YamlError(`has a key that ${excess}`)
    // zod drops it without a word
    if (name?.text === '__proto__') throw new YamlError('has the key __proto__, which names no setting; leave it out')
    if (name !== null) return name.text
    const written = isMap(key) || isSeq(key) ? key.range : undefined
    const template = written ? templateIn(`{${this.text.slice(written[0], written[1])}}`) : undefined
    throw new YamlError(template === undefined ? 'is not YAML: a key of a map must be a text' : unfilled(template))
  }

  #merged(node: unknown): YamlMap[] {
    const target = isAlias(node) ? this.#target(node) : node
    const value = this.#value(target)
    const maps =
      isSeq(target) && !isAlias(node) && value !== null && isList(value as YamlValue)
        ? (value as readonly YamlValue[])
        : [value]
    return maps.map((map) => {
      if (isYamlMap(map)) return map
      throw new YamlError('is not YAML: << merges a map or a list of maps')
    })
  }
}

/** What each alias stands for: the last node before it with that anchor. */
function aliasTargets(document: Document.Parsed): Map<unknown, unknown> {
  const anchors = new Map<string, unknown>()
  const targets = new Map<unknown, unknown>()
  visit(document, {
    Alias: (_, alias) => {
      targets.set(alias, anchors.get(alias.source))
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
  })
  return targets
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<'
}

function textOf({ source, value }: Scalar): string {
  return source ?? String(value)
}

function scalar(node: Scalar): YamlScalar | null {
  const text = textOf(node)
  const tag = node.tag?.replace('tag:yaml.org,2002:', '!!')
  if (tag === '!!binary') return binary(text)
  const isText = tag === '!!str' || (tag === undefined && node.type !== 'PLAIN')
  const value = isText ? text : resolve(text)
  if (tag !== undefined && !isOfTag(tag, value)) {
    throw new YamlError(
      `is not a kind config: the YAML tag ${shorten(tag)} does not fit "${shorten(text)}"; leave the tag out`,
    )
  }
  if (/\p{Surrogate}/u.test(text)) throw new YamlError('is not YAML: an escape stands for half of a character')
  return value === null ? null : new YamlScalar(text, value)
}

function binary(text: string): YamlScalar {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text.replace(/\s/g, '')) {
    throw new YamlError('is not YAML: what has the tag !!binary must be base64')
  }
  return new YamlScalar(bytes.toString(), bytes.toString())
}

function isOfTag(tag: string, value: YamlScalar['value'] | null): boolean {
  if (tag === '!' || tag === '!!str') return true
  if (tag === '!!null') return value === null
  if (tag === '!!bool') return typeof value === 'boolean'
  return typeof value === 'number' && (tag === '!!float' || (tag === '!!int' && Number.isInteger(value)))
}

const words: ReadonlyMap<string, boolean | number | null> = new Map<string, boolean | number | null>([
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
])

const integer = /^([-+]?)(?:0x([0-9a-f]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9]\d*))$/i
const float = /^[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?$/i

/** What a plain scalar stands for. Dates stay texts, since no field of a kind config is one. */
function resolve(text: string): string | number | boolean | null {
  const word = words.get(text)
  if (word !== undefined) return word
  if (!/^[-+.\d]/.test(text) || /^\d{4}-/.test(text)) return text
  const plain = text.replaceAll('_', '')
  const match = integer.exec(plain)
  if (match !== null) {
    const [, sign = '', hexadecimal, binary, octal, decimal] = match
    const number =
      hexadecimal !== undefined
        ? parseInt(hexadecimal, 16)
        : binary !== undefined
          ? parseInt(binary, 2)
          : octal !== undefined
            ? parseInt(octal, 8)
            : Number(decimal)
    return sign === '-' ? -number : number
  }
  return float.test(plain) ? Number(plain) : text
}
