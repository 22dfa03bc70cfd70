import { beforeEach, describe, expect, test } from '@jest/globals'
import { digestOf } from '../../../src/commands/core-dns.js'
import { corefileWith, type Names } from '../../../src/plan/corefile.js'
import { hasReachableUpstream, teachNames } from '../../../src/steps/teach-names.js'
import { FakeEngine, kubeadmsCorefile, kubectlOf } from '../../fakes/engine.js'
import { fails, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const kubeconfig = '/home/me/east.kubeconfig'
const joined: Names = {
  domain: 'east.local',
  peers: [{ domain: 'west.local', servers: ['10.193.0.10'] }],
  upstream: true,
}
const nothing: Names = { peers: [], upstream: true }

let world: FakeWorld
let engine: FakeEngine

beforeEach(() => {
  world = fakeWorld()
  engine = new FakeEngine(world)
})

const teach = (names: Names) => teachNames(world, { name: 'east', kubeconfig }, names, 30)
const patched = () => world.runner.matching(' patch ').map(({ command }) => command[5])

describe('teachNames', () => {
  test('first writes the Corefile, then has pods start with it', async () => {
    expect(await teach(joined)).toBe(true)
    expect(patched()).toEqual(['configmap/coredns', 'deployment/coredns'])
    expect(engine.corefiles.get('east')).toBe(corefileWith(kubeadmsCorefile, joined))
    const annotations = engine.coreDnsAnnotations.get('east') ?? {}
    expect(Object.values(annotations)).toEqual([digestOf(engine.corefiles.get('east') ?? '')])
  })

  test('changes nothing when there is nothing to teach', async () => {
    expect(await teach(nothing)).toBe(false)
    expect(patched()).toEqual([])
  })

  test('changes nothing the second time', async () => {
    await teach(joined)
    expect(await teach(joined)).toBe(false)
    expect(patched()).toHaveLength(2)
  })

  test('has pods start anew when names are gone', async () => {
    await teach(joined)
    const before = engine.coreDnsAnnotations.get('east')
    expect(await teach(nothing)).toBe(true)
    expect(engine.corefiles.get('east')).toBe(kubeadmsCorefile)
    expect(engine.coreDnsAnnotations.get('east')).not.toEqual(before)
  })

  test('has pods start with a Corefile that was written when they had started with another', async () => {
    await teach(joined)
    world.runner.on(kubectlOf('east', 'patch deployment'), fails('etcdserver: request timed out'))
    await expect(teach({ ...joined, upstream: false })).rejects.toThrow(/patch deployment.*\n {2}etcdserver/)
    expect(engine.corefiles.get('east')).toBe(corefileWith(kubeadmsCorefile, { ...joined, upstream: false }))
    world.runner.calls.length = 0
    world.runner.on(kubectlOf('east', 'patch deployment'), '')
    expect(await teach({ ...joined, upstream: false })).toBe(true)
    expect(patched()).toContain('deployment/coredns')
  })

  test('has pods start with a Corefile that nobody has told them yet', async () => {
    world.runner.on(kubectlOf('east', 'patch deployment'), fails('Error from server (Invalid): no'))
    await expect(teach(joined)).rejects.toThrow(/patch deployment.*\n {2}Error from server \(Invalid\)/)
    expect(engine.corefiles.get('east')).toBe(corefileWith(kubeadmsCorefile, joined))
    expect(engine.coreDnsAnnotations.get('east')).toBeUndefined()
    world.runner.calls.length = 0
    world.runner.on(kubectlOf('east', 'patch deployment'), '')
    expect(await teach(joined)).toBe(true)
    expect(patched()).toEqual(['deployment/coredns'])
  })

  test.each(['get configmap/coredns', 'patch configmap/coredns', 'patch deployment/coredns'])(
    'asks again when the API turns away: %s',
    async (verb) => {
      const answers = JSON.stringify({
        items: [{ metadata: { resourceVersion: '1' }, data: { Corefile: kubeadmsCorefile } }],
      })
      world.runner.on(kubectlOf('east', verb), inTurn(fails('connection refused'), fails('not yet'), answers))
      expect(await teach(joined)).toBe(true)
      expect(world.runner.matching(kubectlOf('east', verb)).map(({ outcome }) => outcome)).toEqual([
        'failed',
        'failed',
        'done',
      ])
      expect(world.clock.sleeps).toEqual([1, 1])
    },
  )

  test('gives up on an API that always turns it away, with what that said', async () => {
    world.runner.on(kubectlOf('east', 'get configmap'), fails('connection refused'))
    await expect(teach(joined)).rejects.toThrow(/^kubectl .*east\.kubeconfig .*\n {2}connection refused$/)
    expect(world.clock.sleeps).toEqual(Array(30).fill(1))
  })

  test('asks for all of it within one and the same time', async () => {
    const refused = Array<ReturnType<typeof fails>>(20).fill(fails('connection refused'))
    const state = await world.runner.run(['kubectl', '--kubeconfig', kubeconfig, 'get configmap/coredns'])
    world.runner.on(kubectlOf('east', 'get configmap/coredns'), inTurn(...refused, state))
    world.runner.on(kubectlOf('east', 'patch configmap'), fails('connection refused'))
    await expect(teach(joined)).rejects.toThrow(/patch configmap/)
    expect(world.clock.sleeps).toEqual(Array(30).fill(1))
  })

  describe('when somebody else changes the Corefile meanwhile', () => {
    const theirs = kubeadmsCorefile.replace('forward', 'hosts\n    forward')
    /** Does something between the look and the change, so many times. */
    const meanwhile = (times: number, change: (nth: number) => void) => {
      const run = world.runner.run.bind(world.runner)
      let looks = 0
      world.runner.run = async (command, options) => {
        const output = await run(command, options)
        if (command.includes('get') && looks++ < times) change(looks)
        return output
      }
    }

    test('both changes are there in the end', async () => {
      meanwhile(1, () => engine.corefiles.set('east', theirs))
      expect(await teach(joined)).toBe(true)
      expect(engine.corefiles.get('east')).toBe(corefileWith(theirs, joined))
    })

    test('so does not go on for ever', async () => {
      meanwhile(Infinity, (nth) => engine.corefiles.set('east', `${theirs}# ${String(nth)}\n`))
      await expect(teach(joined)).rejects.toThrow(/patch configmap.*\n {2}Error from server \(Conflict\)/)
    })
  })

  test('several at once leave what one leaves', async () => {
    await Promise.all([teach(joined), teach(joined), teach(joined)])
    expect(engine.corefiles.get('east')).toBe(corefileWith(kubeadmsCorefile, joined))
    expect(Object.values(engine.coreDnsAnnotations.get('east') ?? {})).toEqual([
      digestOf(engine.corefiles.get('east') ?? ''),
    ])
    expect(await teach(joined)).toBe(false)
  })
})

describe('hasReachableUpstream', () => {
  test.each([
    ['nameserver 172.18.0.1\noptions ndots:0\n', false],
    ['nameserver fe80::1%eth0\nnameserver ::1\n', false],
    ['nameserver 172.18.0.1\nnameserver fd00::53\n', true],
    ['', false],
  ])('of a node with %j: %s', async (file, reachable) => {
    world.runner.on('docker exec east-control-plane cat /etc/resolv.conf', file)
    expect(await hasReachableUpstream(world, 'east-control-plane')).toBe(reachable)
  })
})
