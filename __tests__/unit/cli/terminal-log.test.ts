import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createTerminalLog } from '../../../src/cli/terminal-log.js'
import { Screen } from './screen.js'

const { CI, TERM } = process.env

beforeEach(() => {
  process.env['TERM'] = 'xterm-256color'
  delete process.env['CI']
})

afterEach(() => {
  for (const [name, value] of Object.entries({ CI, TERM })) {
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
  }
})

async function tell(screen: Screen, stream = screen.stream()): Promise<string> {
  const log = createTerminalLog(stream)
  await log.phase('Create 2 clusters', () => {
    log.progress('east', '✓ Preparing nodes')
    log.progress('east', '✓ Writing configuration')
    log.warning('little memory')
    return Promise.resolve()
  })
  await expect(log.phase('Verify', () => Promise.reject(new Error('apart')))).rejects.toThrow('apart')
  return screen.written.replace(/\d+\.\d s/g, '… s')
}

const plain = [
  '▸ Create 2 clusters',
  '  east: ✓ Preparing nodes',
  '  east: ✓ Writing configuration',
  '  warning: little memory',
  '✓ Create 2 clusters (… s)',
  '▸ Verify',
  '✗ Verify (… s)',
  '',
].join('\n')

test('what is no terminal gets plain lines, with each progress', async () => {
  const screen = new Screen(80)
  expect(await tell(screen, { write: (text: string) => screen.write(text) } as NodeJS.WriteStream)).toBe(plain)
})

test.each([
  ['TERM', 'dumb'],
  ['CI', 'true'],
  ['CI', '1'],
])('so does a terminal with %s=%s', async (name, value) => {
  process.env[name] = value
  expect(await tell(new Screen(80))).toBe(plain)
})

test('colours are for a terminal that has them', async () => {
  expect(await tell(new Screen(80, 24, false))).not.toContain('\u001b[')
  const colored = await tell(new Screen(80, 24, true))
  expect(colored).toContain('\u001b[32m✓\u001b[39m Create 2 clusters')
  expect(colored).toContain('\u001b[31m✗\u001b[39m Verify')
  process.env['CI'] = 'true'
  expect(await tell(new Screen(80, 24, true))).toContain('\u001b[33mwarning:\u001b[39m little memory')
})

test('a terminal shows progress in place', async () => {
  const screen = new Screen(80)
  await tell(screen)
  expect(screen.shown()).toEqual([
    '▸ Create 2 clusters',
    '  warning: little memory',
    '✓ Create 2 clusters (… s)',
    '✗ Verify (… s)',
  ])
})
