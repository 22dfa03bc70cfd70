import { cacheFile, find as findInToolCache } from '@actions/tool-cache'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { arch, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createToolStore, prependToPath } from '../../../src/adapters/tool-store.js'
import type { KeepSteps } from '../../../src/ports.js'

const sumOf = (content: string) => createHash('sha256').update(content).digest('hex')

let root: string
let added: string[]
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kfn-tools-'))
  added = []
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

const store = () => createToolStore(root, (directory) => added.push(directory))
const steps = (content: string, prove: KeepSteps['prove'] = () => Promise.resolve()): KeepSteps => ({
  write: (path) => writeFile(path, content),
  prove,
})
const keep = (content: string) => store().keep('kind', '0.33.0', sumOf(content), steps(content))
const place = () => join(root, 'kind/0.33.0', arch(), 'kind')

test('keeps a program that everyone may run, with its SHA-256 beside it', async () => {
  expect(await keep('program')).toBe(place())
  expect(readFileSync(place(), 'utf8')).toBe('program')
  expect(statSync(place()).mode & 0o777).toBe(0o755)
  expect(readFileSync(`${place()}.sha256`, 'utf8')).toBe(`${sumOf('program')}  kind\n`)
  expect(readdirSync(root)).toEqual(['kind'])
})

test('has it proved before anybody else finds it', async () => {
  let seen: unknown
  const prove = async (path: string) => {
    seen = [readFileSync(path, 'utf8'), statSync(path).mode & 0o111, path === place(), existsSync(place())]
    expect(await store().find('kind', '0.33.0', sumOf('program'))).toBeUndefined()
  }
  await store().keep('kind', '0.33.0', sumOf('program'), steps('program', prove))
  expect(seen).toEqual(['program', 0o111, false, false])
})

test.each([
  ['written', { write: () => Promise.reject(new Error('no')), prove: () => Promise.resolve() }],
  ['proved', steps('program', () => Promise.reject(new Error('no')))],
])('keeps nothing that cannot be %s, and leaves what was there', async (_, bad: KeepSteps) => {
  await expect(store().keep('kind', '0.33.0', sumOf('program'), bad)).rejects.toThrow('no')
  expect(readdirSync(root)).toEqual([])
  await keep('program')
  await expect(store().keep('kind', '0.33.0', sumOf('other'), bad)).rejects.toThrow('no')
  expect(readdirSync(root)).toEqual(['kind'])
  expect(readFileSync(place(), 'utf8')).toBe('program')
})

describe('finds', () => {
  test('what was kept, as it was', async () => {
    await keep('program')
    const found = { program: place(), intact: true }
    expect(await store().find('kind', '0.33.0', sumOf('program'))).toEqual(found)
    expect(await store().find('kind', '0.33.0')).toEqual(found)
  })

  test('what is not what it was any more', async () => {
    await keep('program')
    writeFileSync(place(), 'progrom')
    const found = { program: place(), intact: false }
    expect(await store().find('kind', '0.33.0', sumOf('program'))).toEqual(found)
    expect(await store().find('kind', '0.33.0')).toEqual(found)
    await keep('program')
    expect(await store().find('kind', '0.33.0')).toMatchObject({ intact: true })
  })

  test('nothing where nothing of that version is', async () => {
    await keep('program')
    expect(await store().find('kind', '0.33.1', sumOf('program'))).toBeUndefined()
    expect(await store().find('kubectl', '0.33.0', sumOf('program'))).toBeUndefined()
  })

  test('nothing where what it should be is not told by anyone', async () => {
    await keep('program')
    writeFileSync(`${place()}.sha256`, 'gone\n')
    expect(await store().find('kind', '0.33.0')).toBeUndefined()
  })

  test('nothing where another program keeps a directory of that name', async () => {
    mkdirSync(place(), { recursive: true })
    writeFileSync(`${dirname(place())}.complete`, '')
    expect(await store().find('kind', '0.33.0', sumOf('program'))).toBeUndefined()
  })
})

describe('the tool cache of other actions', () => {
  beforeEach(() => {
    process.env['RUNNER_TOOL_CACHE'] = root
  })
  afterEach(() => {
    delete process.env['RUNNER_TOOL_CACHE']
  })

  test('finds what was kept', async () => {
    await keep('program')
    expect(findInToolCache('kind', '0.33.0')).toBe(dirname(place()))
  })

  test('has what is found, where its SHA-256 is known', async () => {
    const source = join(root, 'source')
    writeFileSync(source, 'theirs')
    await cacheFile(source, 'kubectl', 'kubectl', 'v1.34.4')
    const program = join(root, 'kubectl/1.34.4', arch(), 'kubectl')
    expect(await store().find('kubectl', '1.34.4', sumOf('theirs'))).toEqual({ program, intact: true })
    expect(await store().find('kubectl', '1.34.4')).toBeUndefined()
  })

  test('is not looked at while it is written', async () => {
    mkdirSync(dirname(place()), { recursive: true })
    writeFileSync(place(), 'half')
    expect(await store().find('kind', '0.33.0', sumOf('program'))).toBeUndefined()
  })
})

test('many runs at a time keep and use the same program', async () => {
  const content = 'program '.repeat(10_000)
  const seen = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const program = await keep(content)
      return [readFileSync(program, 'utf8') === content, (await store().find('kind', '0.33.0'))?.intact]
    }),
  )
  expect(seen).toEqual(Array(30).fill([true, true]))
  expect(readdirSync(root)).toEqual(['kind'])
})

test('names the directory that cannot be written, and what to do', async () => {
  symlinkSync('/proc/1/nowhere', join(root, 'file'))
  const other = createToolStore(join(root, 'file'), () => undefined)
  await expect(other.keep('kind', '0.33.0', sumOf('program'), steps('program'))).rejects.toThrow(
    /^tools cannot be kept in \S+file \(.*\); name a directory that can be written in RUNNER_TOOL_CACHE/,
  )
})

test('puts the directory of a program on the PATH', () => {
  store().addToPath('/tools/kind/0.33.0/x64/kind')
  expect(added).toEqual(['/tools/kind/0.33.0/x64'])
})

test('what is put on the PATH of a process comes first', () => {
  const before = process.env['PATH']
  try {
    prependToPath('/tools/kind')
    expect(process.env['PATH']).toBe(`/tools/kind:${before ?? ''}`)
  } finally {
    process.env['PATH'] = before
  }
})
