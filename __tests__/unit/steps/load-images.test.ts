import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createExecRunner } from '../../../src/adapters/exec-runner.js'
import { nodeFiles } from '../../../src/adapters/node-files.js'
import { CancelledError } from '../../../src/errors.js'
import { Problems } from '../../../src/model/problems.js'
import {
  findImages,
  imagesMissing,
  loadImages,
  removeSavedImages,
  saveImages,
  type ImageArchive,
} from '../../../src/steps/load-images.js'
import { directory, facts } from '../../fakes/build.js'
import { fails, hang } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const digest = 'a'.repeat(64)
const { engine } = facts()

function inEngine(world: FakeWorld, ...tags: string[]): void {
  world.runner.on('docker image inspect', JSON.stringify([{ Id: `sha256:${digest}`, RepoTags: tags }]))
}

function archive(world: FakeWorld, path: string, lists: Record<string, string>): void {
  world.files.content.set(path, '')
  world.runner.on('tar ', fails('tar: manifest.json: Not found in archive', 'exit code 2'))
  for (const [file, text] of Object.entries(lists))
    world.runner.on(`tar --occurrence=1 -xOf ${resolve(path)} ${file}`, text)
}

async function find(world: FakeWorld, ...given: string[]) {
  const problems = new Problems()
  const images = await findImages(world, given, problems)
  return { images, problems: problems.found.map(({ input, value, message }) => [input, value, message].join(' ')) }
}

test('an image of the engine is known by its whole name', async () => {
  const world = fakeWorld()
  inEngine(world, 'other:1', 'me/app:latest')
  expect(await find(world, 'me/app')).toEqual({
    images: [{ given: 'me/app', contents: [{ name: 'docker.io/me/app:latest', id: `sha256:${digest}` }] }],
    problems: [],
  })
})

test('a file is an archive, whatever its name; its images are read from the first list it has', async () => {
  const world = fakeWorld()
  archive(world, 'busybox', {
    'manifest.json': JSON.stringify([{ Config: `${digest}.json`, RepoTags: ['app:1'] }]),
    'index.json': '{}',
  })
  const { images } = await find(world, 'busybox')
  expect(images).toEqual([
    {
      given: 'busybox',
      archive: resolve('busybox'),
      contents: [{ name: 'docker.io/library/app:1', id: `sha256:${digest}` }],
    },
  ])
})

test('an archive without the list of Docker has an index', async () => {
  const world = fakeWorld()
  const annotations = { 'io.containerd.image.name': 'docker.io/me/app:1' }
  archive(world, 'oci.tar', {
    'index.json': JSON.stringify({ manifests: [{ digest: `sha256:${digest}`, annotations }] }),
  })
  expect((await find(world, 'oci.tar')).images).toMatchObject([{ contents: [{ name: 'docker.io/me/app:1' }] }])
})

test('every value that is wrong is told at once, with what would be right', async () => {
  const world = fakeWorld()
  world.files.content.set('notes.txt', '')
  world.files.content.set('nameless.tar', '')
  world.files.content.set('odd.tar', '')
  world.files.directories.add('layout')
  world.runner
    .on('docker image inspect', fails('[]\nError: No such image: nosuch:1'))
    .on('docker image inspect 8ab098f90ace', JSON.stringify([{ Id: `sha256:${digest}`, RepoTags: ['me/app:1'] }]))
    .on('docker image inspect 017e49a3718c', JSON.stringify([{ Id: `sha256:${digest}`, RepoTags: null }]))
    .on('tar ', fails('tar: This does not look like a tar archive', 'exit code 2'))
    .on(`${resolve('nameless.tar')} manifest.json`, JSON.stringify([{ Config: `${digest}.json`, RepoTags: null }]))
    .on(`${resolve('odd.tar')} manifest.json`, 'no JSON')
  const { images, problems } = await find(
    world,
    'nosuch:1',
    'layout',
    'Not An Image',
    `me/app@sha256:${digest}`,
    '8ab098f90ace',
    '017e49a3718c',
    'notes.txt',
    'nameless.tar',
    'odd.tar',
  )
  expect(images).toEqual([])
  const missing =
    'is neither a file nor an image in the engine; docker pull or build it before, or give the path of an archive'
  expect(problems.slice(0, 3)).toEqual([
    `images nosuch:1 ${missing}`,
    'images layout is a directory and not an image in the engine; docker pull or build it before, or give the path of an archive',
    expect.stringContaining('images Not An Image is no image; give its name'),
  ])
  expect(problems[3]).toContain('give its tag')
  expect(problems[4]).toBe(
    'images 8ab098f90ace is the id of an image, which pods cannot ask for; give its name: me/app:1',
  )
  expect(problems[5]).toMatch(/docker tag it$/)
  expect(problems[6]).toBe(
    'images notes.txt is not an archive of images (tar: This does not look like a tar archive); create one: docker image save --output FILE NAME:TAG',
  )
  expect(problems[7]).toContain('images nameless.tar holds no image that has a name with a tag')
  expect(problems[8]).toBe(
    'images odd.tar is not an archive of images (its manifest.json is not a list of images); create one: docker image save --output FILE NAME:TAG',
  )
})

