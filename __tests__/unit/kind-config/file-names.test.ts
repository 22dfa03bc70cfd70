import { expect, test } from '@jest/globals'
import { fileNamedBy } from '../../../src/kind-config/file-names.js'

test.each([
  ['kind/a.yaml', 'kind/a.yaml'],
  ['kind.config', 'kind.config'],
  ['  ./kind  ', './kind'],
  ['"my config.yaml"', 'my config.yaml'],
  ['../${NAME}.yaml', '../${NAME}.yaml'],
  ['-', '-'],
  [' -\n', '-'],
])('%j names a file', (value, name) => {
  expect(fileNamedBy(value)).toBe(name)
})

test.each([
  '',
  ' \n',
  'name: x',
  '{name: x}',
  '[a]',
  '- a',
  '3',
  'true',
  '~',
  '# a',
  'a.yaml\nb.yaml',
  '{a',
  '{{ x }}',
])('%j names none', (value) => {
  expect(fileNamedBy(value)).toBeUndefined()
})

test('a line that is longer than any path names none', () => {
  expect(fileNamedBy('a'.repeat(4095))).toBe('a'.repeat(4095))
  expect(fileNamedBy('a'.repeat(4096))).toBeUndefined()
})
