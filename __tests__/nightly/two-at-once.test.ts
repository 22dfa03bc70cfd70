import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outputs } from '../../src/report/flat-network.js'
import { docker, engineState } from '../e2e/support/engine.js'
import { kubectl } from '../e2e/support/kubectl.js'
import { Terminal, type Ended } from '../e2e/support/terminal.js'

jest.setTimeout(600_000)

const clusters = ['once-east', 'once-west']
const nodes = clusters.map((cluster) => `${cluster}-control-plane`)
const chain = 'KIND-FLAT-NETWORK'
const flat = "2/2 pod pairs reachable, 2/2 with the pod's own address, 2/2 Services answer"

let terminal: Terminal
let before: Awaited<ReturnType<typeof engineState>>
let outputs: Outputs
let wired: Wiring[]

beforeAll(async () => {
  before = await engineState()
  terminal = await Terminal.open()
  outputs = await terminal.up(JSON.stringify(clusters), '--wait=10m')
  wired = await wiring()
  // what the rounds compare with is as it should be
  expect(wired.every(({ routes }) => routes.length > 0)).toBe(true)
  expect(wired).toMatchObject(nodes.map(() => ({ jumps: 1, isBehindKubeProxy: true })))
})

afterAll(() => terminal.close())

interface Wiring {
  readonly routes: readonly string[]
  readonly rules: readonly string[]
  readonly jumps: number
  readonly isBehindKubeProxy: boolean
}

/** What of a node is ours. */
function wiring(): Promise<Wiring[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const [routes, rules, jumps] = await Promise.all([
        docker('exec', node, 'ip', 'route', 'show', 'proto', '171'),
        docker('exec', node, 'iptables', '--wait', '-t', 'nat', '-S', chain),
        docker('exec', node, 'iptables', '--wait', '-t', 'nat', '-S', 'POSTROUTING'),
      ])
      const targets = jumps.split('\n').map((rule) => / -j (\S+)$/.exec(rule)?.[1])
      return {
        routes: routes.split('\n').map((route) => route.trim()),
        rules: rules.split('\n'),
        jumps: targets.filter((target) => target === chain).length,
        isBehindKubeProxy: targets.indexOf(chain) === targets.indexOf('KUBE-POSTROUTING') + 1,
      }
    }),
  )
}

/** Objects of the check that are left in a cluster, by any name. */
async function probeObjects(): Promise<string[]> {
  const left = await Promise.all(
    outputs.clusters.map(({ context }) =>
      kubectl(outputs.kubeconfig, context, '--namespace=kube-system', 'get', 'daemonsets,services', '--output=name'),
    ),
  )
  return left.flatMap((text) => text.split('\n')).filter((name) => name.includes('kind-flat-network'))
}

function expectSuccess(ends: readonly Ended[]): void {
  const said = ends.map(({ code, stdout, stderr }) => ({ code, said: code === 0 ? '' : stderr + stdout }))
  expect(said).toEqual(ends.map(() => ({ code: 0, said: '' })))
}

test.each(Array.from({ length: 21 }, (_, index) => 200 * index))('two verify, %d ms apart', async (offset) => {
  const first = terminal.run('verify')
  await sleep(offset)
  const ends = await Promise.all([first, terminal.run('verify')])
  expectSuccess(ends)
  for (const { stdout } of ends) expect(stdout).toContain(flat)
  expect(await probeObjects()).toEqual([])
})

/** Breaks routes on a node; $1 is a subnet of the other cluster's pods. */
const routeDamage = {
  'all routes deleted': 'ip route flush proto 171',
  'a route replaced': 'ip route replace blackhole "$1" proto 171',
  'a narrower route added': 'ip route add blackhole "${1%/*}/26"',
}
const natDamage = {
  'the jump deleted': `iptables --wait -t nat -D POSTROUTING -j ${chain}`,
  'the jump put first': `iptables --wait -t nat -D POSTROUTING -j ${chain}; iptables --wait -t nat -I POSTROUTING -j ${chain}`,
  'two more jumps': `for at in 1 2; do iptables --wait -t nat -A POSTROUTING -j ${chain}; done`,
  'the chain emptied': `iptables --wait -t nat -F ${chain}`,
  'the chain deleted': `iptables --wait -t nat -D POSTROUTING -j ${chain}; iptables --wait -t nat -F ${chain}; iptables --wait -t nat -X ${chain}`,
}

const rounds = Array.from({ length: 10 }, (_, index) => {
  const pick = <T extends object>(damages: T) =>
    Object.entries(damages)[index % Object.keys(damages).length] as [string, string]
  const [route, breakRoutes] = pick(routeDamage)
  const [nat, breakNat] = pick(natDamage)
  return { round: index + 1, route, nat, script: `set -e; ${breakRoutes}; ${breakNat}` }
})

test.each(rounds)('three repair at once, round $round: $route, $nat', async ({ script }) => {
  const subnets = outputs.clusters.map((cluster) => cluster.nodes[0]?.podCIDR ?? '')
  await Promise.all(
    nodes.map((node, index) => docker('exec', node, 'bash', '-c', script, 'bash', subnets[1 - index] ?? '')),
  )
  expect(await wiring().catch(() => [])).not.toEqual(wired)
  expectSuccess(await Promise.all(['repair', 'repair', 'repair'].map((verb) => terminal.run(verb))))
  expect(await wiring()).toEqual(wired)
  const verify = await terminal.run('verify')
  expectSuccess([verify])
  expect(verify.stdout).toContain(flat)
  expect(await probeObjects()).toEqual([])
})

test('everything is removed', async () => {
  expectSuccess([await terminal.run('down')])
  expect(await engineState()).toEqual(before)
})
