import { connectNetwork, disconnectNetwork } from '../commands/docker-networks.js'
import { CommandError } from '../errors.js'
import type { RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'
import { goneTexts } from './existing-objects.js'

/**
 * Puts the container that this process runs in on the clusters' network, since what the engine publishes is not in reach
 * from there. Elsewhere, and where it is on that network already, nothing is done.
 */
export async function joinNetwork(
  { runner, log }: Pick<World, 'runner' | 'log'>,
  { container, dockerNetwork }: Pick<RunRecord, 'container' | 'dockerNetwork'>,
): Promise<void> {
  if (container?.joins !== true) return
  try {
    await runner.run(connectNetwork(dockerNetwork, container.id))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    // another step of the same job was faster
    if (!/already exists in network/.test(error.output)) throw error
  }
  log.info(`this container, ${container.name}, is on the Docker network ${dockerNetwork} too, to reach the clusters`)
}

/** Takes the container off the network again. */
export async function leaveNetwork(
  { runner, log }: Pick<World, 'runner' | 'log'>,
  { container, dockerNetwork }: Partial<Pick<RunRecord, 'container' | 'dockerNetwork'>>,
): Promise<void> {
  if (container?.joins !== true || dockerNetwork === undefined) return
  try {
    await runner.run(disconnectNetwork(dockerNetwork, container.id))
    log.info(`the container ${container.name} is off the Docker network ${dockerNetwork}`)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    if (!notOnIt.test(error.output)) throw error
  }
}

/** moby, `daemon/disconnect.go` and libnetwork: what is not on a network, or is gone with it. */
const notOnIt = new RegExp(`${goneTexts.source}|is not connected to`, 'i')
