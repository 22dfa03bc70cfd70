import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { execa } from 'execa'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  cannotStopEarly,
  findImagesOn,
  importImages,
  readFromArchive,
  whyNotRead,
} from '../../../src/commands/containerd.js'

/** The scripts run in a real bash, with a containerd of ours. */

const id = (letter: string) => `sha256:${letter.repeat(64)}`
const manifest = id('0')
const app = { name: 'docker.io/me/app:1', id: id('a') }

const configs = {
  2: `version = 2
[plugins]
  [plugins."io.containerd.gc.v1.scheduler"]
    snapshotter = "wrong"
  [plugins."io.containerd.grpc.v1.cri"]
    [plugins."io.containerd.grpc.v1.cri".containerd]
      snapshotter = "native"
      [plugins."io.containerd.grpc.v1.cri".containerd.default_runtime]
        snapshotter = "wrong"
`,
  3: `version = 3
[plugins]
  [plugins.'io.containerd.cri.v1.images']
    snapshotter = 'native'
    [plugins.'io.containerd.cri.v1.images'.pinned_images]
      sandbox = 'registry.k8s.io/pause:3.10'
  [plugins.'io.containerd.cri.v1.runtime']
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      snapshotter = ''
`,
}

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'containerd-test-'))
  await mkdir(join(directory, 'bin'))
  await program('containerd', `cat "${directory}/config"`)
  await program(
    'ctr',
    `printf '%s\\n' "$*" >>"${directory}/calls"
case "$*" in
  *' check '*) cat "${directory}/images" ;;
  *' import '*) cat >"${directory}/imported"; echo unpacking; exit "$(cat "${directory}/exit" 2>/dev/null || echo 0)" ;;
esac`,
  )
  await writeFile(join(directory, 'config'), configs[2])
})

afterEach(() => rm(directory, { recursive: true, force: true }))

async function program(name: string, body: string): Promise<void> {
  const path = join(directory, 'bin', name)
  await writeFile(path, `#!/bin/bash\n${body}\n`)
  await chmod(path, 0o755)
}

/** What `ctr images check` tells, one line for each image. */
async function onNode(...rows: [name: string, digest: string, unpacked: boolean][]): Promise<void> {
  const lines = rows.map(
    ([name, digest, unpacked]) =>
      `${name} application/vnd.oci.image.manifest.v1+json ${digest} complete (2/2) 36.0 MiB/36.0 MiB ${String(unpacked)}`,
  )
  await writeFile(join(directory, 'images'), ['REF TYPE DIGEST STATUS SIZE UNPACKED', ...lines, ''].join('\n'))
}

async function execute(command: readonly string[]) {
  const start = command.indexOf('bash')
  const { stdout, exitCode } = await execa('bash', command.slice(start + 1), {
    env: { PATH: `${directory}/bin:${process.env['PATH'] ?? ''}` },
    input: 'the archive',
    reject: false,
  })
  const calls = (await readFile(join(directory, 'calls'), 'utf8')).trimEnd().split('\n')
  const imported = await readFile(join(directory, 'imported'), 'utf8').catch(() => undefined)
  return { stdout, exitCode, imported, changes: calls.filter((call) => !call.includes(' check ')) }
}

const importCall = '--namespace=k8s.io images import --all-platforms --digests --snapshotter=native -'

test('a command runs on the node, and only an import has a standard input', () => {
  expect(findImagesOn('east-worker', [app]).slice(0, 4)).toEqual(['docker', 'exec', 'east-worker', 'bash'])
  expect(importImages('east-worker', [app], '').slice(0, 4)).toEqual(['docker', 'exec', '--interactive', 'east-worker'])
})

test.each([2, 3] as const)('what is lacking is imported for the snapshotter of a configuration %i', async (version) => {
  await writeFile(join(directory, 'config'), configs[version])
  await onNode()
  const { stdout, exitCode, imported, changes } = await execute(importImages('n', [app], ''))
  expect({ stdout, exitCode, imported, changes }).toEqual({
    stdout: app.name,
    exitCode: 0,
    imported: 'the archive',
    changes: [importCall],
  })
})

test('what the node can read as a file is imported from there', async () => {
  await onNode()
  const file = join(directory, 'config')
  expect((await execute(importImages('n', [app], file))).changes).toEqual([importCall.replace(/-$/, file)])
  expect((await execute(importImages('n', [app], '/nowhere'))).changes.at(-1)).toBe(importCall)
})

