// What stands behind docker, kind, kubectl and ip on the PATH of a test: notes the call, does what the test's script
// says of it, and otherwise does to the model what the program would do to a real engine.
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { docker } from './docker.js'
import { ip } from './ip.js'
import { kind } from './kind.js'
import { kubectl } from './kubectl.js'
import { openModel } from './model.js'

const programs = { docker, ip, kind, kubectl }

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

export async function run(program, root) {
  const argv = process.argv.slice(2)
  const stdin = readFileSync(0, 'utf8')
  const line = [program, ...argv].join(' ')
  const { KIND_FLAT_NETWORK_RUN: run, RUNNER_TEMP: temporary } = process.env
  const record = temporary === undefined ? undefined : read(join(temporary, `kind-flat-network-${run}/run.json`))
  const call = { line, argv, stdin, pid: process.pid, run, record }
  appendFileSync(join(root, 'calls.jsonl'), `${JSON.stringify(call)}\n`)

  const { rules = [], ...faults } = JSON.parse(read(join(root, 'script.json')) ?? '{}')
  const rule = rules.find(({ match, times }) => matches(match, line) && isLeft(match, times, root)) ?? {}
  if (rule.heedless) process.on('SIGTERM', () => undefined)
  if (rule.delaySeconds) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, rule.delaySeconds * 1000)
  const { stdout, stderr, code } =
    rule.exit === undefined
      ? await programs[program]({ argv, stdin, model: openModel(root), faults })
      : { stdout: '', stderr: rule.stderr ?? '', code: rule.exit }
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = code
}

function matches(pattern, line) {
  return new RegExp(pattern).test(line)
}

/** Whether a rule for so many calls still counts for this one. */
function isLeft(pattern, times = Infinity, root) {
  if (times === Infinity) return true
  const calls = (read(join(root, 'calls.jsonl')) ?? '').split('\n').filter((text) => text !== '')
  return calls.filter((text) => matches(pattern, JSON.parse(text).line)).length <= times
}
