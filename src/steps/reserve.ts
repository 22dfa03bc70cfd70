import { createVolume, removeVolumes, reservationVolume } from '../commands/docker-volumes.js'
import type { Reservation } from '../plan/reservation.js'
import type { World } from '../ports.js'

/**
 * Writes on the engine what a run takes, in place of what the run took before. Only under the engine's lock: others
 * decide by it.
 */
export async function reserve({ runner }: World, run: string, reservation: Reservation): Promise<void> {
  const volume = reservationVolume(run)
  // a volume keeps its labels for life
  await runner.run(removeVolumes([volume]))
  await runner.run(createVolume(volume, run, reservation))
}
