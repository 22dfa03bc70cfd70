import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { nodeFiles } from '../../../src/adapters/node-files.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kfn-files-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

const path = (name: string) => join(directory, name)

function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'it worked',
    (error: unknown) => (error as Error).message,
  )
}

describe('reading', () => {
  test('a file, and one of /proc, whose size is 0', async () => {
    writeFileSync(path('text'), 'clusters: ü')
    expect(await nodeFiles.read(path('text'))).toBe('clusters: ü')
    expect(await nodeFiles.read('/proc/self/mountinfo')).toContain(' / ')
  })

  test('what is missing, with its path', async () => {
    expect(await failure(nodeFiles.read(path('none')))).toBe(`${path('none')}: no such file or directory (ENOENT)`)
  })

  test('no more than 10 MB', async () => {
    writeFileSync(path('large'), '')
    truncateSync(path('large'), 10e6)
    expect(await nodeFiles.read(path('large'))).toHaveLength(10e6)
    truncateSync(path('large'), 10e6 + 1)
    expect(await failure(nodeFiles.read(path('large')))).toBe(`${path('large')}: larger than the 10.0 MB that are read`)
    truncateSync(path('large'), 100e9)
    expect(await failure(nodeFiles.read(path('large')))).toContain('larger than')
  })

  test.each(['/dev/urandom', '/dev/zero', '/dev/full', '/dev/tty'])('no device: %s', async (device) => {
    expect(await failure(nodeFiles.read(device))).toBe(`${device}: a device, not a regular file`)
    expect(await nodeFiles.kindOf(device)).toBe('device')
  })

  test('no pipe that nobody writes to, nor through a link', async () => {
    execFileSync('mkfifo', [path('pipe')])
    symlinkSync(path('pipe'), path('link'))
    for (const name of ['pipe', 'link']) {
      expect(await failure(nodeFiles.read(path(name)))).toBe(`${path(name)}: a named pipe, not a regular file`)
      expect(await nodeFiles.kindOf(path(name))).toBe('named pipe')
    }
  })

  test('no directory, and no socket', async () => {
    expect(await failure(nodeFiles.read(directory))).toBe(`${directory}: a directory, not a regular file`)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(path('socket'), resolve))
    try {
      expect(await failure(nodeFiles.read(path('socket')))).toBe(`${path('socket')}: a socket, not a regular file`)
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })

  test('a file that is open already', async () => {
    writeFileSync(path('text'), 'clusters: 1')
    const descriptor = openSync(path('text'), 'r')
    expect(await nodeFiles.read(`/dev/fd/${String(descriptor)}`)).toBe('clusters: 1')
    expect(await nodeFiles.read(`/proc/self/fd/${String(descriptor)}`)).toBe('clusters: 1')
    closeSync(descriptor)
  })

  test('a pipe that is open already, until it is told to stop', async () => {
    execFileSync('mkfifo', [path('pipe')])
    // with a writer, which never writes; who reads closes it
    const descriptor = openSync(path('pipe'), 'r+')
    const stop = new AbortController()
    const reading = nodeFiles.until(stop.signal).read(`/dev/fd/${String(descriptor)}`)
    stop.abort(new Error('stopped'))
    await expect(reading).rejects.toThrow('stopped')
  })

  test('a file, until it is told to stop, which is no fault of anybody at any moment', async () => {
    writeFileSync(path('text'), 'clusters: 1')
    const outcomes = new Set<string>()
    for (let turns = 0; turns < 12; turns++) {
      const stop = new AbortController()
      const reading = nodeFiles
        .until(stop.signal)
        .read(path('text'))
        .catch((error: unknown) => (error as Error).message)
      for (let passed = 0; passed < turns; passed++) await turn()
      stop.abort(new Error('stopped'))
      outcomes.add(await reading)
    }
    // a stream tells an error after its file is closed
    await sleep(50)
    expect(outcomes).toEqual(new Set(['stopped', 'clusters: 1']))
  })
})

test('what a path leads to', async () => {
  writeFileSync(path('file'), '')
  symlinkSync(path('file'), path('link'))
  symlinkSync(path('none'), path('dangling'))
  const kinds = await Promise.all(['file', 'link', '', 'none', 'dangling'].map((name) => nodeFiles.kindOf(path(name))))
  expect(kinds).toEqual(['file', 'file', 'directory', undefined, undefined])
})
