import { expect, test } from '@jest/globals'
import { parseArchiveList, unknownId, wholeName } from '../../../src/plan/image-loading.js'

const digest = 'a'.repeat(64)
const other = 'b'.repeat(64)

test.each([
  ['busybox', 'docker.io/library/busybox:latest'],
  ['me/app:1.0', 'docker.io/me/app:1.0'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app:dev', 'localhost:5000/app:dev'],
  ['docker.io/library/busybox:latest', 'docker.io/library/busybox:latest'],
])('a node knows %s as %s', (reference, name) => {
  expect(wholeName(reference)).toBe(name)
})

test('a name with a digest, or none at all, is refused', () => {
  expect(() => wholeName(`busybox@sha256:${digest}`)).toThrow('give its tag')
  expect(() => wholeName('No Such Thing')).toThrow('is no image')
})

test.each([
  ['as Docker wrote it before 25.0', `${digest}.json`],
  ['as Docker writes it in an OCI layout', `blobs/sha256/${digest}`],
])('the list of an archive %s', (_, Config) => {
  const list = [
    { Config, RepoTags: ['app:1', 'me/app:1'], Layers: ['x'] },
    { Config: `${other}.json`, RepoTags: null },
  ]
  expect(parseArchiveList(JSON.stringify(list))).toEqual([
    { name: 'docker.io/library/app:1', id: `sha256:${digest}` },
    { name: 'docker.io/me/app:1', id: `sha256:${digest}` },
  ])
})

test('an image whose config is not called by its digest is loaded each time', () => {
  expect(parseArchiveList('[{"Config":"config.json","RepoTags":["app:1"]}]')).toEqual([
    { name: 'docker.io/library/app:1', id: unknownId },
  ])
})

test('the index of an OCI layout: only a whole name counts', () => {
  const index = {
    schemaVersion: 2,
    manifests: [
      { digest: `sha256:${digest}`, annotations: { 'io.containerd.image.name': 'docker.io/me/app:1' } },
      { digest: `sha256:${other}`, annotations: { 'org.opencontainers.image.ref.name': 'latest' } },
      { digest: `sha256:${other}` },
    ],
  }
  expect(parseArchiveList(JSON.stringify(index))).toEqual([{ name: 'docker.io/me/app:1', id: `sha256:${digest}` }])
  expect(parseArchiveList('{}')).toEqual([])
})

test.each([
  'null',
  '3',
  '"text"',
  '[null]',
  '[3]',
  '[[]]',
  '[{"RepoTags":"app:1"}]',
  '[{"RepoTags":[null]}]',
  '[{"Config":3,"RepoTags":["app:1"]}]',
  '{"manifests":null}',
  '{"manifests":{}}',
  '{"manifests":[null]}',
  '{"manifests":[{"digest":3}]}',
  '{"manifests":[{"digest":"--rm"}]}',
  '{"manifests":[{"annotations":[]}]}',
  '[{"RepoTags":',
  'no JSON',
  '',
])('%s is not such a list', (text) => {
  expect(parseArchiveList(text)).toBeUndefined()
})

test('annotations that are not texts, and none at all, name no image', () => {
  const name = 'io.containerd.image.name'
  const manifests = [{ [name]: 3 }, null, { [name]: null }].map((annotations) => ({
    digest: `sha256:${digest}`,
    annotations,
  }))
  expect(parseArchiveList(JSON.stringify({ manifests }))).toEqual([])
})

test('a name that no image can have is told', () => {
  expect(() => parseArchiveList('[{"RepoTags":["No Image"]}]')).toThrow(
    /^holds the image "No Image", which is no image; give its name/,
  )
})
