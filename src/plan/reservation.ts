import * as z from 'zod'
import { machineCidr } from '../model/cidr.js'

/**
 * Changes only when an older release could misread a reservation. What is added without that older releases pass over,
 * and newer ones must do without it. Release 0.1.0 wrote none.
 */
const version = 1

const names = z.array(z.string()).readonly()
const subnets = z.array(z.string().refine((text) => machineCidr(text) !== undefined)).readonly()

const schema = z.object({
  clusters: names,
  /** Of every family: pods, services. */
  subnets,
  /** Parts of the Docker network that the clusters' Services get addresses out of, by cluster. */
  loadBalancerSubnets: z.record(z.string(), subnets).exactOptional(),
  /** Names of clusters of earlier runs, if it has joined any with its own. */
  reused: names.exactOptional(),
  /** The network that the clusters will be on; nobody else removes it. */
  dockerNetwork: z.string().exactOptional(),
})

/** Names and subnets that a run takes for itself. */
export type Reservation = Readonly<z.infer<typeof schema>>

/** The text that a run puts on the engine for others to read. */
export function writeReservation(reservation: Reservation): string {
  return JSON.stringify({ version, ...reservation })
}

/**
 * Reads what a run of any release, or somebody else, has put on the engine.
 * @returns the reservation, or why it cannot be read: with next to nothing of the text, which may be anything
 */
export function readReservation(text: string): { reservation: Reservation } | { unreadable: string } {
  const value = jsonIn(text)
  if (value === undefined) return { unreadable: 'it is not JSON' }
  const found = z.object({ version: z.unknown() }).safeParse(value).data?.version
  if (found !== undefined && found !== version) {
    return {
      unreadable: `it has version ${JSON.stringify(found).slice(0, 20)}, and this release reads version ${String(version)}`,
    }
  }
  const { data, error } = schema.safeParse(value)
  if (data !== undefined) return { reservation: data }
  const places = error.issues.map(({ path: [setting] }) => (setting === undefined ? 'the whole text' : String(setting)))
  return { unreadable: `these parts are missing or wrong: ${[...new Set(places)].join(', ')}` }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A volume with the label of a reservation that cannot be read, and why. */
export interface UnreadableReservation {
  readonly volume: string
  readonly why: string
}

export function describeUnreadable({ volume, why }: UnreadableReservation): string {
  return (
    `the Docker volume ${volume} holds a reservation that cannot be read (${why}): names and subnets that are chosen ` +
    `may be those of its run; if that run is not at work, remove it with: docker volume rm ${volume}`
  )
}
