import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { execa } from 'execa'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Job } from './support/action.js'
import { docker, engineState, nodeImage } from './support/engine.js'

jest.setTimeout(600_000)

const cli = fileURLToPath(new URL('../../dist/cli/index.js', import.meta.url))

test('a cluster that cannot be created: its cause comes first, and nothing is left', async () => {
  const before = await engineState()
  const job = await Job.create()
  try {
    const clusters = '[flat-good, {name: flat-bad, node-image: "localhost:1/no/such:image"}]'
    const { code, log } = await job.startMain({ clusters, 'node-image': nodeImage }).ended
    expect(code).toBe(1)
    expect(log).toMatch(/^::error::cluster flat-bad was not created: .*localhost:1\/no\/such:image/m)
    expect(log).toContain('kind create cluster --name flat-bad')
    expect(await engineState()).toEqual(before)
    expect(await job.leftFiles()).toEqual([])
    expect((await job.post()).code).toBe(0)
  } finally {
    await job.post()
    await job.remove()
  }
})

describe('a flat network that was broken by hand', () => {
  let directory: string
  let before: Awaited<ReturnType<typeof engineState>>
  const run = (...parameters: string[]) =>
    execa(process.execPath, [cli, ...parameters], {
      env: { XDG_STATE_HOME: directory },
      reject: false,
      timeout: 300_000,
    })

  beforeAll(async () => {
    before = await engineState()
    directory = await mkdtemp(join(tmpdir(), 'flat-network-cli-'))
    const up = await run('up', '--clusters', '[flat-one, flat-two]', '--node-image', nodeImage, '--json')
    expect(up).toMatchObject({ exitCode: 0 })
  })

  afterAll(async () => {
    await run('down')
    await rm(directory, { recursive: true, force: true })
  })

  const node = 'flat-one-control-plane'

  test.each([
    [
      'masquerade',
      ['iptables', '-t', 'nat', '-F', 'KIND-FLAT-NETWORK'],
      /flat-one-control-plane .* → flat-two-control-plane .*: seen as \S+ of flat-one-control-plane, not as 10\./,
    ],
    [
      'a lost route',
      ['ip', 'route', 'flush', 'proto', '171'],
      /flat-one-control-plane .* → flat-two-control-plane .*: no answer/,
    ],
  ])('verify names the pair that is broken by %s, with both ends', async (_, breakIt, message) => {
    await docker('exec', node, ...breakIt)
    const { exitCode, stderr } = await run('verify')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(message)
  })

  test('down removes everything', async () => {
    expect((await run('down', '--json')).exitCode).toBe(0)
    expect(await engineState()).toEqual(before)
    expect(await readdir(join(directory, 'kind-flat-network'))).toEqual([])
  })
})
