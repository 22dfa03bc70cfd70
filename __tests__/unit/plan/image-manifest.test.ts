import { describe, expect, test } from '@jest/globals'
import { parseImageDocument } from '../../../src/plan/image-manifest.js'

const part = (letter: string, size: number) => ({ digest: `sha256:${letter.repeat(64)}`, size })
const oci = (kind: string) => `application/vnd.oci.image.${kind}.v1+json`
const docker = (kind: string) => `application/vnd.docker.distribution.${kind}.v2+json`

describe('an index', () => {
  const index = {
    schemaVersion: 2,
    manifests: [
      { ...part('a', 10), platform: { os: 'linux', architecture: 'amd64' } },
      { ...part('b', 11), platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      { ...part('c', 12), platform: { os: 'unknown', architecture: 'unknown' } },
      part('d', 13),
    ],
  }

  test('names the manifest of a platform', () => {
    const { manifestOf, parts } = parseImageDocument(JSON.stringify(index))
    expect(['linux/amd64', 'linux/arm64', 'linux/s390x'].map((platform) => manifestOf?.(platform))).toEqual([
      part('a', 0).digest,
      part('b', 0).digest,
      undefined,
    ])
    expect(parts.map(({ size }) => size)).toEqual([10, 11, 12, 13])
  })

  test.each([
    [{}, oci('index')],
    [{ mediaType: docker('manifest.list') }, docker('manifest.list')],
  ])('tells its type: %j', (more, type) => {
    expect(parseImageDocument(JSON.stringify({ ...index, ...more })).mediaType).toBe(type)
  })
})

describe('a manifest', () => {
  const manifest = { schemaVersion: 2, config: part('a', 1), layers: [part('b', 2), part('c', 3)] }

  test.each([
    [{}, oci('manifest')],
    [{ mediaType: docker('manifest') }, docker('manifest')],
  ])('names config and layers: %j', (more, mediaType) => {
    const parts = [part('a', 1), part('b', 2), part('c', 3)]
    expect(parseImageDocument(JSON.stringify({ ...manifest, ...more }))).toEqual({ mediaType, parts })
  })
})

test.each([
  ['no JSON', '<html>'],
  ['an old manifest', '{"schemaVersion":1,"fsLayers":[]}'],
  ['an artifact without layers', `{"config":${JSON.stringify(part('a', 1))}}`],
  ['a digest that leads elsewhere', `{"config":{"digest":"sha256:../../x","size":1},"layers":[]}`],
  ['a negative size', `{"config":{"digest":"${part('a', 1).digest}","size":-1},"layers":[]}`],
  ['null', 'null'],
])('%s is refused', (_, text) => {
  expect(() => parseImageDocument(text)).toThrow(/^the registry sent neither an index nor a manifest of an image$/)
})
