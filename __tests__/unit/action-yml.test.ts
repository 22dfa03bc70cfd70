import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { inputs } from '../../src/plan/inputs.js'
import { outputsOf } from '../../src/report/flat-network.js'
import { record } from '../fakes/build.js'

const action = parse(readFileSync(new URL('../../action.yml', import.meta.url), 'utf8')) as {
  inputs: Record<string, { required?: boolean; default: string; description: string }>
  outputs: Record<string, { description: string }>
  runs: Record<string, string>
}

test('action.yml has the inputs of the code, in the same order, with the same defaults and descriptions', () => {
  const said = Object.entries(action.inputs).map(([name, input]) => [name, input.default, input.description])
  const known = Object.entries(inputs).map(([name, input]) => [name, input.default, input.description])
  expect(said).toEqual(known)
})

test('no input of action.yml is required', () => {
  expect(Object.values(action.inputs).filter(({ required }) => required !== false)).toEqual([])
})

test('action.yml has the outputs that a run sets, each with a description', () => {
  expect(Object.keys(action.outputs)).toEqual(Object.keys(outputsOf({ record: record(), nodes: [] })))
  expect(Object.keys(action.outputs)).toEqual([
    'kubeconfig',
    'kubeconfigs',
    'kubeconfigs-internal',
    'clusters',
    'connectivity',
    'registry',
    'cache-hit',
  ])
  expect(Object.values(action.outputs).every(({ description }) => description.length > 20)).toBe(true)
})

test('the action runs on Node 24, and its post step runs whatever the job came to', () => {
  // without post-if a post step always runs: a cancelled job is cleaned up too
  expect(action.runs).toEqual({ using: 'node24', main: 'dist/main/index.js', post: 'dist/post/index.js' })
})
