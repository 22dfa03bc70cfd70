import { cidrAt, overlap, sizeOf, type Cidr } from '../model/cidr.js'

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
  const inTheWay = taken.filter((other) => overlap(supernet, other))
  for (let prefix = Math.max(prefixes.shortest, supernet.prefix); prefix <= prefixes.longest; prefix++) {
    const subnets = freeBlocks(count, supernet, inTheWay, prefix)
    if (subnets.length === count) return { subnets }
    if (subnets.length > most.fits) most = { fits: subnets.length, prefix }
  }
  return most
}

function freeBlocks(count: number, supernet: Cidr, taken: readonly Cidr[], prefix: number): Cidr[] {
  const size = sizeOf(supernet.family, prefix)
  const blocks: Cidr[] = []
  let first = supernet.first
  while (blocks.length < count && first + size - 1n <= supernet.last) {
    const block = cidrAt(supernet.family, first, prefix)
    const obstacle = taken.find((other) => overlap(block, other))
    if (obstacle === undefined) blocks.push(block)
    // a step past the obstacle, to the next multiple of the size: never through it address by address
    const next = obstacle === undefined ? block.last + 1n : obstacle.last + 1n
    const aligned = ((next + size - 1n) / size) * size
    first = aligned > first + size ? aligned : first + size
  }
  return blocks
}
