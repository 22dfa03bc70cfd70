import { describe, expect, test } from '@jest/globals'
import {
  CancelledError,
  CommandError,
  describeProblem,
  formatCommand,
  InputError,
  messageOf,
} from '../../src/errors.js'

describe('formatCommand', () => {
  test.each([
    [['kind', 'create', 'cluster', '--config=-'], 'kind create cluster --config=-'],
    [['docker', 'ps', '--format', '{{json .}}'], "docker ps --format '{{json .}}'"],
    [['echo', ''], "echo ''"],
    [['echo', "it's"], "echo 'it'\\''s'"],
    [['echo', '$HOME', '`id`', 'a;b', '*'], "echo '$HOME' '`id`' 'a;b' '*'"],
    [['docker', 'ps', '--filter', 'name=^kind$'], "docker ps --filter 'name=^kind$'"],
  ])('%j is pasted as %s', (command, line) => {
    expect(formatCommand(command)).toBe(line)
  })

  test('cuts scripts and long words to their beginning, on one line', () => {
    expect(formatCommand(['bash', '-c', 'set -eu\nrm x', 'y'.repeat(201)])).toBe(
      `bash -c 'set -eu rm x …' '${'y'.repeat(40)} …'`,
    )
    expect(formatCommand(['y'.repeat(200)])).toBe('y'.repeat(200))
  })
})

describe('messages', () => {
  test('a failed command shows itself, how it ended and the last 60 lines of its output', () => {
    const output = Array.from({ length: 100 }, (_, index) => `line ${String(index)}`).join('\n\n')
    const [head, ...lines] = new CommandError(['kind', 'version'], 'exit code 1', `${output}\n`).message.split('\n')
    expect(head).toBe('kind version: exit code 1')
    expect([lines[0], lines.at(-1), lines.length]).toEqual(['  line 70', '  line 99', 30])
  })

  test('a failed command without output is one line', () => {
    expect(new CommandError(['ip'], 'no such program on the PATH', '\n').message).toBe(
      'ip: no such program on the PATH',
    )
  })

  test('bad input is one line for each problem: input, value, remedy', () => {
    const problems = [
      { input: 'workers', value: '-1', message: 'is no number of nodes' },
      { input: 'clusters[1].worker', message: 'is no key' },
      { input: 'config', value: null, message: 'is no kind config' },
    ]
    expect(new InputError(problems).message).toBe(
      ['workers: "-1" is no number of nodes', 'clusters[1].worker: is no key', 'config: null is no kind config'].join(
        '\n',
      ),
    )
    expect(describeProblem({ input: 'a', value: [1], message: 'b' })).toBe('a: [1] b')
  })

  test.each([
    [new CancelledError('SIGTERM'), 'stopped by SIGTERM'],
    [new CancelledError('SIGINT', 'go on with: down'), 'stopped by SIGINT; go on with: down'],
    ['text', 'text'],
    [undefined, 'undefined'],
  ])('the text of whatever was thrown is found', (thrown, text) => {
    expect(messageOf(thrown)).toBe(text)
  })
})
