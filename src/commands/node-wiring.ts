import type { NodeWiring } from '../plan/wiring.js'
import { execScript, parseLines } from './docker.js'
import { script } from './node-wiring-script.js'

/** One exec that gives a node all its routes and all its rules, now and after a restart. */
export function applyWiring({ node, routes, keepSource, subnets }: NodeWiring): string[] {
  const lines = [
    ...routes.map(({ destination, via }) =>
      via.length === 0 ? `unreachable ${destination}` : `route ${destination} via ${via.join(' via ')}`,
    ),
    ...subnets.map((subnet) => `subnet ${subnet}`),
    ...keepSource.map((subnet) => `keep ${subnet}`),
  ]
  return execScript(node, script, [lines.join('\n')])
}

/** What the exec changed on the node, a line for each route, rule and setting; empty when all was as it should be. */
export const parseChanges = parseLines
