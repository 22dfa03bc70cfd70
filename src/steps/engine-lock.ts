import { createVolume, engineLock, removeVolumes, type Volume } from '../commands/docker.js'
import { messageOf } from '../errors.js'
import type { World } from '../ports.js'
import { existingVolumes } from './existing-objects.js'

const pauseSeconds = 0.3
/** The lock is needed for seconds; who has it for so long is taken for dead. */
const longestHoldSeconds = 120
const longestWaitSeconds = 900

/**
 * Does work while no other run on the engine does such work, from this machine or another.
 * @param live for taking the lock
 * @param world as `live`, but not ended by the signal: the lock is given back in any case
 * @throws what the work throws, or that the lock could not be had
 */
export async function withEngineLock<T>(live: World, world: World, run: string, work: () => Promise<T>): Promise<T> {
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
  let known: { holder: string; since: number } | undefined
  for (;;) {
    await runner.run(createVolume(name, run))
    const volumes = await existingVolumes(runner)
    const holder = makerOf(volumes, name)
    if (holder === run) return volumes
    if (clock.now() >= deadline) {
      throw new Error(
        `run ${holder ?? 'unknown'} still holds the Docker volume ${name} after ${String(longestWaitSeconds)} s of waiting; ` +
          `when no run is at work, remove it with: docker volume rm ${name}`,
      )
    }
    if (holder !== undefined && holder !== known?.holder) {
      known = { holder, since: clock.now() }
      log.info(`waiting for run ${holder}, which chooses its names and subnets on this engine`)
    }
    if (holder !== undefined && known !== undefined && clock.now() - known.since >= longestHoldSeconds) {
      log.warning(
        `run ${holder} has held the Docker volume ${name} for ${String(longestHoldSeconds)} s: taken for dead`,
      )
      await remove(world, name, holder, run, deadline)
    } else {
      await clock.sleep(pauseSeconds)
    }
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
