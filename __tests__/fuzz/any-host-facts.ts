import fc, { type Arbitrary } from 'fast-check'
import type { HostFacts } from '../../src/plan/host-facts.js'
import { place } from '../fakes/build.js'
import { noSubnet, subnet } from './any-subnet.js'

/** What other programs print may be no subnet at all. */
const seen = fc.oneof({ weight: 15, arbitrary: subnet }, { weight: 1, arbitrary: noSubnet })

function few<T>(arbitrary: Arbitrary<T>, most = 3): Arbitrary<T[]> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.array(arbitrary, { maxLength: 0 }) },
    { weight: 1, arbitrary: fc.array(arbitrary, { maxLength: most }) },
  )
}

/** In the fields that subnets are of, and outside. Some resolvers write names of interfaces, or what is not an address. */
const nameserver = fc.constantFrom(
  ...['10.0.0.2', '10.128.0.1', '10.192.0.53', '172.16.5.5', '192.168.1.1', '127.0.0.53', 'fd00:20::53'],
  ...['fd00:10:128::1', 'fd00:30::35', 'fe80::1%eth0', 'router.lan'],
)

const networkName = fc.constantFrom('kind', 'kind.net', 'bridge', 'mine')

/** A machine with Docker networks, routes, clusters, and runs that have reserved something. */
export const anyHostFacts: Arbitrary<Partial<HostFacts>> = fc.record({
  networks: few(fc.record({ id: fc.uuid(), name: networkName, subnets: fc.array(seen, { maxLength: 2 }) })),
  routes: few(fc.record({ destination: seen, device: fc.constant('eth0') }), 4),
  nameservers: fc.array(nameserver, { maxLength: 2 }),
  clusters: few(fc.record({ name: fc.constantFrom('theirs', 'kind'), subnets: fc.array(seen, { maxLength: 4 }) })),
  reservations: few(
    fc.record({
      run: fc.constantFrom('cafe0001', 'cafe0002'),
      nameservers: fc.array(nameserver, { maxLength: 2 }),
      clusters: few(fc.constantFrom('east', 'cluster1', 'theirs')),
      subnets: fc.array(seen, { maxLength: 4 }),
    }),
  ),
  containers: few(
    fc.record(
      {
        name: fc.constantFrom('east-control-plane', 'db', 'cluster2-worker'),
        cluster: fc.constantFrom('east', 'kind'),
      },
      { requiredKeys: ['name'] },
    ),
  ),
  usedPorts: few(
    fc.record({
      address: fc.constant('0.0.0.0'),
      port: fc.integer({ min: 30_000, max: 30_040 }),
      protocol: fc.constant('TCP' as const),
    }),
  ),
  ipv6: fc.integer({ min: 0, max: 19 }).map((chance) => chance > 0),
  tools: fc.constantFrom(
    { kind: '0.33.0', kubectl: '1.34.4', platform: 'linux/x64' },
    { kind: '0.33.0', kubectl: '1.34.4', platform: 'linux/x64' },
    { platform: 'linux/arm64' },
    { kind: '0.20.0-mine', platform: 'darwin/arm64' },
  ),
  place: fc.oneof(
    { weight: 8, arbitrary: fc.constant(place) },
    { weight: 1, arbitrary: fc.constant({ ...place, remote: '10.9.9.9' }) },
    { weight: 1, arbitrary: fc.constant({ ...place, container: { id: 'c1', name: 'job', networks: ['bridge'] } }) },
  ),
  files: fc.constant([
    { path: '/home/me/config', exists: false, directoryExists: true },
    { path: '/nowhere/config', exists: false, directoryExists: false },
  ]),
})
