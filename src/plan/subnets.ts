import { cidrAt, outermost, overlap, sizeOf, type Cidr } from '../model/cidr.js'

/** Subnets that were allotted, or how many fit where more were wanted. */
export type Allotment = { readonly subnets: readonly Cidr[] } | { readonly fits: number; readonly prefix: number }

/**
 * Allots `count` equal subnets from a supernet, lowest first, none overlapping what is taken. Their prefix length is the
 * smallest (the largest subnets) within `prefixes` at which all of them fit.
 */
export function allot(
  count: number,
  supernet: Cidr,
  taken: readonly Cidr[],
  prefixes: { readonly shortest: number; readonly longest: number },
): Allotment {
  let most = { fits: 0, prefix: prefixes.longest }
  const inTheWay = outermost(taken.filter((other) => overlap(supernet, other)))
  for (let prefix = Math.max(prefixes.shortest, supernet.prefix); prefix <= prefixes.longest; prefix++) {
    const subnets = freeBlocks(count, supernet, inTheWay, prefix)
    if (subnets.length === count) return { subnets }
    if (subnets.length > most.fits) most = { fits: subnets.length, prefix }
  }
  return most
}

/** One walk over the supernet and the obstacles in it, both in the order of their addresses. */
function freeBlocks(count: number, supernet: Cidr, obstacles: readonly Cidr[], prefix: number): Cidr[] {
  const size = sizeOf(supernet.family, prefix)
  const blocks: Cidr[] = []
  let first = supernet.first
  for (let passed = 0; blocks.length < count && first + size - 1n <= supernet.last;) {
    const obstacle = obstacles[passed]
    if (obstacle !== undefined && obstacle.last < first) {
      passed++
    } else if (obstacle !== undefined && obstacle.first < first + size) {
      // the next multiple of the size behind the obstacle: never through it address by address
      first = ((obstacle.last + size) / size) * size
    } else {
      blocks.push(cidrAt(supernet.family, first, prefix))
      first += size
    }
  }
  return blocks
}
