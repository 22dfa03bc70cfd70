import { describe, expect, test } from '@jest/globals'
import { describeProblem, InputError, shownProblem } from '../../../src/errors.js'
import { Problems } from '../../../src/model/problems.js'
import { withDefaults, type GivenInputs } from '../../../src/plan/inputs.js'
import { makePlan } from '../../../src/plan/plan.js'
import { parseRequest } from '../../../src/plan/request.js'
import { facts, run } from '../../fakes/build.js'

/** What a user and a program see of the problems with these inputs. */
function shown(given: GivenInputs): string[] {
  const problems = new Problems()
  try {
    makePlan(parseRequest(withDefaults(given), problems), facts(), run, problems)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return error.problems.flatMap((problem) => [describeProblem(problem), JSON.stringify(shownProblem(problem))])
  }
  return []
}

const addresses = [
  's3crettoken@ghcr.io/x y',
  '//user:s3cret@ghcr.io/x',
  'https://user:s3cret@ghcr.io:x/hub',
  'https://user:s3/cret@ghcr.io/x y',
  'me@corp.com:s3cret@ghcr.io/kindest/node:v1.34.0',
  'me:s3cret@ghcr.io/x@sha256:ab',
  'mirror.example/x?token=s3cret',
  'mirror.example/#s3cret',
  'https://mirror.example/#s3cret',
  'https://h/?a=b c&token=s3cret',
  'https://h/?a="s3cret',
  "https://h/?a='s3cret",
  'https://h/?a=`s3cret`',
]
const long = [`user:${'s3cret'.repeat(2000)}@ghcr.io/x`, `mirror.example/x?token=${'s3cret'.repeat(2000)}`]

const places: readonly (readonly [string, (address: string) => GivenInputs])[] = [
  ['download-mirror', (address) => ({ 'download-mirror': address })],
  ['registry-mirror', (address) => ({ 'registry-mirror': address })],
  ['registry-image', (address) => ({ 'registry-image': address })],
  ['node-image', (address) => ({ 'node-image': address })],
  ['clusters[0].node-image', (address) => ({ clusters: JSON.stringify([{ 'node-image': address }]) })],
  [
    'clusters[0].config.nodes[0].image',
    (address) => ({ clusters: JSON.stringify([{ config: { nodes: [{ image: address }] } }]) }),
  ],
  ['config.nodes[0].image', (address) => ({ config: JSON.stringify({ nodes: [{ image: address }] }) })],
  // the value of the wrong type, around the address
  ['config.nodes', (address) => ({ config: JSON.stringify({ nodes: { image: address } }) })],
  ['clusters[0].node-image', (address) => ({ clusters: JSON.stringify([{ 'node-image': [address] }]) })],
  ['clusters[0]', (address) => ({ clusters: JSON.stringify([[{ 'node-image': address }]]) })],
]

describe.each(places)('%s', (input, given) => {
  test.each(addresses)('is refused without its secret: %s', (address) => {
    // refused for something else too, where the address alone is taken
    const lines = shown(given(address))
    expect(lines.join('\n')).not.toContain('s3cret')
    if (lines.length > 0) expect(lines[0]).toContain(`${input}: `)
  })

  test('a long one is refused without its secret', () => {
    for (const address of long) expect(shown(given(address)).join('\n')).toMatch(/^(?!.*s3cret).*: /s)
  })
})

test('what is said behind a wrong address is not taken for a part of it', () => {
  expect(shown({ 'registry-image': 'https://x:y' })[0]).toBe(
    'registry-image: "https://x:y" is no image; give its name, with a tag or a digest: kindest/node:v1.34.0@sha256:…',
  )
})
