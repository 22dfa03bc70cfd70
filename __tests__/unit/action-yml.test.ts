import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import * as z from 'zod'
import { inputNames, inputs, type InputType } from '../../src/plan/inputs.js'
import { outputsOf } from '../../src/report/flat-network.js'
import { record } from '../fakes/build.js'

const yaml = (file: string) => parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')) as unknown

const action = yaml('action.yml') as {
  inputs: Record<string, { required?: boolean; default: string; description: string }>
  outputs: Record<string, { description: string }>
  runs: Record<string, string>
}

/** What github-actions-typing says of the file and its available types, as far as this action has use for them. */
const simple = z.strictObject({ type: z.enum(['string', 'boolean', 'integer', 'float']) })
const enumeration = z.strictObject({ type: z.literal('enum'), 'allowed-values': z.array(z.string().min(1)).min(1) })
const list = z.strictObject({
  type: z.literal('list'),
  separator: z.string().min(1),
  'list-item': z.union([simple, enumeration]),
})
const types = z.record(z.string(), z.union([simple, enumeration, list]))
const actionTypes = z.strictObject({ inputs: types, outputs: types })

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
    'service-connectivity',
    'registry',
    'cache-hit',
  ])
  expect(Object.values(action.outputs).every(({ description }) => description.length > 20)).toBe(true)
})

test('the action runs on Node 24, and its post step runs whatever the job came to', () => {
  // without post-if a post step always runs: a cancelled job is cleaned up too
  expect(action.runs).toEqual({ using: 'node24', main: 'dist/main/index.js', post: 'dist/post/index.js' })
})

test('action-types.yml has the types of the code, in the format of github-actions-typing', () => {
  const typing = (input: InputType) => {
    switch (input.type) {
      case 'enum':
        return { type: 'enum', 'allowed-values': input.values }
      case 'list':
        return { type: 'list', separator: input.separator, 'list-item': { type: 'string' } }
      default:
        return { type: input.type }
    }
  }
  const said = actionTypes.parse(yaml('action-types.yml'))
  expect(Object.entries(said.inputs)).toEqual(inputNames.map((name) => [name, typing(inputs[name])]))
  // what is neither text nor a boolean is printed as JSON
  const outputs = Object.entries(outputsOf({ record: record(), nodes: [] }))
  expect(Object.entries(said.outputs)).toEqual(
    outputs.map(([name, value]) => [name, { type: typeof value === 'boolean' ? 'boolean' : 'string' }]),
  )
})

test.each(inputNames)('the default of %s is of its type', (name) => {
  const input: InputType & { default: string } = inputs[name]
  const fits = {
    string: z.string(),
    boolean: z.enum(['true', 'false']),
    integer: z.string().regex(/^\d+$/),
    enum: z.enum(input.type === 'enum' ? input.values : []),
    list: z
      .string()
      .refine((text) => text === '' || text.split(input.type === 'list' ? input.separator : '').every(Boolean)),
  }[input.type]
  expect(fits.safeParse(input.default).success).toBe(true)
})
