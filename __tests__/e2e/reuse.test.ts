import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { proveFlat } from './agnhost.js'
import { Job, type Ended } from './support/action.js'
import { docker, engineState, nodeImage } from './support/engine.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(600_000)

const kept = ['kind-keep-one', 'kind-keep-two']

let before: Awaited<ReturnType<typeof engineState>>
let first: Job
let second: Job
let main: Ended

beforeAll(async () => {
  before = await engineState()
  first = await Job.create()
  const inputs = { 'node-image': nodeImage, cleanup: 'false' }
  const made = await first.startMain({ ...inputs, clusters: '[keep-one, keep-two]' }).ended
  if (made.code !== 0) throw new Error(made.log)
  await first.post()
  await docker('exec', 'keep-one-control-plane', 'ip', 'route', 'flush', 'proto', '171')
  second = await Job.create()
  main = await second.startMain({
    'node-image': nodeImage,
    reuse: 'true',
    clusters: '[keep-one, keep-two, keep-three]',
  }).ended
})

afterAll(async () => {
  await second.post()
  const run = await first.runId()
  const terminal = await Terminal.open()
  await terminal.run('down', '--run', run ?? '')
  await terminal.close()
  await Promise.all([first.remove(), second.remove()])
})

async function prove(job: Job, contexts: readonly string[]): Promise<number> {
  const { pods } = await proveFlat((await job.file('GITHUB_OUTPUT'))['kubeconfig'] ?? '', contexts)
  return pods.filter(({ own, seen }) => own === seen).length
}

test('clusters that an earlier run left are repaired, and what is missing is made', async () => {
  expect(main).toMatchObject({ code: 0, log: expect.stringMatching(/keep-one-control-plane: route \S+ via \S+ added/) })
  expect(main.log).toContain('keep-one: reused')
  expect(main.log).toContain("6/6 pod pairs reachable, 6/6 with the pod's own address")
  expect(await prove(second, [...kept, 'kind-keep-three'])).toBe(6)
})

test('post removes what was made, and leaves the others as they were', async () => {
  const { clusters = '[]' } = await second.file('GITHUB_OUTPUT')
  const gone = (JSON.parse(clusters) as { name: string; podSubnet: string }[]).find(({ name }) => name === 'keep-three')
  expect(await second.post()).toMatchObject({ code: 0, log: expect.not.stringContaining('::warning::') })
  expect((await docker('ps', '--filter', 'name=^keep-', '--format', '{{.Names}}')).split('\n').sort()).toEqual([
    'keep-one-control-plane',
    'keep-two-control-plane',
  ])
  const routes = await docker('exec', 'keep-one-control-plane', 'ip', 'route')
  expect(gone?.podSubnet).toMatch(/^10\.\d+\.0\.0\/16$/)
  expect(routes).not.toContain(gone?.podSubnet.replace(/0\/16$/, ''))
  expect(await prove(first, kept)).toBe(2)
})

test('the earlier run is removed by its own id', async () => {
  const run = await first.runId()
  const terminal = await Terminal.open()
  expect((await terminal.run('down', '--run', run ?? '')).code).toBe(0)
  await terminal.close()
  expect(await engineState()).toEqual(before)
})
