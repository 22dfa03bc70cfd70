import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readYaml, YamlScalar, type YamlValue } from '../../../src/kind-config/read-yaml.js'
import { writeYaml } from '../../../src/kind-config/write-yaml.js'

test.each([
  'labels: {build: 1.30, zone: 010, on: True}',
  '- ~\n- ""\n- "~"\n- !!str 7\n- 0x1F',
  'a: |\n  two\n  lines\nb: "tab\\tnul\\0 ünï 😀"',
  '"": a\n"- b": c\ntoString: {constructor: d}\n"<<": {e: 1}',
  '- &a {x: 1}\n- *a\n- <<: *a',
  '"null": a\n"true": b\n"~": c\n"1": d',
  '[]',
  '{}',
])('what was read is written such that it reads the same: %j', (text) => {
  expect(readYaml(writeYaml(readYaml(text)))).toEqual(readYaml(text))
})

test('any value is', () => {
  const word = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('1.30', '<<', '- a', '#', ': ', '\n'),
  )
  const { value } = fc.letrec<{ value: YamlValue; map: YamlValue }>((tie) => ({
    map: fc.dictionary(
      word.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 3 },
    ),
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      word.map((text) => new YamlScalar(text, text)),
      fc.constantFrom(new YamlScalar('1.30', 1.3), new YamlScalar('010', 8), new YamlScalar('True', true)),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('map'),
    ),
  }))
  fc.assert(
    fc.property(value, (given) => {
      expect(readYaml(writeYaml(given))).toEqual(given)
    }),
    { numRuns: 500 },
  )
})