test.each(['named pipe', 'socket', 'device'] as const)('a %s is not opened, and told to be one', async (kind) => {
  const world = fakeWorld()
  world.files.kinds.set('thing', kind)
  expect(await find(world, 'thing')).toEqual({
    images: [],
    problems: [`images thing is a ${kind}; give the path of a regular file, or the name of an image in the engine`],
  })
  expect(world.runner.calls).toEqual([])
})

test('an image that is called as a directory is one of the engine', async () => {
  const world = fakeWorld()
  world.files.directories.add('app')
  inEngine(world, 'app:latest')
  expect((await find(world, 'app')).images).toMatchObject([{ given: 'app' }])
})

test('a tar that cannot stop early reads on', async () => {
  const world = fakeWorld()
  world.files.content.set('app.tar', '')
  world.runner
    .on('tar --occurrence=1', fails("tar: unrecognized option '--occurrence=1'", 'exit code 1'))
    .on(`tar -xOf ${resolve('app.tar')} manifest.json`, JSON.stringify([{ RepoTags: ['app:1'] }]))
  expect((await find(world, 'app.tar')).images).toMatchObject([{ contents: [{ name: 'docker.io/library/app:1' }] }])
})

describe('with real files and a real tar,', () => {
  let scratch: string
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'load images-'))
  })
  afterEach(() => {
    rmSync(scratch, { recursive: true })
  })
  const path = (name: string) => join(scratch, name)
  const archived = (name: string, ...files: readonly string[]) => {
    execFileSync('tar', ['--sparse', '-caf', path(name), '-C', scratch, ...files])
  }

  async function findReal(...names: string[]) {
    const given = names.map(path)
    const problems = new Problems()
    const runner = createExecRunner({}, () => undefined)
    const images = await findImages({ runner, files: nodeFiles }, given, problems)
    return { images, problems: problems.found.map(({ message }) => message) }
  }

  test('a list of 400 MB is not read to its end', async () => {
    writeFileSync(path('manifest.json'), '')
    truncateSync(path('manifest.json'), 400e6)
    archived('bomb.tar', 'manifest.json')
    archived('bomb.tar.gz', 'manifest.json')
    const message =
      'is not an archive of images (its manifest.json is larger than the 5.0 MB that are read); create one: docker image save --output FILE NAME:TAG'
    expect(await findReal('bomb.tar', 'bomb.tar.gz')).toEqual({ images: [], problems: [message, message] })
  })

  test.each(['null', '[null]', '[{"Config":"x","RepoTags":[3]}]'])('a list that is %s is not one', async (list) => {
    writeFileSync(path('manifest.json'), list)
    archived('odd.tar', 'manifest.json')
    expect((await findReal('odd.tar')).problems).toEqual([
      expect.stringMatching(/^is not an archive of images \(its manifest\.json is not a list of images\)/),
    ])
  })

  test('the list is found wherever it stands', async () => {
    writeFileSync(path('manifest.json'), JSON.stringify([{ Config: digest, RepoTags: ['app:1'] }]))
    writeFileSync(path('layer'), 'layer'.repeat(100_000))
    archived('first.tar', 'manifest.json', 'layer')
    archived('last.tar.gz', 'layer', 'manifest.json')
    expect((await findReal('first.tar', 'last.tar.gz')).images.map(({ contents }) => contents)).toEqual(
      Array(2).fill([{ name: 'docker.io/library/app:1', id: `sha256:${digest}` }]),
    )
  })

  test('what is no archive says why: a text, an empty file, another archive', async () => {
    writeFileSync(path('text'), 'a text\n'.repeat(1000))
    writeFileSync(path('empty'), '')
    archived('other.tar', 'text')
    const { problems } = await findReal('text', 'empty', 'other.tar')
    expect(problems).toEqual([
      expect.stringContaining('(tar: This does not look like a tar archive)'),
      expect.stringMatching(/^is not an archive of images \(/),
      expect.stringContaining('(it has neither manifest.json nor index.json)'),
    ])
  })

  test('a pipe that nobody writes to is refused', async () => {
    execFileSync('mkfifo', [path('pipe')])
    expect((await findReal('pipe')).problems).toEqual([expect.stringMatching(/^is a named pipe; /)])
    symlinkSync('/dev/urandom', path('random'))
    expect((await findReal('random')).problems).toEqual([expect.stringMatching(/^is a device; /)])
  })
})

