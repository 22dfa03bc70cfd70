import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Ajv } from 'ajv'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { readConfigFile } from '../../../src/cli/config-file.js'
import { configFileJsonSchema } from '../../../src/cli/config-json-schema.js'
import { inputNames, inputs, type GivenInputs } from '../../../src/plan/inputs.js'
import { request } from '../../fakes/build.js'

const committed = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')
const schema = JSON.parse(committed('kind-flat-network.schema.json')) as {
  properties: Record<string, { description: string; default?: unknown }>
}
const fitsSchema = new Ajv({ allErrors: true, strictTypes: false }).compile(schema)

const unstopped = new AbortController().signal

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'config file-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

function read(text: string, name = 'c.yaml'): Promise<GivenInputs> {
  writeFileSync(join(directory, name), text)
  return readConfigFile(name, directory, unstopped)
}

/** Lines of what is wrong. */
async function problems(text: string): Promise<string[]> {
  const error = await read(text).then(
    () => new Error('was read'),
    (thrown: unknown) => thrown as Error,
  )
  return error.message.split('\n')
}

describe('values', () => {
  test.each<[string, GivenInputs]>([
    ['clusters: 3', { clusters: '3' }],
    ['workers: 0\ncontrol-planes: 3', { workers: '0', 'control-planes': '3' }],
    ['verify: false\nreuse: true', { verify: 'false', reuse: 'true' }],
    ['cache: true', { cache: 'true' }],
    ['cache: auto', { cache: 'auto' }],
    ['wait: 90', { wait: '90' }],
    ['wait: 1h30m', { wait: '1h30m' }],
    ['pod-supernet: [10.0.0.0/9, "fd00::/48"]', { 'pod-supernet': '10.0.0.0/9,fd00::/48' }],
    ['service-supernet: 10.0.0.0/9,fd00::/48', { 'service-supernet': '10.0.0.0/9,fd00::/48' }],
    ['images: [app:1, app:2]', { images: 'app:1\napp:2' }],
    ['images: |\n  app:1\n  app:2\n', { images: 'app:1\napp:2\n' }],
    ['images: []', { images: '' }],
    ['kubernetes-version: "1.30"', { 'kubernetes-version': '1.30' }],
    ['kubeconfig: ""', { kubeconfig: '' }],
    ['', {}],
    ['# nothing\n', {}],
  ])('%j is read', async (text, expected) => {
    expect(await read(text)).toEqual(expected)
  })

  test('a list of clusters and a kind config become YAML that says the same', async () => {
    const clusters = [
      'east',
      { name: 'west', 'kubernetes-version': '1.30', network: ['a', 'b'], config: { x: ['y: z'] } },
    ]
    const config = { networking: { kubeProxyMode: 'nftables' }, featureGates: { '1.30': true } }
    const given = await read(JSON.stringify({ clusters, config }))
    expect(parse(given.clusters ?? '')).toEqual(clusters)
    expect(parse(given.config ?? '')).toEqual(config)
  })

  test('scalars keep their text, since a kind config decides what they mean', async () => {
    const given = await read(
      'config: {nodes: [{labels: {build: 1.30, zone: 010, on: On, "yes": "true"}}]}\nclusters: 1',
    )
    const [cluster] = request({ clusters: '1', config: given.config ?? '' }).clusters
    expect(cluster?.nodes[0]?.labels).toEqual({ build: '1.30', zone: '010', on: 'On', yes: 'true' })
  })

  test('an anchor may stand in another input than its alias', async () => {
    const given = await read('config: &shared {networking: {kubeProxyMode: nftables}}\nclusters: [{config: *shared}]')
    expect(parse(given.clusters ?? '')).toEqual([{ config: { networking: { kubeProxyMode: 'nftables' } } }])
  })
})

describe('paths', () => {
  const inDirectory = (path: string) => join(directory, path)

  test('are relative to the file, wherever the working directory is', async () => {
    mkdirSync(inDirectory('sub/images'), { recursive: true })
    writeFileSync(inDirectory('sub/archive'), '')
    writeFileSync(inDirectory('outside.tar'), '')
    const text = [
      'clusters: clusters.yaml',
      'config: ../kind.yml',
      'kubeconfig: out/config',
      'images: [archive, app:1, ./missing.tar, ../outside.tar, images, outside.tar]',
    ].join('\n')
    expect(await read(text, 'sub/c.yaml')).toEqual({
      clusters: inDirectory('sub/clusters.yaml'),
      config: inDirectory('kind.yml'),
      kubeconfig: inDirectory('sub/out/config'),
      images: [
        inDirectory('sub/archive'),
        'app:1',
        inDirectory('sub/missing.tar'),
        inDirectory('outside.tar'),
        'images',
        'outside.tar',
      ].join('\n'),
    })
  })

  test('of the config of one cluster are relative to the file too', async () => {
    const { clusters } = await read('clusters: [{name: a, config: kind/a.config}, {config: "-"}, b]', 'c.yaml')
    expect(parse(clusters ?? '')).toEqual([{ name: 'a', config: inDirectory('kind/a.config') }, { config: '-' }, 'b'])
  })

  test('that are absolute are kept', async () => {
    expect(await read('kubeconfig: /k\nconfig: /a b/c.yaml')).toEqual({ kubeconfig: '/k', config: '/a b/c.yaml' })
  })
})

