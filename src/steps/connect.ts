import { applyWiring, parseChanges } from '../commands/node-wiring.js'
import { CommandError } from '../errors.js'
import type { NodeWiring } from '../plan/wiring.js'
import type { World } from '../ports.js'

/** What was not as it should be on a node, and is now. */
export interface NodeChanges {
  readonly node: string
  readonly changes: readonly string[]
}

/**
 * Gives every node its routes and its rules: one exec each, all at the same time. A second time changes nothing.
 * @returns the nodes on which something was changed
 * @throws with every node that failed, the first one's cause first; what stopped the run is thrown as it is
 */
export async function connect({ runner }: World, wirings: readonly NodeWiring[]): Promise<NodeChanges[]> {
  const results = await Promise.allSettled(
    wirings.map(async (wiring) => ({
      node: wiring.node,
      changes: parseChanges(await runner.run(applyWiring(wiring))),
    })),
  )
  const failures = results.flatMap((result, index) =>
    result.status === 'rejected' ? [{ node: wirings[index]?.node ?? '', cause: result.reason as Error }] : [],
  )
  if (failures.length === 0) {
    return results
      .flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      .filter(({ changes }) => changes.length > 0)
  }
  const stopped = failures.find(({ cause }) => !(cause instanceof CommandError))
  if (stopped !== undefined) throw stopped.cause
  throw new Error(failures.map(({ node, cause }) => `node ${node} was not wired: ${cause.message}`).join('\n'), {
    cause: failures[0]?.cause,
  })
}