test.each([
  ['by the id of its config', [app.name, manifest, true], [app.id, manifest, true]],
  ['by its manifest', [app.name, app.id, true], ['x', app.id, true]],
] as const)('what is there is left alone: known %s', async (_, ...rows) => {
  await onNode(...rows.map((row) => [...row] as [string, string, boolean]))
  expect(await execute(importImages('n', [app], ''))).toEqual({ stdout: '', exitCode: 0, changes: [] })
})

test.each([
  ['another image has its name', [app.name, id('1'), true]],
  ['it is not unpacked', [app.name, app.id, false]],
] as const)('an image is lacking when %s', async (_, row) => {
  await onNode([...row])
  expect((await execute(findImagesOn('n', [app]))).stdout).toBe(app.name)
})

test('one that has another name gets this one, whoever had it before', async () => {
  await onNode([app.name, id('1'), true], [app.id, manifest, true])
  const { stdout, changes } = await execute(importImages('n', [app], ''))
  expect(stdout).toBe('')
  expect(changes).toEqual([`--namespace=k8s.io images tag --force ${app.id} ${app.name}`])
})

test('a question only tells, of each image', async () => {
  const there = { name: 'docker.io/me/there:1', id: id('c') }
  await onNode([there.name, there.id, true])
  const { stdout, imported, changes } = await execute(
    findImagesOn('n', [app, there, { ...app, name: 'docker.io/me/app:2' }]),
  )
  expect({ lines: stdout.split('\n'), imported, changes }).toEqual({
    lines: [app.name, 'docker.io/me/app:2'],
    imported: undefined,
    changes: [],
  })
})

test('an import that fails fails', async () => {
  await onNode()
  await writeFile(join(directory, 'exit'), '7')
  expect((await execute(importImages('n', [app], ''))).exitCode).toBe(7)
})

test('a file out of an archive, packed or not', async () => {
  await writeFile(join(directory, 'manifest.json'), '[]')
  for (const [flags, name] of [
    ['-cf', 'plain.tar'],
    ['-czf', 'packed.tar.gz'],
  ] as const) {
    await execa('tar', [flags, join(directory, name), '-C', directory, 'manifest.json'])
    for (const stopsEarly of [true, false]) {
      const [tar = '', ...rest] = readFromArchive(join(directory, name), 'manifest.json', stopsEarly)
      expect((await execa(tar, rest)).stdout).toBe('[]')
    }
  }
})

test('what comes after the file is not read: the rest of the archive may be damaged', async () => {
  await writeFile(join(directory, 'manifest.json'), '[]')
  await writeFile(join(directory, 'layer'), randomBytes(500_000))
  const archive = join(directory, 'damaged.tar.gz')
  await execa('tar', ['-czf', archive, '-C', directory, 'manifest.json', 'layer'])
  await truncate(archive, 100_000)
  const read = (stopsEarly: boolean) => {
    const [tar = '', ...rest] = readFromArchive(archive, 'manifest.json', stopsEarly)
    return execa(tar, rest, { reject: false })
  }
  expect(await read(true)).toMatchObject({ exitCode: 0, stdout: '[]' })
  expect((await read(false)).exitCode).not.toBe(0)
})

test.each([
  ["tar: unrecognized option '--occurrence=1'\nBusyBox v1.35.0", true],
  ['bsdtar: Option --occurrence=1 is not supported\nUsage:', true],
  ['tar: manifest.json: Not found in archive', false],
])('a tar that cannot stop early: %j', (output, cannot) => {
  expect(cannotStopEarly(output)).toBe(cannot)
})

test.each([
  ['tar: manifest.json: Not found in archive\ntar: Exiting with failure status due to previous errors', undefined],
  ['tar: manifest.json: not found in archive', undefined],
  ['tar: A lone zero block at 3\ntar: manifest.json: Not found in archive', undefined],
  ['tar: This does not look like a tar archive\ntar: Exiting', 'tar: This does not look like a tar archive'],
  ['tar: /w/x.tar: Cannot open: Permission denied', 'tar: /w/x.tar: Cannot open: Permission denied'],
  ['bsdtar: manifest.json: Not found in archive\nbsdtar: Error exit delayed from previous errors.', undefined],
  ['gzip: stdin: unexpected end of file\ntar: Child returned status 1', 'gzip: stdin: unexpected end of file'],
  ['[{"Config":\n "a"tar: Unexpected EOF in archive\ntar: Error is not recoverable', 'tar: Unexpected EOF in archive'],
  [`tar: ${'x'.repeat(300)}: Cannot open`, `tar: ${'x'.repeat(195)}…`],
  ['[{"Config"', 'tar: exit code 2'],
  ['', 'tar: exit code 2'],
])('why tar read nothing: %j', (output, why) => {
  expect(whyNotRead({ outcome: 'exit code 2', output })).toBe(why)
})
