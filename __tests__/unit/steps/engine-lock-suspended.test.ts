import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { CommandRunner, World } from '../../../src/ports.js'
import { withEngineLock } from '../../../src/steps/engine-lock.js'
import { existingVolumes } from '../../../src/steps/existing-objects.js'
import { reserve } from '../../../src/steps/reserve.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fakeWorld } from '../../fakes/world.js'

const runs = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'] as const
type Run = (typeof runs)[number]
const lock = 'kind-flat-network-lock'
const dead = 'deadbeef'
const byRun = (run: string) => ({ 'kind-flat-network.run': run })

const supernet = Array.from({ length: 9 }, (_, index) => `10.${String(index)}.0.0/16`)

/** Chooses a subnet that nobody has, as `claim` does. */
async function claim(world: World, run: string): Promise<string> {
  return withEngineLock(world, world, run, async (confirm) => {
    const others = (await existingVolumes(world.runner)).filter((volume) => volume.run !== run)
    const taken = others.flatMap(({ reservation }) => reservation?.subnets ?? [])
    const subnet = supernet.find((each) => !taken.includes(each)) ?? ''
    await reserve(world, run, { clusters: [], subnets: [subnet] })
    await confirm()
    return subnet
  })
}

/**
 * Runs on one engine, which only go on when they are told to: by one command, the half of one, or a pause. So each of
 * them can be suspended anywhere, also while the engine carries out its command.
 */
class SteppedRuns {
  readonly #shared = fakeWorld()
  readonly engine = new FakeEngine(this.#shared)
  readonly outcomes = new Map<Run, string | Error>()
  readonly steps = new Map<Run, number>()
  readonly #waiting = new Map<Run, () => void>()
  seconds = 0

  begin(run: Run): void {
    const pause = () => new Promise<void>((resolve) => this.#waiting.set(run, resolve))
    const runner: CommandRunner = {
      run: async (command) => {
        await pause()
        const output = await this.#shared.runner.run(command)
        await pause()
        return output
      },
      until: () => runner,
    }
    const sleep = async (seconds: number) => {
      await pause()
      this.seconds += seconds
    }
    const world = { ...this.#shared, runner, clock: { now: () => this.seconds, sleep } }
    void claim(world, run).then(
      (subnet) => this.outcomes.set(run, subnet),
      (error: unknown) => this.outcomes.set(run, error as Error),
    )
  }

  async step(run: Run): Promise<void> {
    this.#waiting.get(run)?.()
    this.#waiting.delete(run)
    this.steps.set(run, (this.steps.get(run) ?? 0) + 1)
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Lets one go on to its end, or by so many steps. */
  async goOn(run: Run, steps = Infinity): Promise<void> {
    for (let step = 0; step < steps && !this.outcomes.has(run); step++) await this.step(run)
  }

  reserved(): string[] {
    return this.engine.volumes.map(({ name }) => name)
  }
}

/** All that succeeded have a subnet of their own and a reservation of it; of the others nothing is left. */
function expectApart({ engine, outcomes }: SteppedRuns): void {
  const succeeded = [...outcomes].filter(([, outcome]) => typeof outcome === 'string')
  const failed = [...outcomes.values()].filter((outcome) => typeof outcome !== 'string')
  for (const error of failed) expect(error.message).toMatch(/^(another run took|run \w+ still holds) the Docker volume/)
  const subnets = succeeded.map(([, subnet]) => subnet)
  expect(new Set(subnets).size).toBe(subnets.length)
  const volumes = engine.volumes
    // when all have waited too long, what a dead run left is still there
    .filter(({ labels }) => labels['kind-flat-network.run'] !== dead)
    .map(({ name, labels }) => [
      name,
      (JSON.parse(labels['kind-flat-network.reserved'] ?? '{}') as { subnets?: string[] }).subnets,
    ])
  expect(volumes.sort()).toEqual(succeeded.map(([run, subnet]) => [`kind-flat-network-${run}`, [subnet]]).sort())
}

describe('a run that is suspended while it has the lock, and goes on when another one has taken it over', () => {
  const [suspended, other] = runs

  test('at any step, takes a subnet of its own', async () => {
    const undisturbed = new SteppedRuns()
    undisturbed.begin(suspended)
    await undisturbed.goOn(suspended)
    const steps = undisturbed.steps.get(suspended) ?? 0
    expect(steps).toBeGreaterThanOrEqual(20)
    let again = 0
    for (let at = 0; at < steps; at++) {
      const both = new SteppedRuns()
      both.begin(suspended)
      await both.goOn(suspended, at)
      both.begin(other)
      await both.goOn(other)
      expect(both.outcomes.get(other)).toMatch(/^10\./)
      await both.goOn(suspended)
      expect([at, both.outcomes.get(suspended)]).toEqual([at, expect.stringMatching(/^10\./)])
      expectApart(both)
      if ((both.steps.get(suspended) ?? 0) > steps) again++
    }
    expect(again).toBeGreaterThan(5)
  }, 60_000)

  test('gives up when that happens five times, and leaves no reservation', async () => {
    const both = new SteppedRuns()
    both.begin(suspended)
    let takenOver = 0
    while (!both.outcomes.has(suspended)) {
      await both.step(suspended)
      const { volumes } = both.engine
      if (both.reserved().includes(`kind-flat-network-${suspended}`)) {
        const index = volumes.findIndex(({ name }) => name === lock)
        if (volumes[index]?.labels['kind-flat-network.run'] === suspended) {
          takenOver++
          volumes.splice(index, 1)
        }
      }
    }
    expect([takenOver, both.reserved()]).toEqual([5, []])
    expect(String(both.outcomes.get(suspended))).toContain(
      'another run took the Docker volume kind-flat-network-lock over, because this run did not go on for 120 s',
    )
  })
})

test('runs that are suspended anywhere, for any time and in any order never take the same subnet', async () => {
  const leftovers = fc.constantFrom(
    [],
    [{ name: lock, labels: byRun(dead) }],
    [
      { name: lock, labels: byRun(dead) },
      { name: `${lock}-${dead}`, labels: byRun(dead) },
    ],
  )
  const part = fc.record({
    run: fc.constantFrom(...runs),
    steps: fc.nat(30),
    secondsBefore: fc.constantFrom(0, 0, 119, 121),
  })
  await fc.assert(
    fc.asyncProperty(leftovers, fc.array(part, { minLength: 4, maxLength: 25 }), async (left, schedule) => {
      const stepped = new SteppedRuns()
      stepped.engine.volumes.push(...left)
      for (const run of runs) stepped.begin(run)
      for (const { run, steps, secondsBefore } of schedule) {
        stepped.seconds += secondsBefore
        await stepped.goOn(run, steps)
      }
      while (stepped.outcomes.size < runs.length) for (const run of runs) await stepped.goOn(run, 1)
      expectApart(stepped)
    }),
    { numRuns: 150 },
  )
}, 60_000)