describe('what is wrong', () => {
  test('is told all at once, in the order of the lines, each with file, line, key and value', async () => {
    const text = [
      'verify: yes',
      'clusters:',
      '  - east',
      '  - name: west',
      '    worker: 2',
      '    kubernetes-version: 1.30',
      '  - [a]',
      '  -',
      '    workers: "2"',
      'kubernetes-version: 1.30',
      'kind-version: 0.30',
      'control-planes: 0',
      'images:',
      '  a: b',
      'cache: maybe',
      'load-balancer: haproxy',
      'ip-family: ipv5',
      'wait: [1]',
      'config: 3',
      'docker-network:',
      'workerss: 1',
      'constructor: 1',
    ].join('\n')
    expect(await problems(text)).toEqual([
      'c.yaml:1: verify: "yes" is neither true nor false; give one of them, without quotes',
      'c.yaml:5: clusters[1].worker: is not a cluster setting; did you mean workers?',
      'c.yaml:6: clusters[1].kubernetes-version: 1.3 is no text; put it in quotes, or YAML reads 1.30 as 1.3',
      'c.yaml:7: clusters[2]: ["a"] is no cluster; give a name or a map with name, workers, …',
      'c.yaml:9: clusters[3].workers: "2" is not a number of nodes; use a whole number from 0 to 1000, without quotes',
      'c.yaml:10: kubernetes-version: 1.3 is no text; put it in quotes, or YAML reads 1.30 as 1.3',
      'c.yaml:11: kind-version: 0.3 is no text; put it in quotes, or YAML reads 1.30 as 1.3',
      'c.yaml:12: control-planes: 0 is not a number of nodes; use a whole number from 1 to 1000, without quotes',
      'c.yaml:13: images: {"a":"b"} is neither a list of texts nor one text; put "- " before each',
      'c.yaml:15: cache: "maybe" is unknown here; give one of auto, true, false',
      'c.yaml:16: load-balancer: "haproxy" is unknown here; give one of none, metallb, cloud-provider-kind',
      'c.yaml:17: ip-family: "ipv5" is no address family; give ipv4, ipv6 or dual',
      'c.yaml:18: wait: [1] is no duration; give one such as 90s, 5m or 1h30m',
      'c.yaml:19: config: 3 is not a kind config; write a YAML map, or the path of a file',
      'c.yaml:20: docker-network: null is no text; give a string',
      'c.yaml:21: workerss: is no input; did you mean workers?',
      `c.yaml:22: constructor: is no input; known are ${inputNames.join(', ')}`,
    ])
  })

  test.each([
    ['clusters: 0', 'c.yaml:1: clusters: 0 is out of range; give a count from 1 to 1000, or a list'],
    ['\nclusters: 1001', 'c.yaml:2: clusters: 1001 is out of range; give a count from 1 to 1000, or a list'],
    [
      'clusters: []',
      'c.yaml:1: clusters: [] is neither a count nor a list; give 3, or one entry for each cluster: "- name: east"',
    ],
    [
      'clusters: {name: a}',
      'c.yaml:1: clusters: {"name":"a"} is neither a count nor a list; give 3, or one entry for each cluster: "- name: east"',
    ],
    ['- a', 'c.yaml:1: is no map of inputs; give one a line: "clusters: 3"'],
    ['3', 'c.yaml:1: is no map of inputs; give one a line: "clusters: 3"'],
    ['workers: 1\nworkers: 2', 'c.yaml: is not YAML: Map keys must be unique at line 2, column 1: workers'],
    [
      'verify: [true',
      'c.yaml: is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 14',
    ],
    ['clusters: *a', 'c.yaml: is not YAML: there is no anchor &a before *a'],
    ['a: 1\n---\nb: 1', 'c.yaml: contains several YAML documents; use one file for each'],
  ])('%j', async (text, expected) => {
    expect((await problems(text))[0]).toBe(expected)
  })

  test('a file that is missing, and a directory', async () => {
    const reason = `${join(directory, 'no.yaml')}: no such file or directory (ENOENT)`
    await expect(readConfigFile('no.yaml', directory, unstopped)).rejects.toThrow(
      `no.yaml: is not a file that can be read (${reason}); give the path of one`,
    )
    await expect(readConfigFile('.', directory, unstopped)).rejects.toThrow(
      `.: is not a file that can be read (${directory}: a directory, not a regular file)`,
    )
  })

  test('a pipe that nobody writes to', async () => {
    execFileSync('mkfifo', [join(directory, 'pipe')])
    await expect(readConfigFile('pipe', directory, unstopped)).rejects.toThrow(
      '/pipe: a named pipe, not a regular file)',
    )
  })

  test('an error of YAML does not quote the file', async () => {
    const [problem, ...more] = await problems('workers: 1\ntoken: "s3cret\n')
    expect([problem, more]).toEqual([expect.stringMatching(/^c\.yaml: is not YAML: .* at line \d+, column \d+$/), []])
    expect(problem).not.toContain('s3cret')
  })
})

