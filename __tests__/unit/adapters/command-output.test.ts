import { expect, test } from '@jest/globals'
import { PassThrough } from 'node:stream'
import { CommandOutput } from '../../../src/adapters/command-output.js'
import { createExecRunner } from '../../../src/adapters/exec-runner.js'
import { CommandError, TooMuchOutputError } from '../../../src/errors.js'

const runner = createExecRunner({}, () => undefined)

async function failure(command: readonly string[], options: Parameters<typeof runner.run>[1] = {}) {
  const error = await runner.run(command, options).catch((thrown: unknown) => thrown)
  if (error instanceof CommandError) return error
  throw new Error('no command failed')
}

test('what comes after the bound is not kept', async () => {
  let told = 0
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const output = new CommandOutput(10, () => told++).take(stdout, stderr)
  stdout.write('1234')
  stderr.write('56')
  stdout.write('7890')
  await new Promise((resolve) => setImmediate(resolve))
  expect([output.isTooMuch, told, output.stdout(), output.all()]).toEqual([false, 0, '12347890', '1234567890'])
  for (let count = 0; count < 1000; count++) stdout.write('x'.repeat(1000))
  await new Promise((resolve) => setImmediate(resolve))
  expect([output.isTooMuch, told, output.all()]).toEqual([true, 1, '1234567890'])
})

test('a character that comes in two parts is one', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const output = new CommandOutput(10, () => undefined).take(stdout, stderr)
  for (const byte of Buffer.from('ü')) stdout.write(Buffer.of(byte))
  await new Promise((resolve) => setImmediate(resolve))
  expect(output.stdout()).toBe('ü')
})

test.each([
  ['standard output', 'yes'],
  ['standard error', 'yes >&2'],
  ['both together', 'yes & yes >&2'],
])('a command that prints without end on %s is ended', async (_, script) => {
  const error = await failure(['bash', '-c', script], { mostBytes: 1e6 })
  expect(error).toBeInstanceOf(TooMuchOutputError)
  expect(error.output).toHaveLength(1e6)
  expect(error.message.split('\n')[0]).toMatch(/: printed more than 1 MB$/)
})

test('what fits is given back whole, and both streams where the command fails', async () => {
  const lines: string[] = []
  const onLine = (line: string) => lines.push(line)
  expect(await runner.run(['bash', '-c', 'echo one; echo two >&2'], { mostBytes: 8, onLine })).toBe('one\n')
  expect(lines.sort()).toEqual(['one', 'two'])
  const error = await failure(['bash', '-c', 'echo one; echo two >&2; exit 3'])
  expect([error.outcome, error.output.split('\n').sort()]).toEqual(['exit code 3', ['', 'one', 'two']])
})

test('a file for standard input that cannot be read is not a missing program', async () => {
  expect((await failure(['cat'], { inputFile: '/none/x.tar' })).outcome).toBe(
    'cannot read its input: /none/x.tar: no such file or directory (ENOENT)',
  )
  expect((await failure(['no-such-program'])).outcome).toBe('no such program on the PATH')
})
