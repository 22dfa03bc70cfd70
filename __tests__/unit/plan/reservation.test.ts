import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  describeUnreadable,
  readReservation,
  writeReservation,
  type Reservation,
} from '../../../src/plan/reservation.js'

const reservation010: Reservation = {
  clusters: ['a', 'b'],
  subnets: ['10.128.0.0/16', '10.192.0.0/16', '10.129.0.0/16', 'fd00:10:192::/112'],
  loadBalancerSubnets: { shared: ['172.18.254.0/24'], a: ['172.18.253.0/24'], b: ['172.18.252.0/24'] },
  reused: ['shared'],
}
const reservation: Reservation = { ...reservation010, dockerNetwork: 'lab' }
/** What releases knew of it that wrote less. */
const readable: Readonly<Record<string, Reservation>> = { '0.1.0': reservation010 }

/** As each release writes it; `unreleased` becomes the next release's name. */
const formats = new URL('../../formats/', import.meta.url)
const written = (release: string) =>
  JSON.stringify(JSON.parse(readFileSync(new URL(`${release}/reservation.json`, formats), 'utf8')))

/** The reader of 0.1.0, `src/commands/docker.ts`: a line of `docker volume ls`, divided at its blanks. */
function readBy010(text: string): Reservation {
  const [, , ...reserved] = `kind-flat-network-cafe0001 cafe0001 ${text}`.split(' ')
  return JSON.parse(reserved.join(' ')) as Reservation
}

describe('a reservation', () => {
  test.each(readdirSync(formats))('of release %s is read by this one', (release) => {
    expect(readReservation(written(release))).toEqual({ reservation: readable[release] ?? reservation })
  })

  test('of this release is the one that is kept, and 0.1.0 reads it', () => {
    expect(writeReservation(reservation)).toBe(written('unreleased'))
    expect(readBy010(writeReservation(reservation))).toMatchObject(reservation)
  })

  test('may have settings that a later release has added', () => {
    const later = JSON.stringify({ version: 1, ...reservation, dns: { east: 'east.local' } })
    expect(readReservation(later)).toEqual({ reservation })
  })

  test.each([
    ['', 'it is not JSON'],
    ['east west', 'it is not JSON'],
    ['{"clusters":["east"]', 'it is not JSON'],
    ['null', 'these parts are missing or wrong: the whole text'],
    ['[]', 'these parts are missing or wrong: the whole text'],
    ['"east"', 'these parts are missing or wrong: the whole text'],
    ['{}', 'these parts are missing or wrong: clusters, subnets'],
    ['{"clusters":["east"]}', 'these parts are missing or wrong: subnets'],
    ['{"clusters":"east","subnets":[]}', 'these parts are missing or wrong: clusters'],
    ['{"clusters":[1],"subnets":[]}', 'these parts are missing or wrong: clusters'],
    ['{"clusters":[],"subnets":["10.0.0.0/x"]}', 'these parts are missing or wrong: subnets'],
    [
      '{"clusters":[],"subnets":[],"loadBalancerSubnets":{"\\n::error::x":["y"]}}',
      'these parts are missing or wrong: loadBalancerSubnets',
    ],
    ['{"version":2,"clusters":[],"subnets":[]}', 'it has version 2, and this release reads version 1'],
    ['{"version":"1","clusters":[],"subnets":[]}', 'it has version "1", and this release reads version 1'],
    ['{"version":"\\n::error::x"}', 'it has version "\\n::error::x", and this release reads version 1'],
    ['{"version":2}', 'it has version 2, and this release reads version 1'],
  ])('that cannot be read says why, and throws nothing: %j', (text, unreadable) => {
    expect(readReservation(text)).toEqual({ unreadable })
  })

  test('that cannot be read is told with the volume and the command that removes it', () => {
    expect(describeUnreadable({ volume: 'kind-flat-network-cafe0001', why: 'it is not JSON' })).toBe(
      'the Docker volume kind-flat-network-cafe0001 holds a reservation that cannot be read (it is not JSON): ' +
        'names and subnets that are chosen may be those of its run; ' +
        'if that run is not at work, remove it with: docker volume rm kind-flat-network-cafe0001',
    )
  })

  test('is read or says why, whatever stands there', () => {
    const shaped = fc.record(
      {
        version: fc.oneof(fc.constant(1), fc.jsonValue()),
        clusters: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
        subnets: fc.oneof(fc.array(fc.constantFrom('10.0.0.0/16', 'fd00::/56', '10.0.0.0/99')), fc.jsonValue()),
        loadBalancerSubnets: fc.oneof(fc.dictionary(fc.string(), fc.array(fc.ipV4())), fc.jsonValue()),
        reused: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      shaped.map((value) => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const read = readReservation(text)
        if ('unreadable' in read) {
          expect(read.unreadable).toMatch(
            /^(it is not JSON|it has version .{1,20}, and .*|these parts are .*: [\w ,]+)$/u,
          )
          expect(read.unreadable).not.toMatch(/\p{Cc}/u)
        } else {
          // others build on the shape
          const { clusters, subnets, loadBalancerSubnets = {}, reused = [] } = read.reservation
          expect([clusters, subnets, reused, ...Object.values(loadBalancerSubnets)].every(Array.isArray)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})
