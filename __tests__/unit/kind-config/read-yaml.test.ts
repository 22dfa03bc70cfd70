import { describe, expect, test } from '@jest/globals'
import { readOnlyDocument, readYaml, toPlain, YamlError, YamlScalar } from '../../../src/kind-config/read-yaml.js'

const plain = (text: string) => toPlain(readYaml(text))

/** The text of a scalar, and what it stands for where no type is asked for. */
function scalar(text: string): unknown {
  const value = readYaml(text)
  return value instanceof YamlScalar ? [value.text, value.value] : value
}

function problemOf(text: string, read: (text: string) => unknown = readYaml): string {
  try {
    read(text)
  } catch (error) {
    if (error instanceof YamlError) return error.message
    throw error
  }
  return ''
}

describe('scalars', () => {
  test.each<[string, string, string | number | boolean]>([
    ['1.30', '1.30', 1.3],
    ['010', '010', 8],
    ['0o17', '0o17', 15],
    ['0x1F', '0x1F', 31],
    ['-0b11', '-0b11', -3],
    ['+80', '+80', 80],
    ['1_000', '1_000', 1000],
    ['08', '08', 8],
    ['1e3', '1e3', 1000],
    ['.5', '.5', 0.5],
    ['.inf', '.inf', Infinity],
    ['True', 'True', true],
    ['FALSE', 'FALSE', false],
    ['on', 'on', 'on'],
    ['y', 'y', 'y'],
    ['2024-05-01', '2024-05-01', '2024-05-01'],
    ['12:30', '12:30', '12:30'],
    ['"1.30"', '1.30', '1.30'],
    ["'true'", 'true', 'true'],
    ['"a\\tb"', 'a\tb', 'a\tb'],
    ['!!str 1.30', '1.30', '1.30'],
    ['!!str', '', ''],
    ['!!int "80"', '80', 80],
    ['!!binary aGk=', 'hi', 'hi'],
    ['|\n  a\n  b\n', 'a\nb\n', 'a\nb\n'],
  ])('%j keeps its text, and stands for what Go takes it for', (yaml, text, value) => {
    expect(scalar(yaml)).toEqual([text, value])
  })

  test.each(['', '~', 'null', 'Null', 'NULL', '# nothing', '!!null ~'])('%j is nothing', (yaml) => {
    expect(readYaml(yaml)).toBeNull()
  })

  test.each(['!!int x', '!!int 1.5', '!!bool yes', '!!null x', '!!float x', '!mine x'])(
    '%j has a tag that does not fit',
    (yaml) => {
      const [tag = '', text = ''] = yaml.split(' ')
      expect(problemOf(yaml)).toBe(
        `is not a kind config: the YAML tag ${tag} does not fit "${text}"; leave the tag out`,
      )
    },
  )

  test('that are binary must be base64', () => {
    expect(problemOf('!!binary "%%"')).toBe('is not YAML: what has the tag !!binary must be base64')
  })
})

describe('merge keys', () => {
  test('merge a map into another, whose own keys win', () => {
    expect(plain('- &w {role: worker, image: X}\n- <<: *w\n- {image: Y, <<: *w}')).toEqual([
      { role: 'worker', image: 'X' },
      { role: 'worker', image: 'X' },
      { role: 'worker', image: 'Y' },
    ])
  })

  test('merge a list of maps, of which the first wins', () => {
    expect(plain('- &a {x: 1, y: 1}\n- &b {x: 2, z: 2}\n- <<: [*a, *b]')).toEqual([
      { x: 1, y: 1 },
      { x: 2, z: 2 },
      { x: 1, y: 1, z: 2 },
    ])
  })

  test('are keys like others in quotes', () => {
    expect(plain('"<<": {a: 1}')).toEqual({ '<<': { a: 1 } })
  })

  test.each(['<<: a', '<<: [a]', '<<: [[{a: 1}]]', 'x: &l [{a: 1}]\ny: {<<: *l}'])('merge maps alone: %j', (yaml) => {
    expect(problemOf(yaml)).toBe('is not YAML: << merges a map or a list of maps')
  })
})

describe('aliases', () => {
  test('stand for the last node before them that has the anchor', () => {
    expect(plain('- &a 1\n- *a\n- &a 2\n- *a')).toEqual([1, 1, 2, 2])
  })

  test('stand for what their node is made of, whatever an anchor in it was called later', () => {
    expect(plain('- &a [&b 1]\n- &b 2\n- *a\n- *b')).toEqual([[1], 2, [1], 2])
  })

  test('may be keys', () => {
    expect(plain('- &a name\n- {*a : x}')).toEqual(['name', { name: 'x' }])
  })

  test.each([
    ['*a', 'is not YAML: there is no anchor &a before *a'],
    ['- *a\n- &a 1', 'is not YAML: there is no anchor &a before *a'],
    ['&a [*a]', 'has an anchor whose value contains itself'],
  ])('that lead nowhere: %j', (yaml, message) => {
    expect(problemOf(yaml)).toBe(message)
  })

  test('of aliases do not fill the memory', () => {
    const levels = [...'bcdefghi'].map(
      (name, level) =>
        `${name}: &${name} [${Array(9)
          .fill(`*${'abcdefghi'.charAt(level)}`)
          .join()}]`,
    )
    expect(problemOf(['a: &a [1]', ...levels].join('\n'))).toBe(
      'has too many values, counting what its aliases stand for; use at most 20000',
    )
  })
})

