import { mostNodes } from '../model/bounds.js'
import type { NodeRole } from '../model/kind-names.js'
import type { Problems } from '../model/problems.js'

/** How many nodes of each role a cluster has. */
export type NodeCount = Readonly<Record<NodeRole, number>>

/**
 * Tells whether all nodes fit on one Docker network; where they do not, that is a problem. So many nodes are only
 * counted, never made. kind puts a load balancer before several control planes, which is a container too.
 */
export function fitOneNetwork(problems: Problems, counts: readonly NodeCount[]): boolean {
  const nodes = sum(counts.map((count) => count['control-plane'] + count.worker))
  const balancers = counts.filter((count) => count['control-plane'] > 1).length
  if (nodes + balancers <= mostNodes) return true
  const clusters = counts.length === 1 ? '1 cluster' : `${String(counts.length)} clusters`
  const what =
    balancers === 0
      ? `${String(nodes)} nodes`
      : `${String(nodes)} nodes and ${balancers === 1 ? 'a load balancer' : `${String(balancers)} load balancers`}`
  problems.add(
    'clusters',
    undefined,
    `${clusters} with ${what} in all; one Docker network holds at most ${String(mostNodes)}, so use fewer clusters or nodes`,
  )
  return false
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
