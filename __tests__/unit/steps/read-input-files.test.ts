import { expect, test } from '@jest/globals'
import { withDefaults, type RawInputs } from '../../../src/plan/inputs.js'
import { Problems } from '../../../src/model/problems.js'
import { readInputFiles } from '../../../src/steps/read-input-files.js'
import { fakeWorld } from '../../fakes/world.js'

const world = fakeWorld()
world.files.content.set('ci/clusters.yaml', '- east')
world.files.content.set('/etc/kind.yml', 'featureGates: {}')
world.files.content.set('c.json', '[]')
world.files.content.set('/my files/c.yaml', '- west')

/** What is read, and the problems on the way. */
async function read(raw: RawInputs) {
  const problems = new Problems()
  return { read: await readInputFiles(world, raw, problems), problems: problems.found }
}

test.each([
  ['ci/clusters.yaml', '- east'],
  ['/etc/kind.yml', 'featureGates: {}'],
  ['c.json', '[]'],
  ['/my files/c.yaml', '- west'],
])('puts the content of %s in the place of its path', async (path, content) => {
  const raw = withDefaults({ clusters: path, config: path })
  expect(await read(raw)).toEqual({ read: { ...raw, clusters: content, config: content }, problems: [] })
})

test.each(['3', '- east', '- name: a.yaml', 'a.yaml\nb.yaml', '{a: b}', 'clusters.txt'])(
  'leaves %j as it is: it is no path of a YAML file',
  async (value) => {
    const raw = withDefaults({ clusters: value, config: value })
    expect(await read(raw)).toEqual({ read: raw, problems: [] })
  },
)

test('leaves other inputs alone, whatever they look like', async () => {
  const raw = withDefaults({ kubeconfig: 'ci/clusters.yaml' })
  expect(await read(raw)).toEqual({ read: raw, problems: [] })
})

test('names every file that cannot be read, and goes on as if it had not been given', async () => {
  const message = 'is no file that can be read; give the path of one, or YAML itself'
  expect(await read(withDefaults({ clusters: 'no.yaml', config: 'none.yml', wait: '1m' }))).toEqual({
    read: withDefaults({ wait: '1m' }),
    problems: [
      { input: 'clusters', value: 'no.yaml', message },
      { input: 'config', value: 'none.yml', message },
    ],
  })
})
