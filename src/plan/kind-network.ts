import { createHash } from 'node:crypto'

/**
 * IPv6 subnets for the Docker network of that name, in the order kind tries them: fc00::/8 filled up with the SHA-1
 * of the name and the attempt (`generateULASubnetFromName`), so that a network we make is the one kind would make.
 */
export function candidateIpv6Subnets(name: string): string[] {
  return Array.from({ length: 5 }, (_, attempt) => {
    const counter = Buffer.alloc(4)
    counter.writeInt32LE(attempt)
    const hash = createHash('sha1').update(name).update(counter).digest()
    const groups = [2, 4, 6].map((offset) => hash.readUInt16BE(offset).toString(16))
    return `fc00:${groups.join(':')}::/64`
  })
}
