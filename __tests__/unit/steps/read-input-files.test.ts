import { beforeEach, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { CancelledError, describeProblem } from '../../../src/errors.js'
import { Problems } from '../../../src/model/problems.js'
import { withDefaults, type GivenInputs } from '../../../src/plan/inputs.js'
import { parseRequest } from '../../../src/plan/request.js'
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

describe('what is wrong with a file shows its name, never what it holds', () => {
  /** Lines of what is wrong with the inputs. */
  async function problemsOf(content: string, given: GivenInputs): Promise<string[]> {
    world.files.content.set('secret.json', content)
    const problems = new Problems()
    parseRequest(await readInputFiles(world, withDefaults(given), problems), problems)
    return problems.found.map(describeProblem)
  }

  test.each([
    ['s3cret', 'is neither a count nor a YAML list; give 3, or one entry for each cluster: "- name: east"'],
    [
      '{"token": "s3cret"}',
      'is neither a count nor a YAML list; give 3, or one entry for each cluster: "- name: east"',
    ],
    ['token: "s3cret', 'is not YAML: Missing closing "quote at line 1, column 15'],
    ['- a\n- |s3cret\n', 'is not YAML: Block scalar header includes extra characters at line 2, column 4'],
    ['[a] s3cret', 'is not YAML: Unexpected scalar at node end at line 1, column 5'],
    ['- a\n}s3cret', 'is not YAML: Unexpected flow-map-end token in YAML stream at line 2, column 1'],
    ['a: 1\n---\ns3cret: 1', 'contains several YAML documents; use one file for each'],
  ])('clusters: %j', async (content, message) => {
    expect(await problemsOf(content, { clusters: 'secret.json' })).toEqual([`clusters: "secret.json" ${message}`])
    world.files.standardInput = content
    expect(await problemsOf('', { clusters: '-' })).toEqual([`clusters: "-" ${message}`])
  })

  test.each(['s3cret', '[s3cret]', 'token: "s3cret', '[a] s3cret'])('config: %j', async (content) => {
    for (const [input, given] of [
      ['config', { config: 'secret.json' }],
      ['clusters[0].config', { clusters: '[{config: secret.json}]' }],
    ] as const) {
      const problems = await problemsOf(content, given)
      expect(problems).toEqual([expect.stringMatching(`^${input.replace(/[[\]]/g, '\\$&')}: "secret.json" `)])
      expect(problems.join()).not.toContain('s3cret')
    }
  })

  test('a patch that cannot be read', async () => {
    const config = 'containerdConfigPatches: ["a = s3cret"]\nkubeadmConfigPatches: ["a: \\"s3cret"]'
    const problems = await problemsOf(config, { config: 'secret.json' })
    expect(problems.map((line) => line.split(':')[0])).toEqual([
      'config.kubeadmConfigPatches[0]',
      'config.containerdConfigPatches[0]',
    ])
    expect(problems.join()).not.toContain('s3cret')
  })

  test('a value inside is shortened', async () => {
    const [problem = ''] = await problemsOf(`[{"workers": "${'s3cret'.repeat(100)}"}]`, { clusters: 'secret.json' })
    expect(problem).toContain(`clusters[0].workers: "${'s3cret'.repeat(33)}s3…" is `)
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

test.each(['-', 'c.json'])('who is stopped while %s is read is not told of a problem', async (name) => {
  const stopped = () => Promise.reject(new CancelledError('SIGINT'))
  Object.assign(world.files, { read: stopped, readStandardInput: stopped })
  await expect(read({ clusters: name })).rejects.toThrow(new CancelledError('SIGINT'))
})
