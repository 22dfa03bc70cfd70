import { describe, expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import { clusterKubeconfig, isRunId, parseRunRecord, RecordError, recordOf } from '../../../src/plan/run-record.js'
import { clusters, directory, plan, record, run } from '../../fakes/build.js'

/** What each release wrote: a directory of its version. */
const formats = new URL('../../formats/', import.meta.url)

describe('recordOf', () => {
  test('keeps what a later process needs', () => {
    const decided = plan({ clusters: clusters(['east', 1, 1]), config: 'featureGates: {a: true}' })
    expect(recordOf(decided, directory)).toEqual({
      version: 1,
      run,
      directory,
      kubeconfig: `${directory}/kubeconfig`,
      complete: false,
      cleanup: true,
      tools: [
        { name: 'kind', version: '0.33.0', from: 'path' },
        { name: 'kubectl', version: '1.34.4', from: 'path' },
      ],
      dockerNetwork: `kind-flat-network-${run}`,
      waitSeconds: 300,
      routeServices: true,
      preserveSourceIp: true,
      imagesToSave: [],
      clusters: [
        {
          name: 'east',
          reused: false,
          context: 'kind-east',
          networks: ['default'],
          podSubnets: ['10.128.0.0/16'],
          serviceSubnets: ['10.192.0.0/16'],
          loadBalancerSubnets: [],
          nodes: [
            { name: 'east-control-plane', role: 'control-plane' },
            { name: 'east-worker', role: 'worker' },
          ],
        },
      ],
    })
  })

  test('names the place the user chose for the kubeconfig', () => {
    expect(recordOf(plan({ kubeconfig: '/home/me/config' }), directory).kubeconfig).toBe('/home/me/config')
  })

  test.each<[string, GivenInputs]>([
    ['of IPv4', {}],
    ['of both families, with groups and domains', { 'ip-family': 'dual', 'cross-cluster-dns': 'true' }],
  ])('is read back from JSON as it was: %s', (_, given) => {
    const image = { key: 'k', reference: 'r:1', registry: 'docker.io', repository: 'r', digest: 'd', platform: 'p' }
    const saved = record(
      { clusters: clusters(['east', 1, 1], ['west', 3, 0]), ...given },
      { complete: true, registry: 'localhost:49153', imagesToSave: [image] },
    )
    expect(parseRunRecord(JSON.stringify(saved))).toEqual(saved)
    expect(saved.clusters.map(({ domain }) => domain)).toEqual(
      given['cross-cluster-dns'] === undefined ? [undefined, undefined] : ['east.local', 'west.local'],
    )
  })
})

describe('parseRunRecord', () => {
  test.each<[string, object, string]>([
    ['a run that is no id', { run: '../../etc' }, 'run'],
    ['a run that is longer than an id', { run: 'feedc0de0' }, 'run'],
    ['no directory', { directory: '' }, 'directory'],
    ['no clusters', { clusters: undefined }, 'clusters'],
    [
      'an unknown role',
      { clusters: [{ ...record().clusters[0], nodes: [{ name: 'a', role: 'boss' }] }] },
      'clusters.0.nodes.0.role',
    ],
    ['a flag that is none', { complete: 'yes' }, 'complete'],
  ])('refuses a record with %s and names the part', (_, wrong, part) => {
    const text = JSON.stringify({ ...record(), ...wrong })
    expect(() => parseRunRecord(text)).toThrow(new RecordError(`these parts are missing or wrong: ${part}`))
  })

  test.each([
    ['{"run":', 'it is cut off or damaged: not JSON'],
    ['null', 'these parts are missing or wrong: the whole record'],
    [JSON.stringify({ ...record(), version: 2 }), 'it has version 2, and this release reads version 1'],
    ['{"version":"next"}', 'it has version "next", and this release reads version 1'],
  ])('refuses %j', (text, why) => {
    expect(() => parseRunRecord(text)).toThrow(new RecordError(why))
  })
})

describe.each(readdirSync(formats))('the record of release %s', (release) => {
  test('is read, and what a newer release adds is passed over', () => {
    const text = readFileSync(new URL(`${release}/record.json`, formats), 'utf8')
    const read = parseRunRecord(text)
    expect(read).toMatchObject(JSON.parse(text) as object)
    expect(parseRunRecord(JSON.stringify({ ...read, added: { by: 'a newer release' } }))).toEqual(read)
  })
})

test('every cluster has a kubeconfig of its own in the directory', () => {
  expect(clusterKubeconfig({ directory: '/var/run' }, 'west')).toBe('/var/run/west.kubeconfig')
})

test('the id of a run is eight hexadecimal digits', () => {
  expect(['feedc0de', '01234567'].map(isRunId)).toEqual([true, true])
  expect(['', 'feedc0d', 'feedc0de0', 'FEEDC0DE', 'feedc0dg', '../feedc', 'feedc0de\n'].filter(isRunId)).toEqual([])
})
