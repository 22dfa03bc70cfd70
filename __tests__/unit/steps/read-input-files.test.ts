import { expect, test } from '@jest/globals'
import { InputError } from '../../../src/errors.js'
import { withDefaults } from '../../../src/plan/inputs.js'
import { readInputFiles } from '../../../src/steps/read-input-files.js'
import { fakeWorld } from '../../fakes/world.js'

const world = fakeWorld()
world.files.content.set('ci/clusters.yaml', '- east')
world.files.content.set('/etc/kind.yml', 'featureGates: {}')
world.files.content.set('c.json', '[]')

test.each([
  ['ci/clusters.yaml', '- east'],
  ['/etc/kind.yml', 'featureGates: {}'],
  ['c.json', '[]'],
])('puts the content of %s in the place of its path', async (path, content) => {
  const raw = withDefaults({ clusters: path, config: path })
  expect(await readInputFiles(world, raw)).toEqual({ ...raw, clusters: content, config: content })
})

test.each(['3', '- east', '- name: a.yaml', 'a.yaml\nb.yaml', '{a: b}', 'clusters.txt'])(
  'leaves %j as it is: it is no path of a YAML file',
  async (value) => {
    const raw = withDefaults({ clusters: value, config: value })
    expect(await readInputFiles(world, raw)).toEqual(raw)
  },
)

test('leaves other inputs alone, whatever they look like', async () => {
  const raw = withDefaults({ kubeconfig: 'ci/clusters.yaml' })
  expect(await readInputFiles(world, raw)).toEqual(raw)
})

test('names every file that cannot be read', async () => {
  const reading = readInputFiles(world, withDefaults({ clusters: 'no.yaml', config: 'none.yml' }))
  await expect(reading).rejects.toThrow(
    new InputError([
      {
        input: 'clusters',
        value: 'no.yaml',
        message: 'is no file that can be read; give the path of one, or YAML itself',
      },
      {
        input: 'config',
        value: 'none.yml',
        message: 'is no file that can be read; give the path of one, or YAML itself',
      },
    ]),
  )
})
