import { beforeEach, expect, test } from '@jest/globals'
import type { GivenInputs } from '../../../src/plan/inputs.js'
import { corefileWith } from '../../../src/plan/corefile.js'
import { teachCluster } from '../../../src/steps/teach-cluster.js'
import { record } from '../../fakes/build.js'
import { FakeEngine, kubeadmsCorefile, kubectlOf } from '../../fakes/engine.js'
import { fails, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
})

/** Teaches the first of two clusters. */
function teach(given: GivenInputs): Promise<boolean> {
  const made = record({ clusters: '[east, west]', ...given })
  const [east] = made.clusters
  if (east === undefined) throw new Error('no cluster')
  return teachCluster(world, made, east)
}

/** The addresses that the DNS service was given, each time. */
const servicePatches = () =>
  world.runner
    .matching('patch service/kube-dns')
    .map(({ command }) => JSON.parse(command.at(-1)?.replace('--patch=', '') ?? '') as unknown)

const names = { 'cross-cluster-dns': 'true' }
const west = (servers: string[]) => ({ domain: 'west.local', servers })

test.each(['ipv4', 'dual'])('nothing is asked or changed where there are no names to teach: %s', async (family) => {
  expect(await teach({ 'ip-family': family })).toBe(false)
  expect(world.runner.lines()).toEqual([])
})

test('names of an IPv4 cluster are taught, and its DNS service stays as it is', async () => {
  expect(await teach(names)).toBe(true)
  expect(engine.corefiles.get('east')).toBe(
    corefileWith(kubeadmsCorefile, { domain: 'east.local', peers: [west(['10.193.0.10'])], upstream: true }),
  )
  expect(servicePatches()).toEqual([])
  expect(await teach(names)).toBe(false)
})

test('the DNS service of a dual-stack cluster is given its second address, behind the one that it has', async () => {
  world.runner.on(kubectlOf('east', 'patch service/kube-dns'), inTurn(fails('connection refused'), 'patched'))
  expect(await teach({ ...names, 'ip-family': 'dual', 'service-supernet': '10.5.0.0/16,fd00:5::/108' })).toBe(true)
  const given = { spec: { ipFamilyPolicy: 'PreferDualStack', clusterIPs: ['10.5.0.10', 'fd00:5::a'] } }
  expect(servicePatches()).toEqual([given, given])
})

test.each([
  ['nameserver 172.18.0.1\n', false],
  ['nameserver fd00::53\n', true],
])('an IPv6-only cluster whose nodes have %j: names outside are asked for: %s', async (resolvConf, upstream) => {
  world.runner.on('docker exec east-control-plane cat /etc/resolv.conf', resolvConf)
  expect(await teach({ 'ip-family': 'ipv6' })).toBe(!upstream)
  expect(engine.corefiles.get('east')).toBe(
    upstream ? undefined : corefileWith(kubeadmsCorefile, { peers: [], upstream: false }),
  )
})

test('an IPv6-only cluster learns names and that nothing outside can be asked at once', async () => {
  world.runner.on('docker exec east-control-plane cat /etc/resolv.conf', 'nameserver 172.18.0.1\n')
  expect(await teach({ ...names, 'ip-family': 'ipv6', 'service-supernet': 'fd00:5::/108' })).toBe(true)
  expect(engine.corefiles.get('east')).toBe(
    corefileWith(kubeadmsCorefile, { domain: 'east.local', peers: [west(['fd00:5::1:a'])], upstream: false }),
  )
  expect(world.runner.lines('patch configmap')).toHaveLength(1)
})