test('an engine that does not answer is no typo', async () => {
  const world = fakeWorld()
  world.runner.on('docker image inspect', fails('Cannot connect to the Docker daemon'))
  await expect(find(world, 'app')).rejects.toThrow('Cannot connect')
})

const app = { given: 'app:1', contents: [{ name: 'docker.io/library/app:1', id: 'sha256:a' }] }
const tool = { given: 'tool:1', contents: [{ name: 'docker.io/library/tool:1', id: 'sha256:b' }] }
const file = {
  given: 'x.tar',
  archive: '/w/x.tar',
  contents: [
    { name: 'docker.io/library/x:1', id: 'sha256:c' },
    { name: 'docker.io/library/y:1', id: 'sha256:d' },
  ],
}

test('missing is what one of the nodes lacks', async () => {
  const world = fakeWorld()
  world.runner.on('docker exec', '').on('docker exec west', 'docker.io/library/y:1\ndocker.io/library/app:1\n')
  expect(await imagesMissing(world, [app, tool, file], ['east', 'west'])).toEqual([app, file])
  expect(world.runner.calls).toHaveLength(2)
})

test('nothing to load asks nothing and saves nothing', async () => {
  const world = fakeWorld()
  expect(await imagesMissing(world, [], ['east'])).toEqual([])
  expect(await saveImages(world, [], engine, directory)).toEqual([])
  expect(world.runner.calls).toEqual([])
})

test('images of the engine go into one archive; given ones stay where they are', async () => {
  const world = fakeWorld()
  world.runner.on('docker image save', '')
  const archives = await saveImages(world, [app, file, tool], engine, directory)
  expect(archives).toEqual([
    {
      path: `${directory}/images/images.tar`,
      onNode: '/kind-flat-network-images/images.tar',
      contents: [...app.contents, ...tool.contents],
    },
    { path: '/w/x.tar', onNode: '', contents: file.contents },
  ])
  expect(world.runner.lines()).toEqual([`docker image save --output ${directory}/images/images.tar app:1 tool:1`])
  for (const { path } of archives) world.files.content.set(path, '')
  await removeSavedImages(world, directory)
  expect([...world.files.content.keys()]).toEqual(['/w/x.tar'])
})

const archives: ImageArchive[] = [
  { path: '/t/images.tar', onNode: '/n/images.tar', contents: app.contents },
  { path: '/w/x.tar', onNode: '', contents: file.contents },
]

test('all nodes are loaded at the same time, each with one archive after the other', async () => {
  const world = fakeWorld()
  let release: (output: string) => void = () => undefined
  const gate = new Promise<string>((resolve) => (release = resolve))
  world.runner.on('docker exec', () => gate)
  const done = loadImages(world, archives, ['east', 'west'])
  await Promise.resolve()
  expect(world.runner.calls.map(({ command, options }) => [command[3], options.inputFile])).toEqual([
    ['east', '/t/images.tar'],
    ['west', '/t/images.tar'],
  ])
  release('')
  await done
  expect(world.runner.calls.slice(2).map(({ options }) => options.inputFile)).toEqual(['/w/x.tar', '/w/x.tar'])
})

test('counts the nodes that were given something', async () => {
  const world = fakeWorld()
  world.runner.on('docker exec', '').on(/west .*app:1/s, 'docker.io/library/app:1\n')
  expect(await loadImages(world, archives, ['east', 'west'])).toBe(1)
})

test('a failure names node and images, and ends the others', async () => {
  const world = fakeWorld()
  world.runner.on('docker exec', hang).on('--interactive west', fails('ctr: no space left on device'))
  const failure = await loadImages(world, archives, ['east', 'west', 'north']).catch((error: unknown) => error)
  expect(String(failure)).toMatch(/^Error: node west did not get docker\.io\/library\/app:1: docker exec /)
  expect(String(failure)).toContain('no space left on device')
  expect(world.runner.calls.map(({ outcome }) => outcome)).toEqual(['stopped', 'failed', 'stopped'])
})

test('a run that is stopped throws the stop itself', async () => {
  const world = fakeWorld()
  world.runner.on('docker exec', hang)
  const stop = new AbortController()
  const loading = loadImages({ runner: world.runner.until(stop.signal) }, archives, ['east'])
  const reason = new CancelledError('SIGINT')
  stop.abort(reason)
  await expect(loading).rejects.toBe(reason)
})
