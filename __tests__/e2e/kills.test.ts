import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { Job } from './support/action.js'
import { engineState, foreignCluster, nodeImage, processesOf } from './support/engine.js'

jest.setTimeout(180_000)

const kills = Number(process.env['KILLS'] ?? 4)
/** A whole run of two clusters takes about that long. */
const longest = 28_000

let removeForeign: () => Promise<void>
let before: Awaited<ReturnType<typeof engineState>>

beforeAll(async () => {
  removeForeign = await foreignCluster('flat-e2e-foreign')
  before = await engineState()
})

afterAll(() => removeForeign())

// spread over the run, each at a random moment of its part
const moments = Array.from({ length: kills }, (_, index) => ({
  signal: index % 2 === 0 ? ('SIGTERM' as const) : ('SIGKILL' as const),
  after: Math.round(((index + Math.random()) * longest) / kills),
}))

test.each(moments)('main ended by $signal after $after ms, then post: nothing is left', async ({ signal, after }) => {
  const job = await Job.create()
  try {
    const { process: main, ended } = job.startMain({ clusters: '[flat-kill1, flat-kill2]', 'node-image': nodeImage })
    await Promise.race([sleep(after), ended])
    main.kill(signal)
    await ended
    expect(await job.post()).toMatchObject({ code: 0, log: expect.not.stringContaining('::warning::') })
    expect(await engineState()).toEqual(before)
    expect(await job.leftFiles()).toEqual([])
    const run = await job.runId()
    if (run !== undefined) expect(await processesOf(run)).toBe(0)
    // nothing arrives later either
    await sleep(1500)
    expect(await engineState()).toEqual(before)
  } finally {
    await job.post()
    await job.remove()
  }
})
