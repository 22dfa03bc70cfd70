import { afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { engineState, nodeImage, processesOf } from './support/engine.js'
import { TmuxTerminal } from './support/tmux.js'

jest.setTimeout(900_000)

const interruptions = Number(process.env['CTRL_C'] ?? 3)
const upSeconds = 600
const downSeconds = 120

const files = {
  'kind-flat-network.yaml': `clusters: [flat-key1, flat-key2]\nnode-image: ${JSON.stringify(nodeImage)}\nwait: 10m\n`,
}

let terminal: TmuxTerminal
let before: Awaited<ReturnType<typeof engineState>>
/** Milliseconds that `up` takes. */
let longest: number

const open = async () => {
  terminal = await TmuxTerminal.open(files)
}

const close = async () => {
  for (const run of await terminal.runs()) await terminal.run(`kind-flat-network down --run ${run}`, downSeconds)
  await terminal.close()
}

beforeAll(async () => {
  before = await engineState()
  await open()
  try {
    const started = performance.now()
    expect(await terminal.run('kind-flat-network up', upSeconds)).toMatchObject({ code: 0 })
    longest = performance.now() - started
  } finally {
    await close()
  }
})

beforeEach(open)
afterEach(close)

// spread over the run, each at a random moment of its part
const moments = Array.from({ length: interruptions }, (_, index) => (index + Math.random()) / interruptions)

/** Interrupts `up` when that part of its time is over. It may have ended by then: then once more, and earlier. */
const interrupt = async (part: number) => {
  for (let tries = 1; tries <= 4; tries++) {
    await terminal.type('kind-flat-network up')
    await terminal.until(/Plan/, 60)
    await sleep(part * longest)
    const runs = await terminal.runs()
    await terminal.press('C-c')
    const ended = await terminal.ended(downSeconds)
    const tooLate = ended.shown.includes('remove it:')
    if (!tooLate) return { ...ended, runs }
    // either is said, and not that there is something after all
    expect(ended.shown.join(' ')).not.toContain('removing what was made')
    await terminal.run('kind-flat-network down', downSeconds)
    longest *= 0.9
  }
  throw new Error('up was done each time before it was interrupted')
}

test.each(moments)('Ctrl-C after %f of up: it says so, and nothing is left', async (part) => {
  const { shown, code, cursorVisible, runs } = await interrupt(part)
  expect({ code, cursorVisible, last: shown.slice(-2) }).toEqual({
    code: 130,
    cursorVisible: true,
    last: ['stopped by SIGINT', '$'],
  })
  if (runs.length > 0) {
    expect(shown.join(' ')).toMatch(/removing what was made; press +Ctrl-C +again/)
    expect(shown.at(-3)).toMatch(/^✓ Remove \(\d+\.\d s\)$/)
  }
  expect(await terminal.runs()).toEqual([])
  expect(await engineState()).toEqual(before)
  for (const run of runs) expect(await processesOf(run)).toBe(0)
  // nothing arrives later either
  await sleep(1500)
  expect(await engineState()).toEqual(before)
})

test('Ctrl-C twice: it stops at once, and down removes the rest', async () => {
  await terminal.type('kind-flat-network up')
  await terminal.until(/Create 2 clusters/, 60)
  await sleep(longest / 4)
  await terminal.press('C-c')
  await terminal.until(/Ctrl-C\s+again/, 20)
  // sooner it would be taken for the same key
  await sleep(400)
  await terminal.press('C-c')
  expect(await terminal.ended(20)).toMatchObject({ code: 130, cursorVisible: true })
  expect(await terminal.runs()).toHaveLength(1)
  expect(await terminal.run('kind-flat-network down', downSeconds)).toMatchObject({ code: 0 })
  expect(await terminal.runs()).toEqual([])
  expect(await engineState()).toEqual(before)
})