describe('the schema', () => {
  test('that is committed is what the code gives; mend it with: npm run schema', () => {
    expect(schema).toEqual(configFileJsonSchema())
  })

  test('describes every input, with its default', () => {
    const said = Object.entries(schema.properties).map(([name, { description, default: value }]) => [
      name,
      description,
      value,
    ])
    const known = inputNames.map((name) => [name, inputs[name].description, parse(inputs[name].default) ?? undefined])
    expect(said).toEqual(known)
  })

  test.each([
    ['clusters: 3', true],
    ['clusters: 0', false],
    ['clusters: 1.5', false],
    ['clusters: []', false],
    ['clusters: clusters.yaml', true],
    ['clusters: [east, {name: west, workers: 1, control-planes: 3, ip-family: dual, network: East.1}]', true],
    ['clusters: [{network: [a, b], config: {nodes: []}, pod-subnet: 10.0.0.0/16, node-image: "n:1"}, {}]', true],
    ['clusters: [{worker: 1}]', false],
    ['clusters: [{workers: -1}]', false],
    ['clusters: [{control-planes: 0}]', false],
    ['clusters: [{ip-family: ipv5}]', false],
    ['clusters: [{network: []}]', false],
    ['clusters: [{network: -a}]', false],
    ['clusters: [{kubernetes-version: 1.30}]', false],
    ['clusters: [{kubernetes-version: "1.30"}]', true],
    ['clusters: [3]', false],
    ['clusters: [[a]]', false],
    ['workers: 2', true],
    ['workers: "2"', false],
    ['control-planes: 0', false],
    ['verify: true', true],
    ['verify: "true"', false],
    ['verify: yes', false],
    ['cache: false', true],
    ['cache: "false"', true],
    ['cache: auto', true],
    ['cache: never', false],
    ['load-balancer: metallb', true],
    ['load-balancer: MetalLB', false],
    ['images: [app:1]', true],
    ['images: app:1', true],
    ['images: [1]', false],
    ['pod-supernet: [10.0.0.0/8]', true],
    ['pod-supernet: 10', false],
    ['wait: 300', true],
    ['wait: 0', false],
    ['wait: 5m', true],
    ['wait: 1.5', false],
    ['config: {networking: {}}', true],
    ['config: [a]', false],
    ['kubernetes-version: v1.34.0', true],
    ['kubernetes-version: newest', false],
    ['kubernetes-version: 1.34', false],
    ['kubectl-version: 1.34', false],
    ['kubectl-version: "1.34"', true],
    ['kubeconfig:', false],
    ['cluster: 3', false],
    ['[]', false],
    ['{}', true],
  ])('and the reader agree about %j', async (text, fits) => {
    expect(fitsSchema(parse(text))).toBe(fits)
    const outcome = await read(text).then(
      () => true,
      () => false,
    )
    expect(outcome).toBe(fits)
  })
})

describe('the example of the docs', () => {
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(committed('docs/config-file.md')) ?? []

  test('fits the schema, and is a request that can be read', async () => {
    expect(fitsSchema(parse(example))).toBe(true)
    const given = await read(example)
    expect(Object.keys(given).length).toBeGreaterThan(12)
    const asked = request({ ...given, config: '' })
    expect(asked.clusters.map(({ name, networks, nodes }) => [name, networks, nodes.length])).toEqual([
      ['east', ['default'], 1],
      ['west', ['default', 'backbone'], 3],
    ])
    expect(asked).toMatchObject({ waitSeconds: 600, cache: 'true', loadBalancer: 'metallb', crossClusterDns: true })
  })
})
