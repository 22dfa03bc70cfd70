import { longestSubnets, tooLong } from '../model/bounds.js'
import { parseCidr, type Cidr, type Family } from '../model/cidr.js'
import type { Problems } from '../model/problems.js'

const familyNames: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }

/** Subnets separated by commas, as kind takes them: at most one of each of those families. */
export function parseSubnets(problems: Problems, input: string, value: string, wanted: readonly Family[]): Cidr[] {
  const excess = tooLong(value, longestSubnets)
  if (excess !== undefined) {
    problems.add(input, value, excess)
    return []
  }
  const found: Cidr[] = []
  for (const text of value.split(',').map((part) => part.trim())) {
    const subnet = problems.attempt(input, text, () => parseCidr(text))
    if (subnet === undefined) continue
    const { family } = subnet
    if (!wanted.includes(family)) {
      problems.add(input, text, `is ${familyNames[family]}, the cluster is not; give another subnet, or ip-family dual`)
    } else if (found.some((other) => other.family === family)) {
      problems.add(input, text, `is a second subnet of ${familyNames[family]}; give at most one of each address family`)
    } else {
      found.push(subnet)
    }
  }
  return found
}
