import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Job } from './support/action.js'
import { docker, engineState, nodeImage } from './support/engine.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(600_000)

const impossiblePort =
  'config: {nodes: [{role: control-plane, extraPortMappings: [{containerPort: 80, hostPort: 70000}]}]}'

test.each([
  ['a cluster that cannot be created', impossiblePort, /^::error::cluster flat-bad was not created: .*70000/m],
  [
    'a node image that cannot be had',
    'node-image: "localhost:1/no/such:image"',
    /^::error::the node image localhost:1\/no\/such:image cannot be pulled: /m,
  ],
])('%s: its cause comes first, and nothing is left', async (_, bad, message) => {
  const before = await engineState()
  const job = await Job.create()
  try {
    const clusters = `[flat-good, {name: flat-bad, ${bad}}]`
    const { code, log } = await job.startMain({ clusters, 'node-image': nodeImage }).ended
    expect(code).toBe(1)
    expect(log).toMatch(message)
    expect(await engineState()).toEqual(before)
    expect(await job.leftFiles()).toEqual([])
    expect((await job.post()).code).toBe(0)
  } finally {
    await job.post()
    await job.remove()
  }
})

describe('a flat network that was broken by hand', () => {
  let terminal: Terminal
  let before: Awaited<ReturnType<typeof engineState>>

  beforeAll(async () => {
    before = await engineState()
    terminal = await Terminal.open()
    await terminal.up('[flat-one, flat-two]')
  })

  afterAll(() => terminal.close())

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
    const { code, stderr } = await terminal.run('verify')
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
  })

  test('down removes everything', async () => {
    expect((await terminal.run('down', '--json')).code).toBe(0)
    expect(await engineState()).toEqual(before)
    expect(await terminal.runs()).toEqual([])
  })
})
