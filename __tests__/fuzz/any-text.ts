import fc, { type Arbitrary } from 'fast-check'

/** Texts that parsers trip over: other syntax, odd characters, and names that JavaScript gives a meaning. */
const pieces = [
  ...['\0', '\t', '\r\n', '\n', ' ', '\u001b[31m', '\uFEFF', '\u2028', '\u202E', '\uD800', '😀', 'ünï', 'é', '\u007f'],
  ...['[', ']', '{', '}', '"', "'", '`', '\\', '|', '>', '%', '@', '#', '~', '!', ',', ':', ': ', '- ', '? ', '/'],
  ...['&a ', '*a', '<<: *a', '!!int ', '!!binary ', '!!set ', '---\n', '...\n', '%YAML 9.9\n', '\\u0000', '\\ud800'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', 'then'],
  ...[
    'null',
    'true',
    'no',
    '.inf',
    '0',
    '-1',
    '010',
    '0x1F',
    '1e9',
    '1e999',
    '9007199254740993',
    '99999999999999999999',
  ],
  ...['${X}', '{{ .X }}', '$(id)', '; rm -rf /', '::error::x', '--help', '-', '..', '../../etc/passwd', '/dev/zero'],
  ...['0.0.0.0/0', '10.0.0.0/33', '10.0.0.1/8', '::/0', '::ffff:10.0.0.0/112', 'fe80::1%eth0/64'],
]

/** Also halves of a surrogate pair; fast-check's own unit 'binary' takes seconds before the first text. */
const anyCharacter = fc.nat(0x10ffff).map((point) => String.fromCodePoint(point))

/** Longest text that is generated in one piece. */
const longest = 20_000

export const piece: Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...pieces) },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: anyCharacter, maxLength: 12 }) },
)

const nested = fc
  .tuple(
    fc.integer({ min: 1, max: 6_000 }),
    fc.constantFrom(['[', ']'], ['{"a":', '}'], ['- ', ''], ['{', ''], ['(', ')']),
  )
  .map(([levels, [open = '', close = '']]) => open.repeat(levels) + close.repeat(levels))

const long = fc
  .tuple(
    fc.constantFrom('a', '-', '/', '0', ' ', '"', '\n', '😀', 'a.', '\\', '${'),
    fc.integer({ min: 200, max: longest }),
  )
  .map(([unit, length]) => unit.repeat(Math.ceil(length / unit.length)))

/** Text without any structure. */
export const garbage: Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')) },
  { weight: 3, arbitrary: fc.string({ maxLength: 200 }) },
  { weight: 3, arbitrary: fc.string({ unit: anyCharacter, maxLength: 200 }) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('utf8')) },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: long },
)

/** A place in a text, as a part of its length. */
const place = fc.double({ min: 0, max: 1, noNaN: true })

const edits = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('cut' as const), at: place }),
    fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }),
    fc.record({ kind: fc.constant('insert' as const), at: place, text: piece }),
    fc.record({ kind: fc.constant('remove' as const), at: place, length: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constant('repeat' as const), at: place, length: fc.integer({ min: 1, max: 60 }) }),
  ),
  { minLength: 1, maxLength: 3 },
)

type Edit = typeof edits extends Arbitrary<(infer T)[]> ? T : never

function edited(bytes: Buffer, edit: Edit): Buffer {
  const at = Math.floor(edit.at * bytes.length)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (edit.kind) {
    case 'cut':
      return before
    case 'flip': {
      const copy = Buffer.from(bytes)
      if (at < copy.length) copy.writeUInt8(copy.readUInt8(at) ^ (1 << edit.bit), at)
      return copy
    }
    case 'insert':
      return Buffer.concat([before, Buffer.from(edit.text), after])
    case 'remove':
      return Buffer.concat([before, after.subarray(edit.length)])
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, edit.length), after])
  }
}

/** The bytes of a valid document that somebody has cut, overwritten or changed by hand. */
export function damagedBytes(document: Arbitrary<Buffer>): Arbitrary<Buffer> {
  return fc.tuple(document, edits).map(([bytes, changes]) => changes.reduce(edited, bytes))
}

export function damagedText(document: Arbitrary<string>): Arbitrary<string> {
  return damagedBytes(document.map((text) => Buffer.from(text))).map((bytes) => bytes.toString('utf8'))
}

/** A document as it should be, with wrong values in it, damaged, or none at all. */
export function anyDocument(valid: Arbitrary<unknown>, write = jsonText): Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: valid.map(write) },
    { weight: 4, arbitrary: withWrongValues(valid).map(write) },
    { weight: 2, arbitrary: damagedText(valid.map(write)) },
    { weight: 1, arbitrary: garbage },
  )
}

export function jsonText(value: unknown): string {
  return JSON.stringify(value)
}

/** Values of any type, also where only one is right. */
export const wild: Arbitrary<unknown> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom<unknown>(null, true, false, 0, -1, 1, 1.5, 65536, 1e9, 2 ** 53, 1e308, '', ' '),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>([], {}, [[]], [null], [{}], { a: {} }, [0], { '': '' }, ['a', 'a']),
  },
  { weight: 3, arbitrary: piece },
  { weight: 1, arbitrary: garbage },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('__proto__', 'constructor', 'toString')
      .map((key) => ({ own: key }))
      .map(ownKey),
  },
)

/** JSON has keys that an object literal cannot have. */
function ownKey({ own }: { readonly own: string }): unknown {
  return JSON.parse(`{${JSON.stringify(own)}: {"polluted": true}}`)
}

type Change = readonly [at: number, value: unknown, kind: 'replace' | 'remove' | 'add' | 'double', key: string]

const changes: Arbitrary<Change[]> = fc.array(
  fc.tuple(
    fc.nat(),
    wild,
    fc.constantFrom<Change[2][]>('replace', 'replace', 'replace', 'remove', 'add', 'double'),
    piece,
  ),
  { minLength: 1, maxLength: 3 },
)

/** Values of JSON of which some are others than they should be, missing, too many, or there twice. */
export function withWrongValues(valid: Arbitrary<unknown>): Arbitrary<unknown> {
  return fc.tuple(valid, changes).map(([value, wrong]) => wrong.reduce(changed, value))
}

/** A place in a value: what holds it, and its key there. */
interface Place {
  readonly holder: Record<PropertyKey, unknown> | unknown[]
  readonly key: string
}

function changed(document: unknown, [at, value, kind, key]: Change): unknown {
  const root: { document: unknown } = { document: structuredClone(document) }
  const places = placesIn(root)
  const { holder, key: own } = places[at % places.length] as Place
  const target = (holder as Record<string, unknown>)[own]
  if (kind === 'remove' && holder !== root) remove(holder, own)
  else if (kind === 'add' && Array.isArray(target)) target.push(value)
  else if (kind === 'add' && typeof target === 'object' && target !== null) define(target, key, value)
  else if (kind === 'double' && Array.isArray(holder)) holder.push(structuredClone(target))
  else define(holder, own, value)
  return root.document
}

function placesIn(holder: Place['holder'] | object): Place[] {
  return Object.entries(holder).flatMap(([key, value]: [string, unknown]) => [
    { holder: holder as Place['holder'], key },
    ...(typeof value === 'object' && value !== null ? placesIn(value) : []),
  ])
}

function remove(holder: Place['holder'], key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else Reflect.deleteProperty(holder, key)
}

/** `__proto__` becomes a key like any other. */
function define(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true })
}
