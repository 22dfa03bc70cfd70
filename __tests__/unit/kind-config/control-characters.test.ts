import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { createCluster } from '../../../src/commands/kind.js'
import { readKindConfig } from '../../../src/kind-config/kind-config.js'
import { readYaml, YamlScalar } from '../../../src/kind-config/read-yaml.js'
import { writeYaml } from '../../../src/kind-config/write-yaml.js'
import { plan } from '../../fakes/build.js'

const characters = ['\0', '\b', '\u001b', '\u007f', '\u0080', '\u009f', '\ufffe', '\uffff']

test.each(characters)('a control character is refused as kind refuses it, with its line: %j', (character) => {
  const escape = `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  expect(readKindConfig(`name: a\nruntimeConfig: {a: "${character}"}`).problems).toEqual([
    {
      path: '',
      value: undefined,
      message: `is not YAML: control character at line 2; write it as "${escape}", or remove it`,
    },
  ])
})

test.each(['\t', '\u0085', '\u00a0', '\u2028', 'ü', '😀'])('%j is none', (character) => {
  expect(readKindConfig(`runtimeConfig: {a: "${character}"}`).problems).toEqual([])
})

test('half of a character is refused', () => {
  expect(readKindConfig('name: "\\ud800"').problems).toMatchObject([
    { message: 'is not YAML: an escape stands for half of a character' },
  ])
})

test('what is written as an escape is written so again, in any YAML that is generated', () => {
  const text = characters.join('')
  const escaped = text.replace(/./gsu, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const config = `nodes: [{extraMounts: [{containerPath: /a, hostPath: "/x${escaped}"}], labels: {"b${escaped}": c}}]`
  const [cluster] = plan({ clusters: JSON.stringify([{ config }]) }).clusters
  if (cluster === undefined) throw new Error('there is no cluster')
  const { input } = createCluster(cluster, '/kubeconfig')
  for (const character of characters) expect(input).not.toContain(character)
  expect(parse(input)).toMatchObject({
    nodes: [{ extraMounts: [{ hostPath: `/x${text}` }, {}], labels: { [`b${text}`]: 'c' } }],
  })
  const value = { [text]: new YamlScalar(text, text) }
  expect(readYaml(writeYaml(value))).toEqual(value)
})
