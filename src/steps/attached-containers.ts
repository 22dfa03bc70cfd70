import { inspectContainers, parseKindContainers, type KindContainer } from '../commands/docker.js'
import type { RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'

/** A container that restarts runs again within this time, and has an address again. */
export const restartSeconds = 15

/** Inspects containers of clusters on the shared Docker network; one that restarts has no address, and is looked at again. */
export async function attachedContainers(
  { runner, clock }: Pick<World, 'runner' | 'clock'>,
  names: readonly string[],
  { dockerNetwork, waitSeconds }: Pick<RunRecord, 'dockerNetwork' | 'waitSeconds'>,
): Promise<KindContainer[]> {
  const end = clock.now() + Math.min(restartSeconds, waitSeconds)
  for (;;) {
    const containers = parseKindContainers(await runner.run(inspectContainers(names)))
    const restarts = containers.some(({ addresses }) => addresses[dockerNetwork]?.length === 0)
    if (!restarts || clock.now() >= end) return containers
    await clock.sleep(1)
  }
}
