import { readReservation, writeReservation, type Reservation } from '../plan/reservation.js'
import { isRunId } from '../plan/run-record.js'
import { labelField, parseRows, rows, runLabel } from './docker.js'

/** Arguments for the volumes by which runs on one engine know of each other, and a reader of what docker prints. */

/** Label of the volume that holds a run's reservation, as JSON. */
const reservedLabel = 'kind-flat-network.reserved'

/** The volume whose maker has the engine for itself. */
export const engineLock = 'kind-flat-network-lock'

/** The volume that keeps what a run takes. */
export function reservationVolume(run: string): string {
  return `kind-flat-network-${run}`
}

/**
 * Makes a volume, or leaves the one of that name as it is, with the labels of its maker, and succeeds all the same: the
 * engine decides one name after the other (moby, `volume/service/store.go`, `VolumeStore.Create`).
 */
export function createVolume(name: string, run: string, reservation?: Reservation): string[] {
  return [
    'docker',
    'volume',
    'create',
    `--label=${runLabel}=${run}`,
    ...(reservation === undefined ? [] : [`--label=${reservedLabel}=${writeReservation(reservation)}`]),
    name,
  ]
}

/** All volumes: somebody else may have made one of our names, without our labels. */
export const listVolumes = [
  'docker',
  'volume',
  'ls',
  '--format',
  rows('.Name', labelField(runLabel), labelField(reservedLabel)),
] as const

/** A volume with one of our names or labels. */
export interface Volume {
  readonly name: string
  /** The run that made it; left out where that was somebody else. */
  readonly run?: string
  readonly reservation?: Reservation
  /** Why the reservation that it holds cannot be read. */
  readonly unreadable?: string
}

export function parseVolumes(output: string): Volume[] {
  return parseRows(output)
    .filter(([name = '', ...labels]) => name.startsWith(reservationVolume('')) || labels.some((label) => label !== ''))
    .map(([name = '', run = '', reserved = '']) => {
      const known = isRunId(run) && (name === reservationVolume(run) || isLock(name))
      if (reserved === '') return { name, ...(known && { run }) }
      return known
        ? { name, run, ...readReservation(reserved) }
        : { name, unreadable: `its name and its label ${runLabel} are not those of a run` }
    })
}

function isLock(name: string): boolean {
  return name === engineLock || name.startsWith(`${engineLock}-`)
}

/** Volumes that are not there are fine. */
export function removeVolumes(names: readonly string[]): string[] {
  return ['docker', 'volume', 'rm', '--force', ...names]
}
