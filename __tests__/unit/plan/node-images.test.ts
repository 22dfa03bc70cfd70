import { describe, expect, test } from '@jest/globals'
import {
  chooseNodeImages,
  describeProvided,
  nodeImagesOf,
  withProvidedImages,
  type ProvidedImage,
} from '../../../src/plan/node-images.js'
import { Problems } from '../../../src/model/problems.js'
import { kindReleases } from '../../../src/plan/releases.js'
import { request } from '../../fakes/build.js'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import type { KindConfig } from '../../../src/kind-config/v1alpha4.js'

const [release] = kindReleases
if (release === undefined) throw new Error('no release of kind is known')
const kind = release.version
const [[version = '', published = ''] = []] = Object.entries(release.nodeImages)
const digest = `sha256:${'0a'.repeat(32)}`

function choose(given: GivenInputs, choice: { kind?: string; registryMirror?: string } = {}) {
  const problems = new Problems()
  const images = request(given).clusters.map((cluster) =>
    chooseNodeImages(problems, cluster, { kind, ...choice }).map((node) => node['image']),
  )
  return {
    images,
    problems: problems.found.map(({ input, value, message }) => `${input}: ${String(value)} ${message}`),
  }
}

describe('the image of a node', () => {
  test('is its own, else the cluster’s', () => {
    const config = 'nodes: [{role: control-plane, image: own/node:v1}, {role: worker}]'
    const given = { clusters: JSON.stringify([{ 'node-image': 'cluster/node:v2', config }]) }
    expect(choose(given)).toEqual({ images: [['own/node:v1', 'cluster/node:v2']], problems: [] })
  })

  test.each([version, version.replace(/\.\d+$/, ''), `v${version}`])(
    'is the one published for Kubernetes %s',
    (asked) => {
      const given = { 'kubernetes-version': asked, workers: '1', clusters: '1' }
      expect(choose(given)).toEqual({ images: [[published, published]], problems: [] })
    },
  )

  test('is what kind itself would use, said explicitly', () => {
    expect(choose({})).toEqual({ images: [[release.nodeImage], [release.nodeImage]], problems: [] })
  })

  test('is left to a kind that is not known here', () => {
    expect(choose({}, { kind: '0.1.0' })).toEqual({ images: [[undefined], [undefined]], problems: [] })
    expect(choose({ 'node-image': 'a/b:c' }, { kind: '0.1.0' }).images).toEqual([['a/b:c'], ['a/b:c']])
  })

  test('comes from the mirror of Docker Hub, wherever it was named', () => {
    const config = 'nodes: [{role: control-plane, image: "kindest/node:v1"}, {role: worker}]'
    const given = { clusters: JSON.stringify([{ config }, { 'node-image': 'ghcr.io/a/b:c' }]) }
    expect(choose(given, { registryMirror: 'mirror.example.com/hub' }).images).toEqual([
      ['mirror.example.com/hub/kindest/node:v1', `mirror.example.com/hub/${release.nodeImage}`],
      ['ghcr.io/a/b:c'],
    ])
  })

  test('may be an image of the engine by its id', () => {
    const given = { clusters: '1', 'node-image': digest }
    expect(choose(given, { registryMirror: 'mirror.example.com' })).toEqual({ images: [[digest]], problems: [] })
  })
})

describe('refused', () => {
  test('is a version without an image, with all that have one', () => {
    const { problems } = choose({ clusters: '1', 'kubernetes-version': '1.9' })
    const known = Object.keys(release.nodeImages).join(', ')
    expect(problems).toEqual([
      `kubernetes-version: 1.9 has no image that is known for kind ${kind}; give one of ${known}, or node-image`,
    ])
  })

  test('is any version with a kind that is not known', () => {
    expect(choose({ clusters: '1', 'kubernetes-version': version }, { kind: '0.1.0' }).problems).toEqual([
      `kubernetes-version: ${version} cannot be looked up, because no images are known for kind 0.1.0; give node-image, or another kind-version`,
    ])
  })

  test('is what is no image, by the name of its input', () => {
    const config = 'nodes: [{role: control-plane}, {role: worker, image: "a b"}]'
    const given = { clusters: JSON.stringify([{ 'node-image': 'Kindest/Node', config }]) }
    expect(choose(given).problems.map((text) => text.slice(0, 60))).toEqual([
      'clusters[0].node-image: Kindest/Node is no image; give its n',
      'clusters[0].config.nodes[1].image: a b is no image; give its',
    ])
  })
})

test('every image is provided once, and kind is told the name that the engine has for it', () => {
  const one: KindConfig = {
    name: 'one',
    nodes: [
      { role: 'control-plane', image: 'a' },
      { role: 'worker', image: 'b', labels: {} },
    ],
  }
  const two: KindConfig = { name: 'two', nodes: [{ role: 'control-plane', image: 'b' }, { role: 'worker' }] }
  expect(nodeImagesOf([one, two, {}])).toEqual(['a', 'b'])
  const provided = [{ reference: 'b', name: 'kept/b', from: 'cache', seconds: 1 }] as const
  expect(withProvidedImages(one, provided)).toEqual({
    name: 'one',
    nodes: [
      { role: 'control-plane', image: 'a' },
      { role: 'worker', image: 'kept/b', labels: {} },
    ],
  })
  expect(withProvidedImages(two, provided)['nodes']).toEqual([
    { role: 'control-plane', image: 'kept/b' },
    { role: 'worker' },
  ])
})

describe('an image is described', () => {
  const image: ProvidedImage = { reference: 'kindest/node:v1', name: 'n', from: 'registry', seconds: 12.34 }
  const restored = { seconds: 4, bytes: 365e6 }
  const toSave = { key: 'k', reference: 'r', registry: 'r', repository: 'r', digest, platform: 'linux/amd64' }
  test.each<[Partial<ProvidedImage>, string]>([
    [{ from: 'engine' }, 'in the engine already'],
    [{ remark: 'the cache is not used: why' }, 'pulled in 12.3 s; the cache is not used: why'],
    [
      { transferred: restored, toSave },
      'pulled in 12.3 s; 365.0 MB transferred in 4.0 s; it is saved when the job ends',
    ],
    [{ from: 'cache', restored, insteadOfSeconds: 20 }, 'out of the cache in 12.3 s; 365.0 MB restored in 4.0 s'],
    [
      { from: 'cache', restored, insteadOfSeconds: 9 },
      'out of the cache in 12.3 s; 365.0 MB restored in 4.0 s; slower than the pull that it stands for (9.0 s): cache: false may be faster here',
    ],
  ])('%j', (more, text) => {
    expect(describeProvided({ ...image, ...more })).toBe(`kindest/node:v1: ${text}`)
  })
})
