import { beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { messages, onMachine, programs, type Machine } from './machine.js'
import { actionNode, installMilliseconds } from './nodes.js'

const testMilliseconds = 120_000

describe('files that are given by their names', () => {
  let node: string
  beforeAll(() => {
    node = actionNode.program()
  }, installMilliseconds)

  const odd = [
    ['a pipe that nobody writes to', 'pipe', 'a named pipe, not a regular file'],
    ['a device', '/dev/urandom', 'a device, not a regular file'],
    ['a directory', 'directory', 'a directory, not a regular file'],
    ['a file without end', 'large', 'larger than the 10.0 MB that are read'],
  ] as const

  function addOdd(machine: Machine): void {
    execFileSync('mkfifo', [machine.path('work/pipe')])
    execFileSync('mkdir', [machine.path('work/directory')])
    writeFileSync(machine.path('work/large'), '')
    truncateSync(machine.path('work/large'), 10e9)
  }

  test.each(odd)(
    'are not read where they are %s',
    (_, name, reason) =>
      onMachine(node, async (machine) => {
        addOdd(machine)
        for (const flag of ['--clusters', '--config', '--file']) {
          const { code, stdout, stderr } = await machine.cli('plan', flag, name)
          expect({ flag, code, stdout }).toEqual({ flag, code: 2, stdout: '' })
          expect(stderr).toContain(`${name}: ${reason})`)
        }
        const main = await machine.main({ config: name })
        expect(messages('error', main)).toEqual([expect.stringContaining(`${name}: ${reason})`)])
      }),
    testMilliseconds,
  )

  test(
    'are no images where they are pipes or devices, which are not opened',
    () =>
      onMachine(node, async (machine) => {
        addOdd(machine)
        writeFileSync(machine.path('work/c.yaml'), 'images: [pipe, /dev/urandom]\n')
        const outcomes = [
          await machine.cli('plan', '--images', 'pipe\n/dev/urandom'),
          await machine.cli('plan', '--file', 'c.yaml'),
        ]
        for (const { code, stderr } of outcomes) {
          expect(code).toBe(2)
          expect(stderr).toMatch(/^images: "\S*pipe" is a named pipe; give the path of a regular file/m)
          expect(stderr).toMatch(/^images: "\/dev\/urandom" is a device; give the path of a regular file/m)
        }
      }),
    testMilliseconds,
  )

  /** What bash's own `<(command)`, and a pipe as standard input, make of a plan. */
  function planned(machine: Machine, script: string): { code: number | null; names: string[]; stderr: string } {
    const { status, stdout, stderr } = spawnSync('/bin/bash', ['-c', script, 'bash', node, programs.cli], {
      cwd: machine.path('work'),
      env: { PATH: machine.path('bin'), HOME: machine.root },
      encoding: 'utf8',
      timeout: 25_000,
    })
    const { clusters } = (stdout === '' ? { clusters: [] } : JSON.parse(stdout)) as { clusters: { name: string }[] }
    return { code: status, names: clusters.map(({ name }) => name), stderr }
  }

  test.each([
    '"$1" "$2" plan --clusters <(echo "[east, west]")',
    '"$1" "$2" plan --file <(echo "clusters: [east, west]")',
    'echo "[east, west]" | "$1" "$2" plan --clusters /dev/stdin',
    'echo "[east, west]" | "$1" "$2" plan --clusters -',
    'echo "clusters: [east, west]" | "$1" "$2" plan --file -',
    'echo "[east, west]" >list; "$1" "$2" plan --clusters /dev/stdin <list',
    'echo "[east, west]" | "$1" "$2" plan --clusters /proc/self/fd/0',
  ])(
    'may be pipes that are open already: %s',
    (script) =>
      onMachine(node, (machine) => {
        const { stderr, ...seen } = planned(machine, script)
        expect({ ...seen, stderr: seen.code === 0 ? '' : stderr }).toEqual({
          code: 0,
          names: ['east', 'west'],
          stderr: '',
        })
        return Promise.resolve()
      }),
    testMilliseconds,
  )

  test.each([
    '--clusters <(while printf %100000s x; do :; done)',
    '--clusters - < <(while printf %100000s x; do :; done)',
  ])(
    'are read up to a bound where they are pipes without end: %s',
    (words) =>
      onMachine(node, (machine) => {
        const { code, stderr } = planned(machine, `exec "$1" "$2" plan ${words}`)
        expect(code).toBe(2)
        expect(stderr).toContain('larger than the 10.0 MB that are read')
        return Promise.resolve()
      }),
    testMilliseconds,
  )
})
