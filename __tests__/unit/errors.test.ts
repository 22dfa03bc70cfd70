import { describe, expect, test } from '@jest/globals'
import {
  CancelledError,
  CommandError,
  describeProblem,
  DownloadError,
  formatCommand,
  InputError,
  messageOf,
  shownProblem,
} from '../../src/errors.js'

describe('formatCommand', () => {
  test.each([
    [['kind', 'create', 'cluster', '--config=-'], 'kind create cluster --config=-'],
    [['docker', 'ps', '--format', '{{json .}}'], "docker ps --format '{{json .}}'"],
    [['echo', ''], "echo ''"],
    [['echo', "it's"], "echo 'it'\\''s'"],
    [['echo', '$HOME', '`id`', 'a;b', '*'], "echo '$HOME' '`id`' 'a;b' '*'"],
    [['docker', 'ps', '--filter', 'name=^kind$'], "docker ps --filter 'name=^kind$'"],
    [['rm', '-r', '--', '/home/me/{work,private}'], "rm -r -- '/home/me/{work,private}'"],
    [['echo', '{a}', 'a^b', '=ls', '~', '!!', 'é'], "echo '{a}' 'a^b' '=ls' '~' '!!' 'é'"],
    [['env', 'A=b', '--c=d', 'me@there:/x,y%z+1'], 'env A=b --c=d me@there:/x,y%z+1'],
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

  test('a long value is shortened, and none shows a secret', () => {
    const address = 'https://user:s3cret@host/x?key=s3cret'
    const problems = [
      { input: 'a', value: 'y'.repeat(300), message: 'b' },
      { input: 'a', value: Array(300).fill(1), message: 'b' },
      { input: 'a', value: address, message: `c ${address}` },
      { input: 'a', value: { mirror: address }, message: 'b' },
      { input: `clusters[0].${address}`, message: 'b' },
      { input: 'k'.repeat(300), message: 'b' },
    ]
    const lines = new InputError(problems).message.split('\n')
    const masked = 'https://***@host/x?***'
    expect(lines).toEqual([
      `a: "${'y'.repeat(200)}…" b`,
      `a: [${'1,'.repeat(99)}1… b`,
      `a: "${masked}" c ${masked}`,
      `a: {"mirror":"${masked}"} b`,
      `clusters[0].${masked}: b`,
      `${'k'.repeat(200)}…: b`,
    ])
    expect(problems.map(shownProblem)).toEqual([
      { input: 'a', value: `${'y'.repeat(200)}…`, message: 'b' },
      { input: 'a', value: `[${'1,'.repeat(99)}1…`, message: 'b' },
      { input: 'a', value: masked, message: `c ${masked}` },
      { input: 'a', value: { mirror: masked }, message: 'b' },
      { input: `clusters[0].${masked}`, message: 'b' },
      { input: `${'k'.repeat(200)}…`, message: 'b' },
    ])
  })

  test('a value that contains itself is no trouble', () => {
    const value: unknown[] = []
    value.push(value)
    expect(shownProblem({ input: 'a', value, message: 'b' }).value).toBe('what was given')
    expect(describeProblem({ input: 'a', value, message: 'b' })).toBe('a: what was given b')
  })

  test('no failure shows a secret: not the command, nor its output, nor an address, nor what a library says', () => {
    const address = 'https://user:s3cret@host/x?key=s3cret'
    const masked = 'https://***@host/x?***'
    expect(new CommandError(['curl', address], 'exit code 1', `x\n${address}: 404\n`).message).toBe(
      `curl '${masked}': exit code 1\n  x\n  ${masked}: 404`,
    )
    const long = `https://user:${'s3cret'.repeat(50)}@host/x`
    expect(formatCommand(['curl', long])).toBe("curl 'https://***@host/x'")
    expect(new DownloadError(address, `expected a (seen in ${address})`, 1, 'try again').message).toBe(
      `${masked}: expected a (seen in ${masked}) (tried once); try again`,
    )
    expect(messageOf(new TypeError(`Invalid URL: ${address}`))).toBe(`Invalid URL: ${masked}`)
  })

  test('a long line of output is shortened before a word, which may be a secret', () => {
    const line = `${'word '.repeat(790)}https://user:${'s3cret'.repeat(100)}@host/`
    const { message } = new CommandError(['x'], 'exit code 1', line)
    expect(message.endsWith('word …')).toBe(true)
    expect(message).not.toContain('s3cret')
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
