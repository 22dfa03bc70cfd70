import { expect, test } from '@jest/globals'
import { facts, plan, place } from '../fakes/build.js'
import { shorten, shortenList } from '../../src/shorten.js'

test('a long text is its beginning', () => {
  expect([shorten('abc'), shorten('abc', 3), shorten('abc', 2)]).toEqual(['abc', 'abc', 'ab…'])
})

test('a long list is its first items, and how many more there are', () => {
  const items = Array.from({ length: 12 }, (_, index) => `c${String(index)}`)
  expect(shortenList(items.slice(0, 10))).toBe('c0, c1, c2, c3, c4, c5, c6, c7, c8, c9')
  expect(shortenList(items)).toBe('c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 2 more')
})

test.each([
  ['that are hidden', { clusters: '200' }, { place: { ...place, remote: '10.9.9.9' } }],
  ['that share a port', { clusters: '200', config: 'networking: {apiServerPort: 6443}' }, {}],
])('many clusters %s are some of them in the message', (_, given, machine) => {
  expect(() => plan(given, { ...facts(), ...machine })).toThrow(/cluster10 and 190 more/)
})