describe('what is too large', () => {
  const most = 'has too many values, counting what its aliases stand for; use at most 20000'

  test.each<[string, string, string]>([
    ['a list in brackets', `[${'0,'.repeat(500_000)}0]`, most],
    ['a list', '- a\n'.repeat(500_000), most],
    ['a map', Array.from({ length: 20_001 }, (_, key) => `k${String(key)}: 1`).join('\n'), most],
    ['comments', '#\n'.repeat(500_000), most],
    [
      'merged maps',
      [
        'a: &a {x: 1}',
        ...[...'bcdefghi'].map(
          (name, level) =>
            `${name}: &${name} {<<: [${Array(9)
              .fill(`*${'abcdefghi'.charAt(level)}`)
              .join()}]}`,
        ),
      ].join('\n'),
      most,
    ],
    [
      'maps merged into each other',
      [
        '- &a0 {}',
        ...Array.from({ length: 5000 }, (_, n) => `- &a${String(n + 1)} {<<: *a${String(n)}, k${String(n)}: 1}`),
      ].join('\n'),
      most,
    ],
    ['a text', 'x'.repeat(5_000_000), 'has 5000000 characters; use at most 4096000'],
    [
      'a text by its aliases',
      `- &a ${'x'.repeat(10_000)}\n${'- *a\n'.repeat(1000)}`,
      'has too many characters, counting what its aliases stand for',
    ],
    ['a key', `{${'x'.repeat(318)}: 1}`, 'has a key that has 318 characters; use at most 317'],
  ])('is a problem: %s', (_, yaml, message) => {
    expect(problemOf(yaml)).toBe(message)
  })

  test('is not a config of a thousand nodes', () => {
    const node = '- {role: worker, image: a, labels: {a: b}, extraMounts: [{hostPath: /a, containerPath: /b}]}\n'
    expect(plain(node.repeat(1000))).toHaveLength(1000)
  })
})

describe('what is nested too deeply', () => {
  const levels = 20_000
  test.each<[string, string]>([
    ['lists in brackets', '['.repeat(levels)],
    ['lists', `${'- '.repeat(levels)}a`],
    ['maps', Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')],
  ])('is a problem and does not run out of stack: %s', (_, yaml) => {
    expect(problemOf(yaml)).toBe('is nested too deeply')
  })
})

describe('documents', () => {
  test('behind the first are not looked at', () => {
    expect(plain('a: 1\n---\nb: [')).toEqual({ a: 1 })
    expect(plain('---\na: 1\n...\n')).toEqual({ a: 1 })
  })

  test('must be one where several are a mistake', () => {
    expect(problemOf('a: 1\n---\nb: 2', readOnlyDocument)).toBe(
      'contains several YAML documents; use one file for each',
    )
    expect(readOnlyDocument('')).toBeNull()
  })

  test.each(['\uFEFFa: 1', 'a: 1\r\n', '%YAML 1.2\n---\na: 1'])('begin and end as editors write them: %j', (yaml) => {
    expect(plain(yaml)).toEqual({ a: 1 })
  })
})

describe('keys', () => {
  test.each(['constructor', 'toString'])('%s is a key like others', (key) => {
    const read = plain(`{${key}: {a: 1}}`) as object
    expect(Object.entries(read)).toEqual([[key, { a: 1 }]])
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  test('are never __proto__', () => {
    expect(problemOf('labels: {__proto__: x}')).toBe('has the key __proto__, which names no setting; leave it out')
  })

  test('that are there twice are an error', () => {
    expect(problemOf('a: 1\na: 2')).toMatch(/^is not YAML: Map keys must be unique at line 2, column 1/)
    expect(problemOf('a: 1\n"a": 2')).toMatch(/^is not YAML: Map keys must be unique/)
    expect(problemOf('- &a b\n- {*a : 1, b: 2}')).toBe('is not YAML: Map keys must be unique at line 2, column 12: b')
    expect(problemOf('- &a {}\n- <<: *a\n  <<: *a')).toBe(
      'is not YAML: Map keys must be unique at line 3, column 3: <<',
    )
  })

  test('are scalars', () => {
    expect(plain('1.30: a')).toEqual({ '1.30': 'a' })
    expect(problemOf('? [a]\n: b')).toBe('is not YAML: a key of a map must be a text')
  })
})

test.each([
  ['name: {{ .Name }}', '{{ .Name }}'],
  ['{{ range }}', '{{ range }}'],
  ['nodes: [{image: {{ .Image }}}]', '{{ .Image }}'],
  ['a: [${NODES}', '${NODES}'],
])('a template that nobody filled in is said to be one: %j', (yaml, template) => {
  expect(problemOf(yaml)).toBe(
    `contains the template ${template}, which nothing has filled in; replace it with its value`,
  )
})
