import { describe, expect, test } from '@jest/globals'
import { createPullProgress, isMissingImage, mayPullAgain, parseImage } from '../../../src/commands/docker-images.js'

test('an image is read, with and without names', () => {
  const id = 'sha256:1'
  expect(parseImage(JSON.stringify([{ Id: id, RepoTags: ['a:1'], RepoDigests: ['a@sha256:2'], Size: 3 }]))).toEqual({
    id,
    tags: ['a:1'],
    digests: ['a@sha256:2'],
    size: 3,
  })
  expect(parseImage(JSON.stringify([{ Id: id, RepoTags: null, RepoDigests: null }]))).toMatchObject({ tags: [] })
  expect(() => parseImage('[]')).toThrow('printed no image')
})

test.each([
  ['[]\nError: No such image: kindest/node:v1', true],
  ['[]\nError response from daemon: No such image: kindest/node:v1', true],
  ['[]\nError: No such object: kindest/node:v1', true],
  ['Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?', false],
])('an image is missing: %j is %s', (output, missing) => {
  expect(isMissingImage(output)).toBe(missing)
})

// as Docker 20.10 and 28 say it
test.each([
  ['Error response from daemon: manifest for kindest/node:v0 not found: manifest unknown: manifest unknown', false],
  [
    'Error response from daemon: pull access denied for x/y, repository does not exist or may require docker login',
    false,
  ],
  ['Error response from daemon: no matching manifest for linux/arm/v7 in the manifest list entries', false],
  ['Error response from daemon: Get "https://r/v2/": unauthorized: authentication required', false],
  ['failed to register layer: write /x: no space left on device', false],
  ['Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: TLS handshake timeout', true],
  ['Error response from daemon: Get "https://r/v2/": dial tcp 1.2.3.4:443: connect: connection refused', true],
  ['error pulling image configuration: download failed after attempts=6: read: connection reset by peer', true],
  ['toomanyrequests: You have reached your pull rate limit.', true],
  ['received unexpected HTTP status: 503 Service Unavailable', true],
  ['unexpected EOF', true],
])('%s: worth another try: %s', (output, again) => {
  expect(mayPullAgain(output)).toBe(again)
})

describe('layers are counted', () => {
  test('as docker pull tells of them', () => {
    const lines = [
      '127.0.0.1:15051/kindest/node@sha256:52a9: Pulling from kindest/node',
      '3d2acfdb4afd: Already exists',
      'c08bae99f3db: Pulling fs layer',
      'c08bae99f3db: Verifying Checksum',
      'c08bae99f3db: Download complete',
      'c08bae99f3db: Pull complete',
      'Digest: sha256:52a9',
    ]
    const progress = createPullProgress()
    expect(lines.map(progress).map(({ done, layers }) => `${String(done)}/${String(layers)}`)).toEqual([
      '0/0',
      '1/1',
      '1/2',
      '1/2',
      '1/2',
      '2/2',
      '2/2',
    ])
  })
})
