import { describe, expect, test } from '@jest/globals'
import { rcompare } from 'semver'
import {
  kindRelease,
  kindReleases,
  knownKubernetesVersions,
  kubectlReleases,
  metallbRelease,
  newest,
  nodeImageFor,
} from '../../../src/plan/releases.js'

const sha256 = /^[0-9a-f]{64}$/
/** `owner/repository@commit path`, the same at a tag, or a Go module's file. */
const publicSource = /^[\w.-]+(\/[\w.-]+)*(@| v)[\w.]+ \S/

describe('look-ups', () => {
  test.each([
    ['0.31.0', '1.34.3', '1.34.3'],
    ['0.31.0', '1.34', '1.34.3'],
    ['0.30.0', '1.34', '1.34.0'],
    ['0.28.0', '1.30', '1.30.13'],
  ])('kind %s and Kubernetes %s: the image of %s with its digest', (kind, asked, version) => {
    expect(nodeImageFor(kind, asked)).toMatch(
      new RegExp(`^kindest/node:v${version.replaceAll('.', '\\.')}@sha256:[0-9a-f]{64}$`),
    )
  })

  test('each release of kind has images of its own, also of one Kubernetes version', () => {
    expect(nodeImageFor('0.28.0', '1.33.1')).not.toBe(nodeImageFor('0.29.0', '1.33.1'))
  })

  test.each([
    ['0.31.0', '1.3'],
    ['0.31.0', '1.34.1'],
    ['0.31.0', '1.99'],
    ['0.1.0', '1.34'],
    ['v0.31.0', '1.34'],
  ])('kind %s has none for Kubernetes %s', (kind, asked) => {
    expect(nodeImageFor(kind, asked)).toBeUndefined()
  })

  test('the versions of a release of kind, newest first', () => {
    const versions = knownKubernetesVersions('0.32.0')
    expect(versions).toEqual(expect.arrayContaining(['1.33.12', '1.34.8', '1.36.1']))
    expect(versions).toEqual([...versions].sort(rcompare))
    expect(knownKubernetesVersions('0.1.0')).toEqual([])
  })

  test('the newest release goes by number, wherever it stands', () => {
    expect(newest([{ version: '1.9.9' }, { version: '1.34.11' }, { version: '1.34.2' }])).toEqual({
      version: '1.34.11',
    })
    expect(newest([])).toBeUndefined()
  })

  test('a release of kind by its version', () => {
    expect(kindRelease('0.31.0')?.nodeImage).toBe(nodeImageFor('0.31.0', '1.35.0'))
    expect(kindRelease('0.33')).toBeUndefined()
  })
})

describe('what is known', () => {
  test.each([
    ['kind', kindReleases],
    ['kubectl', kubectlReleases],
  ])('%s: newest first, each version once', (_, releases) => {
    const versions = releases.map(({ version }) => version)
    expect(versions).toEqual([...new Set(versions)].sort(rcompare))
    expect(versions.length).toBeGreaterThan(0)
  })

  test.each([...kindReleases, ...kubectlReleases].map(({ version, sha256 }) => ({ version, ...sha256 })))(
    'the checksums of $version are whole and name their source',
    ({ amd64, arm64, seenIn }) => {
      const sums = [amd64, arm64].filter((sum) => sum !== undefined)
      for (const sum of sums) expect(sum).toMatch(sha256)
      expect(new Set(sums).size).toBe(sums.length)
      expect(sums.length > 0).toBe(seenIn !== undefined)
      if (seenIn !== undefined) expect(seenIn).toMatch(publicSource)
    },
  )

  test.each(kindReleases)('the images of kind $version', ({ nodeImage, nodeImages, nodeImagesSeenIn }) => {
    for (const [version, image] of Object.entries(nodeImages)) {
      const [name, digest] = image.split('@sha256:')
      expect(name).toBe(`kindest/node:v${version}`)
      expect(digest).toMatch(sha256)
    }
    expect(Object.values(nodeImages)).toContain(nodeImage)
    expect(nodeImagesSeenIn).toMatch(publicSource)
  })

  test('no checksum or digest stands for two things', () => {
    const sums = [...kindReleases, ...kubectlReleases].flatMap(({ sha256: { amd64, arm64 } }) => [amd64, arm64])
    const images = kindReleases.flatMap(({ nodeImages }) => Object.values(nodeImages))
    const all = [...sums, ...images].filter((value) => value !== undefined)
    expect(all.filter((value, index) => all.indexOf(value) !== index)).toEqual([])
  })

  test("MetalLB's manifest", () => {
    expect(metallbRelease.sha256).toMatch(sha256)
    expect(metallbRelease.seenIn).toMatch(publicSource)
    expect(metallbRelease.seenIn).toContain(`v${metallbRelease.version} ${metallbRelease.manifest}`)
  })
})
