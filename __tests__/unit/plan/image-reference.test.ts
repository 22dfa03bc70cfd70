import { describe, expect, test } from '@jest/globals'
import {
  hostOf,
  isLoopback,
  isPrivateAddress,
  parseImageReference,
  shortReference,
  throughMirror,
} from '../../../src/plan/image-reference.js'

const digest = `sha256:${'0a'.repeat(32)}`

describe('a reference is read as Docker reads it', () => {
  test.each([
    ['kindest/node', 'docker.io', 'kindest/node'],
    ['registry', 'docker.io', 'library/registry'],
    ['docker.io/kindest/node', 'docker.io', 'kindest/node'],
    ['index.docker.io/registry', 'docker.io', 'library/registry'],
    ['ghcr.io/owner/some/image', 'ghcr.io', 'owner/some/image'],
    ['localhost/image', 'localhost', 'image'],
    ['localhost:5000/image', 'localhost:5000', 'image'],
    ['Kindest/node', 'Kindest', 'node'],
    ['[::1]:5000/image', '[::1]:5000', 'image'],
    ['registry:5000/a__b/c--d/e.f', 'registry:5000', 'a__b/c--d/e.f'],
  ])('%s', (name, registry, repository) => {
    expect(parseImageReference(name)).toEqual({ name, registry, repository })
    expect(parseImageReference(`${name}:v1.34.0`)).toEqual({ name, registry, repository, tag: 'v1.34.0' })
    expect(parseImageReference(`${name}@${digest}`)).toEqual({ name, registry, repository, digest })
    expect(parseImageReference(`${name}:v1@${digest}`)).toEqual({ name, registry, repository, tag: 'v1', digest })
  })

  test.each([
    ['a'.repeat(255), undefined],
    [`a:${'b'.repeat(128)}`, undefined],
    [`${'a'.repeat(255)}:${'b'.repeat(128)}@${digest}`, undefined],
    ['a'.repeat(256), 'has a name of 256 characters; use at most 255'],
    [`a:${'b'.repeat(129)}`, 'has a tag of 129 characters; use at most 128'],
    ['a:'.repeat(50_000), 'has 100000 characters; use at most 456'],
  ])('and is no longer than there: %.10s', (text, problem) => {
    const read = () => parseImageReference(text)
    if (problem === undefined) expect(read).not.toThrow()
    else expect(read).toThrow(new Error(problem))
  })

  test('what looks like a port is a tag when no path follows', () => {
    expect(parseImageReference('localhost:5000')).toMatchObject({ repository: 'library/localhost', tag: '5000' })
  })

  test.each([
    '',
    'kindest/Node',
    'kindest//node',
    'kindest/node:',
    'kindest/node:a b',
    'kindest/node@sha256:12',
    `kindest/node@${digest.toUpperCase()}`,
    '/node',
    'node/',
    'https://docker.io/kindest/node',
    '-x/node',
    '../node',
    'a.b?x=1/node',
    'user@a.b/node',
  ])('%j is none', (text) => {
    expect(() => parseImageReference(text)).toThrow(/^is no image; give its name/)
  })
})

describe('a mirror stands for Docker Hub', () => {
  test.each([
    [`kindest/node:v1.34.0@${digest}`, `mirror.example.com/hub/kindest/node:v1.34.0@${digest}`],
    ['docker.io/kindest/node', 'mirror.example.com/hub/kindest/node'],
    ['index.docker.io/kindest/node:v1', 'mirror.example.com/hub/kindest/node:v1'],
    ['registry:3', 'mirror.example.com/hub/library/registry:3'],
    ['ghcr.io/kindest/node:v1', 'ghcr.io/kindest/node:v1'],
    ['localhost:5000/node', 'localhost:5000/node'],
    [digest, digest],
  ])('%s', (given, through) => {
    expect(throughMirror(given, 'mirror.example.com/hub')).toBe(through)
    expect(throughMirror(given, undefined)).toBe(given)
  })

  test('what is no image is refused with and without one', () => {
    expect(() => throughMirror('a b', undefined)).toThrow('is no image')
    expect(() => throughMirror('a'.repeat(200), `mirror.example.com/${'b'.repeat(100)}`)).toThrow(
      'has a name behind registry-mirror of 328 characters; use at most 255',
    )
    expect(() => throughMirror('a b', 'mirror.example.com')).toThrow('is no image')
  })
})

test.each([
  ['localhost:5000', 'localhost', true],
  ['127.0.0.1:5000', '127.0.0.1', true],
  ['127.8.8.8', '127.8.8.8', true],
  ['[::1]:5000', '::1', true],
  ['10.0.0.1:5000', '10.0.0.1', false],
  ['localhost.example.com', 'localhost.example.com', false],
  ['127.0.0.1.example.com', '127.0.0.1.example.com', false],
])('plain HTTP for %s: host %s, %s', (registry, host, loopback) => {
  expect([hostOf(registry), isLoopback(hostOf(registry))]).toEqual([host, loopback])
})

test('private addresses', () => {
  const near = ['127.0.0.1', '::1', '10.1.2.3', '172.16.0.1', '172.31.255.254', '192.168.0.1', '169.254.1.1', 'fd00::1']
  const far = ['172.32.0.1', '11.0.0.1', '8.8.8.8', '2600::1', 'localhost', '']
  expect([...near, 'fe80::1'].filter((address) => !isPrivateAddress(address))).toEqual([])
  expect(far.filter(isPrivateAddress)).toEqual([])
})

test.each([
  [`localhost:5000/kindest/node:v1@${digest}`, 'localhost:5000/kindest/node:v1'],
  [`localhost:5000/kindest/node@${digest}`, `localhost:5000/kindest/node@${digest}`],
  [`kindest/node@${digest}`, `kindest/node@${digest}`],
  ['kindest/node:v1', 'kindest/node:v1'],
])('for a person, %s is %s', (reference, short) => {
  expect(shortReference(reference)).toBe(short)
})
