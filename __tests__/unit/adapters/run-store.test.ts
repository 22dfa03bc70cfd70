import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRecord, runStore } from '../../../src/adapters/run-store.js'
import { record, run } from '../../fakes/build.js'

let root: string
let directory: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kfn-run-store-'))
  directory = join(root, 'runs', 'feedc0de')
})

afterEach(() => {
  rmSync(root, { recursive: true })
})

describe('a record', () => {
  test('is read as it was saved last, and is for its owner alone', async () => {
    await runStore.save(record({}, { directory }))
    const last = record({}, { directory, complete: true })
    await runStore.save(last)
    expect(await readRecord(run, directory)).toEqual({ record: last })
    expect(statSync(join(directory, 'run.json')).mode & 0o777).toBe(0o600)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  test('that is not there is neither read nor trouble', async () => {
    expect(await readRecord(run, directory)).toEqual({})
  })

  test('that is cut off is trouble, with its path', async () => {
    await runStore.save(record({}, { directory }))
    const path = join(directory, 'run.json')
    writeFileSync(path, '{"run":')
    expect(await readRecord(run, directory)).toEqual({
      trouble: `the record ${path} cannot be read: it is cut off or damaged: not JSON`,
    })
  })

  test.each([
    ['of another run', { run: 'cafe0001' }, 'it is the record of run cafe0001'],
    ['that names another directory', { directory: '/home/me' }, 'it is the record of the directory "/home/me"'],
  ])('%s is trouble: what it names is not to be removed', async (_, changes, why) => {
    await runStore.save(record({}, { directory }))
    const path = join(directory, 'run.json')
    writeFileSync(path, JSON.stringify(record({}, { directory, ...changes })))
    expect(await readRecord(run, directory)).toEqual({ trouble: `the record ${path} cannot be read: ${why}` })
  })

  test('is read where a link leads to its directory', async () => {
    await runStore.save(record({}, { directory }))
    symlinkSync(directory, join(root, 'link'))
    expect(await readRecord(run, join(root, 'link'))).toEqual({ record: record({}, { directory }) })
  })
})
