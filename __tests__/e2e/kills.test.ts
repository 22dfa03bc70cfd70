import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { Job } from './support/action.js'
import { engineState, foreignCluster, nodeImage, processesOf } from './support/engine.js'

jest.setTimeout(600_000)

const kills = Number(process.env['KILLS'] ?? 4)
const inputs = { clusters: '[flat-kill1, flat-kill2]', 'node-image': nodeImage }

let removeForeign: () => Promise<void>
let before: Awaited<ReturnType<typeof engineState>>
/** Milliseconds that main takes. */
let longest: number

beforeAll(async () => {
  removeForeign = await foreignCluster('flat-e2e-foreign')
  before = await engineState()
  const job = await Job.create()
  try {
    const started = performance.now()
    expect(await job.startMain(inputs).ended).toMatchObject({ code: 0 })
    longest = performance.now() - started
  } finally {
    await job.post()
    await job.remove()
  }
})

afterAll(() => removeForeign())

// spread over the run, each at a random moment of its part
const moments = Array.from({ length: kills }, (_, index) => ({
  signal: index % 2 === 0 ? ('SIGTERM' as const) : ('SIGKILL' as const),
  part: (index + Math.random()) / kills,
}))

/** @returns whether main was ended: it may have ended by itself before */
async function killAndRemove(signal: NodeJS.Signals, after: number): Promise<boolean> {
  const job = await Job.create()
  try {
    const { process: main, ended } = job.startMain(inputs)
    const tooLate = await Promise.race([sleep(after, false), ended.then(() => true)])
    main.kill(signal)
    const { code } = await ended
    if (tooLate) expect(code).toBe(0)
    expect(await job.post()).toMatchObject({ code: 0, log: expect.not.stringContaining('::warning::') })
    expect(await engineState()).toEqual(before)
    expect(await job.leftFiles()).toEqual([])
    const run = await job.runId()
    if (run !== undefined) expect(await processesOf(run)).toBe(0)
    // nothing arrives later either
    await sleep(1500)
    expect(await engineState()).toEqual(before)
    return code !== 0
  } finally {
    await job.post()
    await job.remove()
  }
}

test.each(moments)('main ended by $signal after $part of its time, then post: nothing is left', async (moment) => {
  for (let tries = 1; tries <= 4; tries++) {
    if (await killAndRemove(moment.signal, moment.part * longest)) return
    // main is quicker than the first one was
    longest *= 0.9
  }
  throw new Error('main had ended each time before it was killed')
})
