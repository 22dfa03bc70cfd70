import { describe, expect, test } from '@jest/globals'
import { Problems } from '../../../src/model/problems.js'
import { withDefaults, type GivenInputs } from '../../../src/plan/inputs.js'
import { parseRequest, type Request } from '../../../src/plan/request.js'
import { request } from '../../fakes/build.js'

/** What is wrong with inputs, without the values, which are long. */
function read(given: GivenInputs): { request: Request; problems: string[] } {
  const problems = new Problems()
  const asked = parseRequest(withDefaults(given), problems)
  return { request: asked, problems: problems.found.map(({ input, message }) => `${input}: ${message}`) }
}

const problemsOf = (given: GivenInputs) => read(given).problems
const long = 'a'.repeat(100_000)

describe('nodes', () => {
  test.each<[string, GivenInputs, string]>([
    ['workers', { workers: '1001' }, 'workers: is not a number of nodes; use a whole number from 0 to 1000'],
    [
      'workers of a cluster',
      { clusters: '[{workers: 1000000000}]' },
      'clusters[0].workers: is not a number of nodes; use a whole number from 0 to 1000, without quotes',
    ],
    [
      'control planes of a cluster',
      { clusters: '[{control-planes: 1001}]' },
      'clusters[0].control-planes: is not a number of nodes; use a whole number from 1 to 1000, without quotes',
    ],
    [
      'nodes of a kind config',
      { clusters: '1', config: JSON.stringify({ nodes: Array(1001).fill({}) }) },
      'config.nodes: has 1001 items; use at most 1000',
    ],
    [
      'clusters in a list',
      { clusters: JSON.stringify(Array(1001).fill('a')) },
      'clusters: has 1001 items; use at most 1000',
    ],
  ])('are at most 1000: %s', (_, given, problem) => {
    expect(problemsOf(given)).toEqual([problem])
  })

  const rest = 'one Docker network holds at most 1000, so use fewer clusters or nodes'
  const nodes = (count: number) => Array<object>(count).fill({ role: 'worker' })

  test.each<[string, GivenInputs]>([
    ['40 clusters with 2000 nodes in all', { clusters: '40', workers: '49' }],
    ['1000 clusters with 1001000 nodes in all', { clusters: '1000', workers: '1000' }],
    ['1 cluster with 1001 nodes in all', { clusters: '[{workers: 1000}]' }],
    ['1 cluster with 1000 nodes and a load balancer in all', { clusters: '[{control-planes: 1000}]' }],
    [
      '250 clusters with 1000 nodes and 250 load balancers in all',
      { clusters: '250', 'control-planes': '3', workers: '1' },
    ],
    ['2 clusters with 1202 nodes in all', { clusters: '[{workers: 600}, {workers: 600}]' }],
    ['2 clusters with 1102 nodes in all', { clusters: '[{workers: 600}, {}]', workers: '500' }],
    [
      '1000 clusters with 999000 nodes in all',
      { clusters: '1000', config: JSON.stringify({ nodes: [{}, ...nodes(998)] }) },
    ],
    [
      '2 clusters with 1402 nodes in all',
      { clusters: JSON.stringify([{ config: { nodes: [{}, ...nodes(700)] } }, { workers: 700 }]) },
    ],
  ])('of all clusters fit one Docker network: %s', (what, given) => {
    const { request: asked, problems } = read(given)
    expect(problems).toEqual([`clusters: ${what}; ${rest}`])
    expect(asked.clusters).toEqual([])
  })

  test.each<[string, GivenInputs, number]>([
    ['clusters', { clusters: '1000' }, 1000],
    ['workers of all', { clusters: '20', workers: '49' }, 1000],
    ['workers of one', { clusters: '[{workers: 999}]' }, 1000],
    ['control planes with their load balancers', { clusters: '250', 'control-planes': '3' }, 750],
    ['nodes of a kind config', { clusters: '1', config: JSON.stringify({ nodes: [{}, ...nodes(999)] }) }, 1000],
  ])('may be as many as that: %s', (_, given, count) => {
    expect(request(given).clusters.flatMap((cluster) => cluster.nodes)).toHaveLength(count)
  })
})

