import { beforeEach, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { Problems } from '../../../src/model/problems.js'
import { withDefaults, type GivenInputs } from '../../../src/plan/inputs.js'
import { readInputFiles } from '../../../src/steps/read-input-files.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

let world: FakeWorld

beforeEach(() => {
  world = fakeWorld()
  const files = {
    'ci/clusters.yaml': '- {name: east, config: kind/east.yaml}\n- {name: west, config: ../west.config}',
    '/work/ci/kind/east.yaml': 'featureGates: {East: true}',
    'ci/kind/east.yaml': 'featureGates: {East: true}',
    '/work/west.config': 'featureGates: {West: true}',
    'west.config': 'featureGates: {West: true}',
    '/etc/kind.yml': 'featureGates: {}',
    'c.json': '[]',
    '/my files/c.yaml': '- west',
    Clusterfile: '- north',
  }
  for (const [path, content] of Object.entries(files)) world.files.content.set(path, content)
  // paths of a file's own entries are resolved, which starts at the working directory
  const here = process.cwd()
  world.files.content.set(`${here}/ci/kind/east.yaml`, 'featureGates: {East: true}')
  world.files.content.set(`${here}/west.config`, 'featureGates: {West: true}')
})

/** What is read, and the problems on the way. */
async function read(given: GivenInputs) {
  const problems = new Problems()
  return { read: await readInputFiles(world, withDefaults(given), problems), problems: problems.found }
}

describe('a line that names a file', () => {
  test.each([
    ['/etc/kind.yml', 'featureGates: {}'],
    ['c.json', '[]'],
    ['/my files/c.yaml', '- west'],
    ['Clusterfile', '- north'],
    ['"Clusterfile"', '- north'],
  ])('stands for its content, whatever it is called: %s', async (path, content) => {
    expect(await read({ clusters: path, config: path })).toEqual({
      read: withDefaults({ clusters: content, config: content }),
      problems: [],
    })
  })

  test.each(['3', '- east', '- name: a.yaml', 'a.yaml\nb.yaml', '{a: b}', '[a, b]', '{{ clusters }}', 'a: b: c'])(
    'is not %j',
    async (value) => {
      expect(await read({ clusters: value, config: value })).toEqual({
        read: withDefaults({ clusters: value, config: value }),
        problems: [],
      })
    },
  )

  test('is nothing for other inputs', async () => {
    expect(await read({ kubeconfig: 'c.json' })).toEqual({ read: withDefaults({ kubeconfig: 'c.json' }), problems: [] })
  })

  test('that cannot be read is a problem, and the rest goes on as if it had not been given', async () => {
    const message = (path: string) =>
      `is not YAML and not a file that can be read (ENOENT: ${path}); write YAML, or the path of a file with it`
    expect(await read({ clusters: 'no.yaml', config: 'none.yml', wait: '1m' })).toEqual({
      read: withDefaults({ wait: '1m' }),
      problems: [
        { input: 'config', value: 'none.yml', message: message('none.yml') },
        { input: 'clusters', value: 'no.yaml', message: message('no.yaml') },
      ],
    })
  })

  test('with a template that nothing filled in is told to be one', async () => {
    expect((await read({ config: '${CONFIG}' })).problems).toEqual([
      {
        input: 'config',
        value: '${CONFIG}',
        message: 'contains the template ${CONFIG}, which nothing has filled in; replace it with its value',
      },
    ])
  })
})

describe('the config of one cluster', () => {
  const configs = async (given: GivenInputs) => {
    const { read: raw, problems } = await read(given)
    expect(problems).toEqual([])
    return (parse(raw.clusters) as { config?: unknown }[]).map(({ config }) => config)
  }

  test('is relative to the working directory in an inline list', async () => {
    const clusters = '- {name: a, config: west.config}\n- {name: b, config: {featureGates: {B: true}}}\n- c'
    expect(await configs({ clusters })).toEqual([
      'featureGates: {West: true}',
      { featureGates: { B: true } },
      undefined,
    ])
  })

  test('is relative to the file of the list', async () => {
    expect(await configs({ clusters: 'ci/clusters.yaml' })).toEqual([
      'featureGates: {East: true}',
      'featureGates: {West: true}',
    ])
  })

  test('of several lines is YAML', async () => {
    expect(await configs({ clusters: '- config: |\n    kind: Cluster\n    nodes: []' })).toEqual([
      'kind: Cluster\nnodes: []\n',
    ])
  })

  test('leaves what stands beside it as it was written', async () => {
    const clusters =
      '- &a {name: "1.30", kubernetes-version: "1.30", config: west.config}\n- {<<: *a, name: on, workers: 010}'
    const { read: raw } = await read({ clusters })
    expect(raw.clusters).toContain('"1.30"')
    expect(raw.clusters).toContain('workers: 010')
  })

  test('that cannot be read is told with its place', async () => {
    const { problems } = await read({ clusters: '- a\n- {config: no/such.yaml}' })
    expect(problems.map(({ input, value }) => [input, value])).toEqual([['clusters[1].config', 'no/such.yaml']])
  })
})

describe('standard input', () => {
  test.each(['clusters', 'config'] as const)('is read for %s', async (input) => {
    world.files.standardInput = '- east'
    expect((await read({ [input]: '-' })).read[input]).toBe('- east')
  })

  test('is read for the config of a cluster', async () => {
    world.files.standardInput = 'kind: Cluster'
    expect((await read({ clusters: '- config: "-"' })).read.clusters).toContain('config: "kind: Cluster"')
  })

  test('can be read once', async () => {
    world.files.standardInput = '- east'
    expect((await read({ clusters: '-', config: '-' })).problems).toEqual([
      {
        input: 'clusters',
        value: '-',
        message: 'reads standard input, which config has read already; use a file for one of the two',
      },
    ])
  })

  test('that is empty is a problem', async () => {
    expect((await read({ config: '-' })).problems).toEqual([
      { input: 'config', value: '-', message: 'reads standard input, which is empty; pipe YAML into it' },
    ])
  })
})
