import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { engineState, nodeImage } from './support/engine.js'
import { TmuxTerminal } from './support/tmux.js'

jest.setTimeout(600_000)

const upSeconds = 180
const downSeconds = 60

const files = {
  'kind-flat-network.yaml': `clusters: [flat-tty1, flat-tty2]\nnode-image: ${JSON.stringify(nodeImage)}\n`,
}

let terminal: TmuxTerminal
let before: Awaited<ReturnType<typeof engineState>>

beforeAll(async () => {
  before = await engineState()
  terminal = await TmuxTerminal.open(files)
})

afterAll(async () => {
  for (const run of await terminal.runs()) await terminal.run(`kind-flat-network down --run ${run}`, downSeconds)
  await terminal.close()
})

/** What differs from run to run is left out: seconds, addresses, latencies, the run's id. */
function anyTime(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/\(\d+\.\d s\)/, '(… s)')
      .replace(/\d+\.\d+\.\d+\.\d+/g, 'x.x.x.x')
      .replace(/\d+\.\d/g, 'n')
      .replace(/\b[0-9a-f]{8}\b/, '<run>'),
  )
}

const lastFrame = [
  '✓ Create 2 clusters (… s)',
  '✓ Connect (… s)',
  '▸ Verify',
  "  2/2 pod pairs reachable, 2/2 with the pod's own address, 2/2 Services answer",
  '✓ Verify (… s)',
  '✓ Wait for CoreDNS (… s)',
  'flat-tty1  context kind-flat-tty1  pods x.x.x.x/16  services x.x.x.x/16',
  '  1  flat-tty1-control-plane  x.x.x.x  pods x.x.x.x/24',
  '',
  'flat-tty2  context kind-flat-tty2  pods x.x.x.x/16  services x.x.x.x/16',
  '  2  flat-tty2-control-plane  x.x.x.x  pods x.x.x.x/24',
  '',
  '                          │   1   2',
  '1 flat-tty1-control-plane │   · n',
  '2 flat-tty2-control-plane │ n   ·',
  'round trips in ms, · same cluster',
  "✓ 2/2 pod pairs reachable, 2/2 with the pod's own address, 2/2 Services answer",
  '',
  'use it:',
  '  export KUBECONFIG=~/.local/state/kind-flat-network/<run>/kubeconfig',
  'remove it:',
  '  kind-flat-network down --run <run>',
  '$',
]

describe('a flat network in a terminal of 80 columns', () => {
  test('up shows each cluster while it is created, and at last the matrix, the verdict and how to go on', async () => {
    await terminal.type('kind-flat-network up')
    await terminal.until(
      /^. Create 2 clusters \(\d+ s\)\n {2}flat-tty[12] .* \d+ s\n {2}flat-tty[12] .* \d+ s$/m,
      upSeconds,
    )
    const live = await terminal.shown()
    expect(await terminal.unwrapped()).toHaveLength(live.length)

    const { shown, code, cursorVisible } = await terminal.ended(upSeconds)
    expect({ code, cursorVisible }).toEqual({ code: 0, cursorVisible: true })
    expect(await terminal.runs()).toHaveLength(1)
    expect(anyTime(shown).slice(-lastFrame.length)).toEqual(lastFrame)
  })

  test('its lines have colours; without them for NO_COLOR', async () => {
    const verify = await terminal.run('kind-flat-network verify', 60)
    expect(verify.colored).toContain('\u001b[32m✓\u001b[39m Verify')
    expect(verify.colored).toContain('\u001b[2mcontext\u001b[0m')
    const plain = await terminal.run('NO_COLOR=1 kind-flat-network verify', 60)
    expect(plain.colored).toContain('✓ 2/2 pod pairs reachable')
    expect(plain.colored).not.toContain('\u001b')
  })

  test('in a file there are plain lines', async () => {
    const { code } = await terminal.run('kind-flat-network verify > verify.txt 2>&1', 60)
    expect(code).toBe(0)
    const text = await readFile(join(terminal.directory, 'verify.txt'), 'utf8')
    expect(text).toMatch(/^▸ Verify\n✓ Verify \(\d+\.\d s\)\nflat-tty1 [^]*✓ 2\/2 pod pairs reachable/)
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('down removes it', async () => {
    const { shown, code } = await terminal.run('kind-flat-network down', downSeconds)
    expect({ code, shown: shown.join('\n') }).toEqual({
      code: 0,
      shown: expect.stringMatching(/^✓ Remove \(\d+\.\d s\)\nflat network [0-9a-f]{8} removed\n\$/m),
    })
    expect(await engineState()).toEqual(before)
  })
})