describe('wait', () => {
  test.each(['24h', '1440m', '86400'])('is at most a day: %s', (wait) => {
    expect(request({ wait }).waitSeconds).toBe(86_400)
  })

  test.each(['24h1s', '1441m', '86401', '999h9999m', '999h9999m999999s'])('is no longer: %s', (wait) => {
    expect(problemsOf({ wait })).toEqual(['wait: is too long; wait at most 24h'])
  })
})

describe('a text of 100,000 characters', () => {
  const excess = (most: number) => `has 100000 characters; use at most ${String(most)}`

  test.each<[keyof GivenInputs, number]>([
    ['pod-supernet', 128],
    ['service-supernet', 128],
    ['node-image', 456],
    ['kubernetes-version', 256],
    ['registry-mirror', 255],
    ['registry-image', 456],
    ['kind-version', 256],
    ['kubectl-version', 256],
    ['download-mirror', 8000],
    ['docker-network', 128],
    ['kubeconfig', 4095],
    ['images', 4095],
  ])('is not handed on: %s', (name, most) => {
    const { request: asked, problems } = read({ [name]: long })
    expect(problems).toEqual([`${name}: ${excess(most)}`])
    expect(JSON.stringify(asked, (_, value: unknown) => (typeof value === 'bigint' ? '' : value))).not.toContain(long)
  })

  test.each<[string, object, string]>([
    ['name', { name: long }, excess(63)],
    ['network', { network: long }, excess(63)],
    ['network', { network: ['a', long] }, excess(63)],
    ['network', { network: Array(1001).fill('a') }, 'has 1001 items; use at most 1000'],
    ['pod-subnet', { 'pod-subnet': long }, excess(128)],
    ['service-subnet', { 'service-subnet': long }, excess(128)],
    ['node-image', { 'node-image': long }, excess(456)],
    ['kubernetes-version', { 'kubernetes-version': long }, excess(256)],
    ['config.name', { config: { name: long } }, excess(63)],
    ['config.networking.podSubnet', { config: { networking: { podSubnet: long } } }, excess(128)],
    ['config.networking.dnsSearch[0]', { config: { networking: { dnsSearch: [long] } } }, excess(253)],
    ['config.networking.apiServerAddress', { config: { networking: { apiServerAddress: long } } }, excess(4095)],
    ['config.runtimeConfig.a', { config: { runtimeConfig: { a: long } } }, excess(4095)],
    ['config.nodes[0].image', { config: { nodes: [{ image: long }] } }, excess(456)],
    ['config.nodes[0].labels.zone', { config: { nodes: [{ labels: { zone: long } }] } }, excess(63)],
    [
      'config.nodes[0].extraMounts[0].hostPath',
      { config: { nodes: [{ extraMounts: [{ containerPath: '/a', hostPath: long }] }] } },
      excess(4095),
    ],
    [
      'config.nodes[0].extraMounts[0].containerPath',
      { config: { nodes: [{ extraMounts: [{ containerPath: `/${long.slice(1)}` }] }] } },
      excess(4095),
    ],
    [
      'config.kubeadmConfigPatches[0]',
      { config: { kubeadmConfigPatches: [`{kind: ClusterConfiguration, networking: {podSubnet: ${long}}}`] } },
      excess(128),
    ],
  ])('is refused in a cluster: %s', (place, entry, problem) => {
    expect(problemsOf({ clusters: JSON.stringify([entry]) })).toEqual([`clusters[0].${place}: ${problem}`])
  })

  test('is no key', () => {
    expect(problemsOf({ clusters: JSON.stringify([{ [long]: 1 }]) })).toEqual([
      'clusters: has a key that has 100000 characters; use at most 317',
    ])
  })
})

test('images are at most 1000, and a line that is too long does not keep the others from being looked at', () => {
  const lines = Array.from({ length: 1001 }, (_, index) => `image${String(index)}`)
  expect(problemsOf({ images: lines.join('\n') })).toEqual(['images: has 1001 items; use at most 1000'])
  expect(read({ images: `a\n${long}\nb` }).request.images).toEqual(['a', 'b'])
})

test('the image of the registry is a reference', () => {
  expect(problemsOf({ 'registry-image': '--privileged' })[0]).toMatch(/^registry-image: is no image; give its name/)
  expect(problemsOf({ 'registry-image': `sha256:${'0'.repeat(64)}` })).toEqual([])
})
