import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { createLiveLog, liveLines, type RunningPhase } from '../../../src/cli/live-log.js'
import { noStyle } from '../../../src/cli/style.js'
import { Screen } from './screen.js'

function phase(told: Record<string, readonly [text: string, since: number]>): RunningPhase {
  const entries = Object.entries(told).map(([of, [text, since]]) => [of, { text, since }] as const)
  return { title: 'Create 3 clusters', started: 0, told: new Map(entries) }
}

test('a phase has its seconds, and each at work a line with its newest text, the seconds since, and the width of emoji', () => {
  const running = phase({
    east: ['✓ Preparing nodes 📦 📦 ', 11_000],
    'north-west': ['✓ Starting control-plane 🕹️', 4_900],
    south: ['pulled\r\u001b[31magain\u001b[0m\tafter a reset of the connection by a registry', 0],
  })
  expect(liveLines([running], 12_300, { columns: 50, rows: 24 }, noStyle)).toEqual([
    '⠸ Create 3 clusters (12 s)',
    '  east        ✓ Preparing nodes 📦 📦  1 s',
    '  north-west  ✓ Starting control-plane 🕹️  7 s',
    '  south       pulled again after a reset o…  12 s',
  ])
})

test('where there are more than rows, those that told something last are shown, in the order they came', () => {
  const since = [3, 1, 9, 2, 0, 8, 4, 7, 5]
  const running = phase(Object.fromEntries(since.map((at, index) => [`c${String(index)}`, ['on', at]])))
  expect(liveLines([running], 1000, { columns: 80, rows: 6 }, noStyle)).toEqual([
    '⠋ Create 3 clusters (1 s)',
    '  c2  on  0 s',
    '  c5  on  0 s',
    '  c7  on  0 s',
    '  … and 6 more',
  ])
})

test('no line is wider than the terminal, and there are fewer than its rows', () => {
  const text = fc.string({
    unit: fc.constantFrom(...'ab- \t\r\u001b\u0007[31m', '✓', '…', 'é', '漢', '📦', '🕹️'),
    maxLength: 200,
  })
  fc.assert(
    fc.property(
      fc.dictionary(text, fc.tuple(text, fc.nat(100_000))),
      fc.integer({ min: 2, max: 140 }),
      fc.integer({ min: 2, max: 40 }),
      (told, columns, rows) => {
        const lines = liveLines([phase(told)], 200_000, { columns, rows }, noStyle)
        expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns)
        expect(lines.length).toBeLessThan(rows)
        expect(lines.join('')).not.toMatch(/\p{Cc}/u)
      },
    ),
  )
})

test('messages stay above, under their phase, and an ended phase is one line', async () => {
  const screen = new Screen(80)
  const log = createLiveLog(screen.stream())
  await log.phase('Plan', () => Promise.resolve())
  log.warning('between two')
  await log.phase('Create 2 clusters', () => {
    log.progress('east', 'Preparing nodes')
    log.info('told')
    log.info('told more')
    expect(screen.shown().slice(2)).toEqual([
      '▸ Create 2 clusters',
      '  told',
      '  told more',
      expect.stringMatching(/^. Create 2 clusters \(0 s\)$/),
      '  east  Preparing nodes  0 s',
    ])
    return Promise.resolve()
  })
  expect(screen.shown()).toEqual([
    '✓ Plan (… s)',
    '  warning: between two',
    '▸ Create 2 clusters',
    '  told',
    '  told more',
    '✓ Create 2 clusters (… s)',
  ])
})

test('messages are broken between words; what is indented, such as a command, stays whole', () => {
  const screen = new Screen(30)
  const log = createLiveLog(screen.stream())
  log.warning(
    'everything is left in place; to remove it:\n  docker network prune --force --filter label=run\nor call somebody who knows',
  )
  log.info('$ docker exec east-control-plane ip route')
  expect(screen.shown()).toEqual([
    '  warning: everything is left',
    '           in place; to remove',
    '           it:',
    '    docker network prune --force --filter label=run',
    '  or call somebody who knows',
    '  $ docker exec east-control-plane ip route',
  ])
})

test('of a phase that failed the last texts stay', async () => {
  const screen = new Screen(80)
  const log = createLiveLog(screen.stream())
  const failing = log.phase('Create 2 clusters', () => {
    log.progress('east', '✓ Preparing nodes')
    log.progress('west', '✗ Preparing nodes')
    log.progress('east', '✓ Writing configuration')
    return Promise.reject(new Error('no space left'))
  })
  await expect(failing).rejects.toThrow('no space left')
  await log.phase('Remove', () => Promise.resolve())
  expect(screen.shown()).toEqual([
    '✗ Create 2 clusters (… s)',
    '  east  ✓ Writing configuration  0 s',
    '  west  ✗ Preparing nodes  0 s',
    '✓ Remove (… s)',
  ])
})

test('what a terminal that got narrower has wrapped is replaced whole', async () => {
  const screen = new Screen(80)
  const log = createLiveLog(screen.stream())
  log.info('above')
  await log.phase('A phase with a title of forty characters', () => {
    // 46 columns wide: three rows, which the terminal has wrapped
    screen.columns = 20
    const [above = '', ...live] = screen.lines
    screen.lines = [above, ...live.slice(0, -1).flatMap((line) => line.match(/.{1,20}/g) ?? []), '']
    screen.moveCursor(0, 2)
    return Promise.resolve()
  })
  expect(screen.shown()).toEqual(['  above', '✓ A phase with a title of forty characters (… s)'])
})

test('its timer redraws, holds no process, and ends with the phase', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const screen = new Screen(80)
  const log = createLiveLog(screen.stream())
  const before = timers()
  await log.phase('Plan', async () => {
    expect(timers()).toBe(before)
    const first = screen.draws
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(screen.draws).toBeGreaterThan(first)
  })
  const last = screen.draws
  await new Promise((resolve) => setTimeout(resolve, 250))
  expect(screen.draws).toBe(last)
})
