import { createVolume, engineLock, removeVolumes, reservationVolume, type Volume } from '../commands/docker-volumes.js'
import { messageOf } from '../errors.js'
import type { World } from '../ports.js'
import { existingVolumes } from './existing-objects.js'

const pauseSeconds = 0.3
/** The lock is needed for seconds; who has it for so long is taken for dead. */
const longestHoldSeconds = 120
const longestWaitSeconds = 900
const reminderSeconds = 30
/** A run is suspended that often only where it cannot work at all. */
const mostTurns = 5

/** The lock was another run's before what this run had decided was there for all to see. */
class LockLost extends Error {}

/**
 * Does work while no other run on the engine does such work, from this machine or another. A run that was suspended for
 * so long that another one took the lock over does its work again, under a lock that it takes again.
 * @param live for taking the lock
 * @param world as `live`, but not ended by the signal: the lock is given back in any case
 * @param work what it reserves counts once it has called `confirm` after that. Whoever takes the lock over later sees
 * the reservation; whoever did so before is seen by `confirm`, which ends the work then
 * @throws what the work throws, or that the lock could not be had
 */
export async function withEngineLock<T>(
  live: World,
  world: World,
  run: string,
  work: (confirm: () => Promise<void>) => Promise<T>,
): Promise<T> {
  for (let turn = 1; ; turn++) {
    try {
      return await holdingLock(live, world, run, () => work(() => confirmLock(live, run)))
    } catch (error) {
      if (!(error instanceof LockLost)) throw error
      await live.runner.run(removeVolumes([reservationVolume(run)]))
      if (turn === mostTurns) throw error
      live.log.warning(`${error.message}: names and subnets are chosen again`)
    }
  }
}

async function holdingLock<T>(live: World, world: World, run: string, work: () => Promise<T>): Promise<T> {
  let taken = false
  try {
    await take(live, engineLock, run, live.clock.now() + longestWaitSeconds)
    taken = true
    return await work()
  } finally {
    // also when it was not taken: a command that was ended may have reached the engine
    await releaseEngineLock(world, run).catch((error: unknown) => {
      if (taken) world.log.warning(`the Docker volume ${engineLock} could not be removed: ${messageOf(error)}`)
    })
  }
}

/** @throws {LockLost} when the lock is not the run's any more */
async function confirmLock({ runner }: World, run: string): Promise<void> {
  if (makerOf(await existingVolumes(runner), engineLock) === run) return
  throw new LockLost(
    `another run took the Docker volume ${engineLock} over, because this run did not go on for ${String(longestHoldSeconds)} s`,
  )
}

/** Gives back what a run has of the lock, if anything. */
export async function releaseEngineLock(world: World, run: string): Promise<void> {
  const own = (await existingVolumes(world.runner))
    .filter((volume) => volume.run === run)
    .map(({ name }) => name)
    .filter((name) => name === engineLock || name.startsWith(`${engineLock}-`))
  if (own.includes(engineLock)) await remove(world, engineLock, run, run, world.clock.now() + longestWaitSeconds)
  const rights = own.filter((name) => name !== engineLock)
  if (rights.length > 0) await world.runner.run(removeVolumes(rights))
}

/** Waits until the volume is the run's; returns the volumes of all runs as they are then. */
async function take(world: World, name: string, run: string, deadline: number): Promise<Volume[]> {
  const { runner, log, clock } = world
  const waiting = createWait(world, name)
  for (;;) {
    await runner.run(createVolume(name, run))
    const volumes = await existingVolumes(runner)
    // one that is gone again was just given back
    const volume = volumes.find((each) => each.name === name)
    if (volume?.run === run) return volumes
    if (volume !== undefined && volume.run === undefined) {
      throw new Error(
        `the Docker volume ${name}, by which runs take turns, is not one that a run made; remove it with: docker volume rm ${name}`,
      )
    }
    if (clock.now() >= deadline) {
      throw new Error(
        `run ${volume?.run ?? 'unknown'} still holds the Docker volume ${name} after ${String(longestWaitSeconds)} s of waiting; ` +
          `when no run is at work, remove it with: docker volume rm ${name}`,
      )
    }
    const holder = volume?.run
    if (holder !== undefined && waiting.heldFor(holder) >= longestHoldSeconds) {
      log.warning(
        `run ${holder} has held the Docker volume ${name} for ${String(longestHoldSeconds)} s: taken for dead`,
      )
      await remove(world, name, holder, run, deadline)
    } else {
      await clock.sleep(pauseSeconds)
    }
  }
}

/** Keeps how long a volume has been whose, and says for whom one waits: at once, and again every now and then. */
function createWait({ log, clock }: World, name: string): { heldFor(holder: string): number } {
  const begun = clock.now()
  let known: { readonly holder: string; readonly since: number } | undefined
  let toldAt = begun
  const tell = (line: string) => {
    toldAt = clock.now()
    log.info(line)
  }
  return {
    heldFor: (holder) => {
      if (holder !== known?.holder) {
        known = { holder, since: clock.now() }
        tell(`waiting for run ${holder}, which chooses its names and subnets on this engine`)
      } else if (clock.now() - toldAt >= reminderSeconds) {
        tell(
          `still waiting for run ${holder}, which holds the Docker volume ${name}, after ${String(Math.floor(clock.now() - begun))} s`,
        )
      }
      return clock.now() - known.since
    },
  }
}

/**
 * Removes a volume if it is still that holder's. A volume can be removed by its name only, so somebody else may have
 * removed it and the next run made it between looking and removing: who does it first takes a lock on just that.
 */
async function remove(world: World, name: string, holder: string, run: string, deadline: number): Promise<void> {
  const right = `${name}-${holder}`
  const held = makerOf(await take(world, right, run, deadline), name) === holder
  await world.runner.run(removeVolumes(held ? [name, right] : [right]))
}

function makerOf(volumes: readonly Volume[], name: string): string | undefined {
  return volumes.find((volume) => volume.name === name)?.run
}
