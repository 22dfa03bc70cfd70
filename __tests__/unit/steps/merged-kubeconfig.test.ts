import { beforeEach, describe, expect, test } from '@jest/globals'
import { parse, stringify } from 'yaml'
import type { RunRecord } from '../../../src/plan/run-record.js'
import { claimKubeconfig, removeKubeconfig, writeKubeconfig } from '../../../src/steps/merged-kubeconfig.js'
import { directory, record, run } from '../../fakes/build.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const place = '/home/me/config'
const own = record({ clusters: '- east\n- west' })
const named = record({ clusters: '- east\n- west', kubeconfig: place })

let world: FakeWorld

beforeEach(() => {
  world = fakeWorld()
  world.files.directories.add(directory)
  for (const name of ['east', 'west']) {
    const kinds = {
      clusters: [{ name, cluster: { server: 'https://127.0.0.1:40001' } }],
      contexts: [{ name: `kind-${name}` }],
      users: [{ name }],
    }
    world.files.content.set(`${directory}/${name}.kubeconfig`, stringify(kinds))
  }
})

const at = (path: string) =>
  parse(world.files.content.get(path) ?? '') as { 'current-context'?: string; contexts: { name: string }[] } | null
const claimed = (of: RunRecord = named) => claimKubeconfig(world, of)

describe('the merged kubeconfig in the directory of the run', () => {
  test('has a context of every cluster, the first one being the current one', async () => {
    await writeKubeconfig(world, await claimed(own))
    const merged = at(`${directory}/kubeconfig`)
    expect(merged?.['current-context']).toBe('kind-east')
    expect(merged?.contexts.map(({ name }) => name)).toEqual(['kind-east', 'kind-west'])
  })

  test('is not written when that of a cluster is missing', async () => {
    world.files.content.delete(`${directory}/west.kubeconfig`)
    await expect(writeKubeconfig(world, own)).rejects.toThrow('west.kubeconfig')
    expect(world.files.content.has(`${directory}/kubeconfig`)).toBe(false)
  })
})

describe('the merged kubeconfig where the user named its place', () => {
  test('is created before there are clusters, written later and removed at last', async () => {
    const later = await claimed()
    expect(world.files.content.has(place)).toBe(true)
    await writeKubeconfig(world, later)
    expect(at(place)?.contexts).toHaveLength(2)
    await removeKubeconfig(world, later)
    expect([world.files.content.has(place), world.log.infos]).toEqual([false, []])
  })

  test('is not written again where it is right, so that it is never empty for a moment', async () => {
    const later = await claimed()
    await writeKubeconfig(world, later)
    const written: string[] = []
    const overwrite = world.files.overwrite.bind(world.files)
    world.files.overwrite = (path, content) => {
      written.push(path)
      return overwrite(path, content)
    }
    await writeKubeconfig(world, later)
    expect(written).toEqual([])
    world.files.content.set(place, (world.files.content.get(place) ?? '').replace('kind-east', 'kind-other'))
    await writeKubeconfig(world, later)
    expect([written, at(place)?.['current-context']]).toEqual([[place], 'kind-east'])
  })

  test('is refused when somebody has created a file there since the plan', async () => {
    world.files.replace(place, 'theirs')
    await expect(claimed()).rejects.toThrow(
      `kubeconfig: "${place}" exists already and is left alone; name a file that does not, or remove it`,
    )
    expect(world.files.content.get(place)).toBe('theirs')
  })

  test('is refused when it cannot be created', async () => {
    world.files.stuck.add(place)
    await expect(claimed()).rejects.toThrow(
      `kubeconfig: "${place}" cannot be created (EACCES: ${place}); name a file in a directory that you can write to`,
    )
  })

  test('is neither written nor removed when somebody has put another file there', async () => {
    const later = await claimed()
    world.files.replace(place, 'theirs')
    await expect(writeKubeconfig(world, later)).rejects.toThrow(`${place} is no longer the file that this run created`)
    await removeKubeconfig(world, later)
    expect(world.files.content.get(place)).toBe('theirs')
    expect(world.log.infos).toEqual([`${place} stays: this run did not create it`])
  })

  test.each<[string, (files: FakeWorld['files']) => unknown]>([
    ['kubectl has changed it in place', (files) => files.overwrite(place, 'current-context: kind-west')],
    [
      'an editor has put a changed copy in its place',
      (files) => {
        files.replace(place, `${files.content.get(place) ?? ''}# mine\n`)
      },
    ],
  ])('is still the run’s when %s', async (_, change) => {
    const later = await claimed()
    await writeKubeconfig(world, later)
    await change(world.files)
    expect(await claimed(later)).toEqual(later)
    await removeKubeconfig(world, later)
    expect(world.files.content.has(place)).toBe(false)
  })

  test('is the run’s also when the process ended before that was written down', async () => {
    await claimed()
    await removeKubeconfig(world, named)
    expect(world.files.content.has(place)).toBe(false)
  })

  test('is created again when it was removed, and is nothing to be removed then', async () => {
    const later = await claimed()
    await removeKubeconfig(world, later)
    await removeKubeconfig(world, later)
    const again = await claimed(later)
    await writeKubeconfig(world, again)
    expect([at(place)?.contexts.length, world.log.infos]).toEqual([2, []])
  })

  test('that another run wrote is not this run’s', async () => {
    await claimed({ ...named, run: 'cafe0001' })
    await removeKubeconfig(world, { ...named, run })
    expect(world.files.content.has(place)).toBe(true)
  })
})
