import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { nodeFiles } from '../../../src/adapters/node-files.js'

let root: string
const at = (name: string) => join(root, name)

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kfn-files-'))
})

afterEach(() => {
  rmSync(root, { recursive: true })
})

describe('createPrivate', () => {
  test('creates a file that only its owner can read', async () => {
    await nodeFiles.createPrivate(at('config'), 'text')
    expect(readFileSync(at('config'), 'utf8')).toBe('text')
    expect(statSync(at('config')).mode & 0o777).toBe(0o600)
  })

  test.each<[string, () => void]>([
    ['a file', () => writeFileSync(at('config'), 'theirs')],
    ['a link that leads nowhere', () => symlinkSync(at('nowhere'), at('config'))],
    ['a directory', () => mkdirSync(at('config'))],
  ])('leaves %s of that name alone, which also counts as there', async (_, prepare) => {
    prepare()
    expect(await nodeFiles.exists(at('config'))).toBe(true)
    await expect(nodeFiles.createPrivate(at('config'), 'ours')).rejects.toMatchObject({ code: 'EEXIST' })
    expect(existsSync(at('nowhere'))).toBe(false)
  })

  test('leaves nothing of a file that cannot be filled', async () => {
    const unwritable = {} as string
    await expect(nodeFiles.createPrivate(at('config'), unwritable)).rejects.toThrow()
    expect(existsSync(at('config'))).toBe(false)
  })
})

describe('identityOf', () => {
  test('stays when the content changes in place', async () => {
    await nodeFiles.createPrivate(at('config'), 'a long text')
    const before = await nodeFiles.identityOf(at('config'))
    await nodeFiles.overwrite(at('config'), 'short')
    writeFileSync(at('config'), readFileSync(at('config'), 'utf8').toUpperCase())
    expect(await nodeFiles.identityOf(at('config'))).toBe(before)
    expect(readFileSync(at('config'), 'utf8')).toBe('SHORT')
  })

  test('is another for a file that takes the place of a removed one at once', async () => {
    for (let round = 0; round < 20; round++) {
      await nodeFiles.createPrivate(at('config'), 'ours')
      const before = await nodeFiles.identityOf(at('config'))
      unlinkSync(at('config'))
      writeFileSync(at('config'), 'theirs')
      expect(await nodeFiles.identityOf(at('config'))).not.toBe(before)
      unlinkSync(at('config'))
    }
    expect(await nodeFiles.identityOf(at('config'))).toBeUndefined()
  })
})

test('overwrite follows no link', async () => {
  writeFileSync(at('theirs'), 'theirs')
  symlinkSync(at('theirs'), at('config'))
  await expect(nodeFiles.overwrite(at('config'), 'ours')).rejects.toMatchObject({ code: 'ELOOP' })
  expect(readFileSync(at('theirs'), 'utf8')).toBe('theirs')
})

describe('removeDirectory', () => {
  test('removes all, and one file after everything else', async () => {
    mkdirSync(at('run/images'), { recursive: true })
    for (const name of ['run/a', 'run/images/b', 'run/run.json', 'run/z']) writeFileSync(at(name), '')
    const removed: string[] = []
    const watcher = watch(at('run'), (_, name) => removed.push(name ?? ''))
    await nodeFiles.removeDirectory(at('run'), 'run.json')
    for (let look = 0; look < 100 && !removed.includes('run.json'); look++) await sleep(20)
    watcher.close()
    expect(existsSync(at('run'))).toBe(false)
    const order = [...new Set(removed)].filter((name) => ['a', 'images', 'z', 'run.json'].includes(name))
    expect([order.toSorted(), order.at(-1)]).toEqual([['a', 'images', 'run.json', 'z'], 'run.json'])
  })

  test('does nothing where there is none', async () => {
    await nodeFiles.removeDirectory(at('run'), 'run.json')
    expect(existsSync(at('run'))).toBe(false)
  })
})

test('writePrivate: of several that write a file at once each succeeds, and one of them wins whole', async () => {
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(100_000))
  await Promise.all(texts.map((text) => nodeFiles.writePrivate(at('run.json'), text)))
  expect(texts).toContain(readFileSync(at('run.json'), 'utf8'))
  expect(readdirSync(root)).toEqual(['run.json'])
})

test('what fails names the path', async () => {
  writeFileSync(at('file'), '')
  mkdirSync(at('full'))
  writeFileSync(at('full/x'), '')
  const works = [
    nodeFiles.writePrivate(at('none/text'), ''),
    nodeFiles.createPrivate(at('none/text'), ''),
    nodeFiles.overwrite(at('none'), ''),
    nodeFiles.makePrivateDirectory(at('file/below')),
    nodeFiles.removeFile(at('full')),
    nodeFiles.removeDirectory(at('file'), 'run.json'),
  ]
  const messages = (await Promise.allSettled(works)).map(
    (settled) => settled.status === 'rejected' && (settled.reason as Error).message,
  )
  expect(messages).toEqual([
    `${at('none/text')}: no such file or directory (ENOENT)`,
    `${at('none/text')}: no such file or directory (ENOENT)`,
    `${at('none')}: no such file or directory (ENOENT)`,
    `${at('file/below')}: not a directory (ENOTDIR)`,
    expect.stringContaining(`${at('full')}: `),
    `${at('file')}: not a directory (ENOTDIR)`,
  ])
})
