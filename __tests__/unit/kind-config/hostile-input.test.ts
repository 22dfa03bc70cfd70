import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { parse } from 'yaml'
import { readKindConfig } from '../../../src/kind-config/kind-config.js'
import { withDefaults } from '../../../src/plan/inputs.js'
import { parseRequest } from '../../../src/plan/request.js'
import { Problems } from '../../../src/model/problems.js'
import { corpus } from '../../fakes/corpus.js'

/** Reads a text in every place where a kind config may stand. What is thrown fails the test. */
function readEverywhere(text: string): string[] {
  const problems = new Problems()
  parseRequest(withDefaults({ clusters: '2', config: text }), problems)
  parseRequest(withDefaults({ clusters: JSON.stringify([{ config: text }]) }), problems)
  parseRequest(withDefaults({ clusters: `- config:\n${text.replace(/^/gm, '    ')}` }), problems)
  return problems.found.map(({ input, message }) => `${input}: ${message}`)
}

const levels = 20_000
const deep = '['.repeat(levels) + ']'.repeat(levels)

test.each<[string, object, RegExp]>([
  ['a patch of kubeadm', { kubeadmConfigPatches: [`a: ${deep}`] }, /kubeadmConfigPatches\[0\]: is nested too deeply/],
  ['a JSON patch of kubeadm', { kubeadmConfigPatchesJSON6902: [{ patch: deep }] }, /\.patch: is nested too deeply/],
  ['a patch of containerd', { containerdConfigPatches: [`a = ${deep}`] }, /containerdConfigPatches\[0\]: is not TOML/],
])('%s that is nested too deeply is a problem', (_, config, problem) => {
  expect(readEverywhere(JSON.stringify(config)).join('\n')).toMatch(problem)
})

test.each([
  ['null', '[null]'],
  ['a list', '[[]]'],
  ['a text', '["a"]'],
  ['deep lists', deep],
  ['a path that is a map', '[{"op": "add", "path": {}}]'],
])('a JSON patch of containerd that holds %s throws nothing', (_, patch) => {
  expect(() => readEverywhere(JSON.stringify({ containerdConfigPatchesJSON6902: [patch] }))).not.toThrow()
})

describe('what editors leave in a file', () => {
  const config = 'nodes:\n- role: worker\n- role: control-plane\n'

  test.each([`\uFEFF${config}`, config.replaceAll('\n', '\r\n'), `${config}\n\n`, `${config}...\n`])(
    '%j is read',
    (text) => {
      expect(readKindConfig(text)).toEqual({
        config: { nodes: [{ role: 'worker' }, { role: 'control-plane' }] },
        problems: [],
      })
    },
  )

  test('tabs are reported with their line', () => {
    expect(readKindConfig('nodes:\n\t- role: worker').problems[0]?.message).toMatch(
      /^is not YAML: Tabs are not allowed as indentation at line 2/,
    )
  })
})

const pieces = [
  ...[
    '\t',
    '\r\n',
    '\uFEFF',
    '\0',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a',
    '<<: ',
    '!!',
    '!!int ',
    ': ',
    '- ',
    '# ',
    '"',
    "'",
  ],
  ...[
    '|',
    '>',
    '%',
    '@',
    '~',
    '__proto__',
    'constructor: ',
    '---\n',
    '...\n',
    '\n',
    ' ',
    '? ',
    '${X}',
    '{{ y }}',
    '1e9',
  ],
]

test('changed configs of the corpus give problems, and throw nothing', () => {
  const texts = corpus().map(({ config }) => config)
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.integer({ min: 0, max: 12 }),
    added: fc.oneof(
      fc.constantFrom(...pieces),
      fc.constantFrom(...texts).map((text) => text.slice(0, 80)),
    ),
  })
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 4 }), (text, changes) => {
      const changed = changes.reduce((before, { at, removed, added }) => {
        const place = Math.floor(at * before.length)
        return before.slice(0, place) + added + before.slice(place + removed)
      }, text)
      readEverywhere(changed)
    }),
    { numRuns: 1000 },
  )
})

test('no warning of Node reaches standard error', () => {
  const texts = ['{{ x }}: y', '? [a]\n: b', 'name: !foo x', '%YAML 9.9\n---\na: b', '%FOO\n---\na: b', '!!set {a}']
  const emitted = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  for (const text of texts) readEverywhere(text)
  expect(emitted).not.toHaveBeenCalled()
  // the yaml package does warn of them where it is asked for plain values
  parse('? [a]\n: b')
  parse('name: !foo x')
  expect(emitted).toHaveBeenCalledTimes(2)
  emitted.mockRestore()
})
