import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { Outputs } from '../../src/report/flat-network.js'
import { proveFlat, type Dialled, type Proof } from './agnhost.js'
import { engineState } from './support/engine.js'
import { kubectl } from './support/kubectl.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(600_000)

/** How many of them there are in each family, and which of them are broken. */
const tally = (dialled: readonly Dialled[]) => ({
  IPv4: dialled.filter(({ family }) => family === 'IPv4').length,
  IPv6: dialled.filter(({ family }) => family === 'IPv6').length,
  broken: dialled.filter(({ reachable }) => !reachable),
})
const masqueraded = (dialled: readonly Dialled[]) => dialled.filter(({ own, seen }) => own !== seen)
const contextsOf = ({ clusters }: Outputs) => clusters.map(({ context }) => context)
const domainsOf = ({ clusters }: Outputs) =>
  Object.fromEntries(clusters.map(({ context, domain }) => [context, domain ?? '']))

describe.each([
  {
    shape: 'dual stack, dual stack with IPv6 first, and IPv4',
    clusters:
      '[{name: fam-dual1, ip-family: dual, workers: 1}, {name: fam-dual2, ip-family: dual, pod-subnet: "fd00:77::/56,10.77.0.0/16"}, fam-four]',
    primary: ['ipv4', 'ipv6', 'ipv4'],
    // 2 × 1 dual pairs in IPv6; those, 2 × 1 and 1 × 1 with fam-four in IPv4; both ways
    pods: { IPv4: 10, IPv6: 4, broken: [] },
    // of 2 nodes to 2 clusters, of 1 to 2, of 1 to 2
    services: { IPv4: 8, IPv6: 3, broken: [] },
    names: { IPv4: 16, IPv6: 6, broken: [] },
  },
  {
    shape: 'IPv6',
    clusters: '[{name: fam-six1, workers: 1}, fam-six2]',
    primary: ['ipv6', 'ipv6'],
    more: ['--ip-family', 'ipv6'],
    pods: { IPv4: 0, IPv6: 4, broken: [] },
    services: { IPv4: 0, IPv6: 3, broken: [] },
    names: { IPv4: 0, IPv6: 6, broken: [] },
  },
])('$shape', ({ clusters, primary, more = [], pods, services, names }) => {
  let terminal: Terminal
  let before: Awaited<ReturnType<typeof engineState>>
  let outputs: Outputs
  let proof: Proof

  beforeAll(async () => {
    before = await engineState()
    terminal = await Terminal.open()
    outputs = await terminal.up(clusters, '--cross-cluster-dns', 'true', ...more)
    proof = await proveFlat(outputs.kubeconfig, contextsOf(outputs), domainsOf(outputs))
  })

  afterAll(() => terminal.close())

  test('every pod is reached in every family that both clusters have, by its own address', () => {
    expect(tally(proof.pods)).toEqual(pods)
    expect(masqueraded(proof.pods)).toEqual([])
    expect(outputs.connectivity).toHaveLength(pods.IPv4 + pods.IPv6)
  })

  test("each cluster's own order of families is kept", async () => {
    const family = (subnet: string) => (subnet.includes(':') ? 'ipv6' : 'ipv4')
    expect(outputs.clusters.map(({ podSubnet }) => family(podSubnet))).toEqual(primary)
    expect(outputs.clusters.map(({ serviceSubnet }) => family(serviceSubnet))).toEqual(primary)
    const dns = await Promise.all(
      outputs.clusters.map(({ context }) =>
        kubectl(
          outputs.kubeconfig,
          context,
          '-n',
          'kube-system',
          'get',
          'service/kube-dns',
          '-o',
          'jsonpath={.spec.clusterIP}',
        ),
      ),
    )
    expect(dns.map(family)).toEqual(primary)
  })

  test('every service answers', () => {
    expect(tally(proof.services)).toEqual(services)
  })

  test('names of services and headless services in the other clusters answer; headless ones are the pods themselves', () => {
    expect(tally(proof.names)).toEqual(names)
    expect(masqueraded(proof.names.filter(({ to }) => to.startsWith('headless')))).toEqual([])
  })

  test("kind's own cluster.local is kept", () => {
    expect(proof.ownNames.filter(({ reachable }) => !reachable)).toEqual([])
  })

  test('pods that reach no nameserver are told at once that a name does not exist', () => {
    for (const { cluster, answer, seconds } of proof.unknownNames.filter(() => pods.IPv4 === 0)) {
      expect({ cluster, answer }).toEqual({ cluster, answer: expect.stringContaining('NXDOMAIN') })
      expect(seconds).toBeLessThan(3)
    }
  })

  test('everything is removed', async () => {
    expect((await terminal.run('down')).code).toBe(0)
    expect(await engineState()).toEqual(before)
  })
})
