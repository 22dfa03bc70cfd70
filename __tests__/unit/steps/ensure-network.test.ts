import { beforeEach, describe, expect, test } from '@jest/globals'
import { CancelledError } from '../../../src/errors.js'
import { candidateIpv6Subnets } from '../../../src/plan/kind-network.js'
import { ensureNetwork } from '../../../src/steps/ensure-network.js'
import { plan, run } from '../../fakes/build.js'
import { FakeEngine } from '../../fakes/engine.js'
import { fails, type Call } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
})

const onKind = plan({ 'docker-network': 'kind' })
const ensure = () => ensureNetwork(world, onKind)
const creations = () => world.runner.lines('docker network create')
const ids = () => engine.networks.map(({ id }) => id)
const [first = '', second = ''] = candidateIpv6Subnets('kind')

/** Docker makes the network, unless that says what goes wrong. */
function createsUnless(wrong: (call: Call) => string | undefined, make: (call: Call) => void = () => undefined) {
  world.runner.on('docker network create', (call) => {
    const words = wrong(call)
    if (words !== undefined) return fails(words)
    make(call)
    engine.networks.push({ id: 'own', name: 'kind', subnets: ['172.18.0.0/16'], run })
    return 'own\n'
  })
}

test('takes the network that is there and makes none', async () => {
  engine.networks.push({ id: 'k1', name: 'kind', subnets: ['172.20.0.0/16'] })
  expect(await ensure()).toMatchObject({ network: { id: 'k1', subnets: ['172.20.0.0/16'] }, created: false })
  expect(creations()).toEqual([])
})

test('takes the one of several that kind takes: the most containers first, then the lowest id', async () => {
  const others = ['k3', 'k2', 'k1'].map((id) => ({ id, name: 'kind', subnets: [], others: id === 'k1' ? 0 : 2 }))
  engine.networks.push(...others)
  expect((await ensure()).network.id).toBe('k2')
})

test('takes no network whose name is only like it', async () => {
  engine.networks.push({ id: 'a1', name: 'kindxnet', subnets: ['172.20.0.0/16'] })
  const { network, created } = await ensureNetwork(world, plan({ 'docker-network': 'kind.net' }))
  expect([network.name, created]).toEqual(['kind.net', true])
  expect(engine.networks.map(({ name }) => name)).toEqual(['bridge', 'kindxnet', 'kind.net'])
})

test('takes no other network either when the engine finds more than was asked for', async () => {
  engine.networks.push({ id: 'a1', name: 'KIND', subnets: ['172.20.0.0/16'] })
  world.runner.on(/docker network ls .*name=/, () => engine.networks.map(({ id }) => `${id}\n`).join(''))
  expect((await ensure()).network.name).toBe('kind')
})

test("makes a missing network with the default network's MTU and kind's IPv6 subnet, and tells its subnets", async () => {
  const { network, created } = await ensure()
  expect([created, network.subnets]).toEqual([true, [first, '172.18.0.0/16']])
  expect(creations()).toHaveLength(1)
  expect(creations()[0]).toContain(`mtu=1500 --ipv6 --subnet=${first} --label=kind-flat-network.run=${run} kind`)
  expect(world.log.infos).toEqual([`Docker network kind made: ${first}, 172.18.0.0/16`])
})

test('makes one of the run alone when none was named', async () => {
  const own = `kind-flat-network-${run}`
  await ensureNetwork(world, plan())
  expect(engine.networks.at(-1)).toMatchObject({
    name: own,
    run,
    subnets: [candidateIpv6Subnets(own)[0], '172.18.0.0/16'],
  })
})

test.each([
  ['says none', '\n'],
  ['says nonsense', '<no value>\n'],
  ['cannot be asked', fails('Error: No such network: bridge')],
])('leaves the MTU to Docker when the default network %s', async (_, reply) => {
  world.runner.on('docker network inspect bridge --format', reply)
  await ensure()
  expect(creations()).toHaveLength(1)
  expect(creations()[0]).not.toContain('mtu')
})

describe('when somebody else makes the network at the same time', () => {
  test('takes the other one when Docker refuses ours', async () => {
    world.runner.on('docker network create', () => {
      engine.networks.push({ id: 'k1', name: 'kind', subnets: ['172.19.0.0/16'] })
      return fails('Error response from daemon: network with name kind already exists')
    })
    expect(await ensure()).toMatchObject({ network: { id: 'k1' }, created: false })
    expect(world.log.infos).toEqual([])
  })

  test('removes ours and not the other, when the other is the one that kind keeps', async () => {
    createsUnless(
      () => undefined,
      () => engine.networks.push({ id: 'a-first', name: 'kind', subnets: ['172.19.0.0/16'] }),
    )
    expect(await ensure()).toMatchObject({ network: { id: 'a-first' }, created: false })
    expect(ids()).toEqual(['b1', 'a-first'])
  })

  test('keeps both when ours is the one that kind keeps: the other is not ours to remove', async () => {
    createsUnless(
      () => undefined,
      () => engine.networks.push({ id: 'z-last', name: 'kind', subnets: ['172.19.0.0/16'] }),
    )
    expect(await ensure()).toMatchObject({ network: { id: 'own' }, created: true })
    expect(ids()).toEqual(['b1', 'z-last', 'own'])
  })

  test('says so when the network is gone again', async () => {
    world.runner.on('docker network create', 'n9\n')
    await expect(ensure()).rejects.toThrow('the Docker network kind vanished right after it was made')
  })
})

describe('when Docker refuses', () => {
  test.each([
    'Error response from daemon: Cannot read IPv6 setup for bridge br-1: open /proc/sys/net/ipv6/conf/br-1: no such file',
    'Error response from daemon: Failed to Setup IP tables: Unable to enable NAT rule:  (iptables failed: ip6tables …',
  ])('IPv6, the network goes without it: %s', async (words) => {
    createsUnless(({ line }) => (line.includes('--ipv6') ? words : undefined))
    expect((await ensure()).created).toBe(true)
    expect(creations().map((line) => line.includes('--ipv6'))).toEqual([true, false])
  })

  test.each([
    'Error response from daemon: Pool overlaps with other one on this address space',
    'Error response from daemon: cannot create network 1 (br-1): conflicts with network 2 (br-2): networks have overlapping IPv6',
  ])("a subnet that overlaps, the next of kind's candidates is tried: %s", async (words) => {
    createsUnless(({ line }) => (line.includes(first) ? words : undefined))
    expect((await ensure()).created).toBe(true)
    expect(creations()).toHaveLength(2)
    expect(creations()[1]).toContain(`--ipv6 --subnet=${second}`)
  })

  test("all of kind's candidates, Docker's words are thrown", async () => {
    createsUnless(() => 'Error response from daemon: Pool overlaps with other one on this address space')
    await expect(ensure()).rejects.toThrow(/Pool overlaps with other one on this address space/)
    expect(creations()).toHaveLength(5)
  })

  test('anything else, it is not tried again', async () => {
    createsUnless(() => 'Error response from daemon: permission denied')
    await expect(ensure()).rejects.toThrow(/permission denied/)
    expect(creations()).toHaveLength(1)
  })
})

test('being stopped ends it at once', async () => {
  const stop = new AbortController()
  stop.abort(new CancelledError('SIGTERM'))
  const stopped = ensureNetwork({ ...world, runner: world.runner.until(stop.signal) }, onKind)
  await expect(stopped).rejects.toThrow(new CancelledError('SIGTERM'))
  expect(ids()).toEqual(['b1'])
})
