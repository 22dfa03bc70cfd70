import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outputs } from '../../src/report/flat-network.js'
import { docker, engineState } from '../e2e/support/engine.js'
import { kubectl } from '../e2e/support/kubectl.js'
import { Terminal, type Ended } from '../e2e/support/terminal.js'

jest.setTimeout(600_000)

// towards a cluster of several nodes its Services have several next hops
const clusters = [{ name: 'once-east', workers: 1 }, { name: 'once-west' }]
const nodes = ['once-east-control-plane', 'once-east-worker', 'once-west-control-plane']
const chain = 'KIND-FLAT-NETWORK'
const flat = "4/4 pod pairs reachable, 4/4 with the pod's own address, 3/3 Services answer"
/** What marks our lines in a Corefile. */
const mark = '# kind-flat-network'

let terminal: Terminal
let before: Awaited<ReturnType<typeof engineState>>
let outputs: Outputs
let wired: Wiring[]
let taught: string[]

beforeAll(async () => {
  before = await engineState()
  terminal = await Terminal.open()
  outputs = await terminal.up(JSON.stringify(clusters), '--cross-cluster-dns=true', '--wait=10m')
  wired = await wiring()
  taught = await corefiles()
  // what the rounds compare with is as it should be
  expect(wired.every(({ routes }) => routes.length > 1)).toBe(true)
  // one next hop for each node of the other cluster, and the group of both
  expect(wired.map(({ nextHops }) => nextHops.length)).toEqual([0, 0, 3])
  expect(wired).toMatchObject(nodes.map(() => ({ jumps: 1, isBehindKubeProxy: true })))
  expect(taught).toEqual(clusters.map(() => expect.stringContaining(mark)))
})

afterAll(() => terminal.close())

interface Wiring {
  readonly routes: readonly string[]
  readonly nextHops: readonly string[]
  readonly rules: readonly string[]
  readonly jumps: number
  readonly isBehindKubeProxy: boolean
}

/** What of a node is ours. */
function wiring(): Promise<Wiring[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const [routes, nextHops, rules, jumps] = await Promise.all([
        docker('exec', node, 'ip', 'route', 'show', 'proto', '171'),
        docker('exec', node, 'ip', 'nexthop', 'show', 'proto', '171'),
        docker('exec', node, 'iptables', '--wait', '-t', 'nat', '-S', chain),
        docker('exec', node, 'iptables', '--wait', '-t', 'nat', '-S', 'POSTROUTING'),
      ])
      const targets = jumps.split('\n').map((rule) => / -j (\S+)$/.exec(rule)?.[1])
      return {
        routes: linesOf(routes).map((route) => route.replace(/ nhid \d+/, '')),
        nextHops: linesOf(nextHops)
          .map((object) =>
            object.replace(/^id \d+ /, '').replace(/(?<=group )\S+/, (ids) => `of ${String(ids.split('/').length)}`),
          )
          .sort(),
        rules: rules.split('\n'),
        jumps: targets.filter((target) => target === chain).length,
        isBehindKubeProxy: targets.indexOf(chain) === targets.indexOf('KUBE-POSTROUTING') + 1,
      }
    }),
  )
}

/** Without the blanks around them; an object that was made anew has another number, which is no difference. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

const systemKubectl = (context: string, ...words: string[]) =>
  kubectl(outputs.kubeconfig, context, '--namespace=kube-system', ...words)

/** Of every cluster. */
function corefiles(): Promise<string[]> {
  return Promise.all(
    outputs.clusters.map(({ context }) =>
      systemKubectl(context, 'get', 'configmap/coredns', '--output=jsonpath={.data.Corefile}'),
    ),
  )
}

/** Takes from every Corefile what `up` has put there, as somebody does who gives back kubeadm's. */
async function forgetNames(): Promise<void> {
  const texts = (await corefiles()).map((corefile) =>
    corefile
      .split('\n')
      .filter((line) => !line.endsWith(mark))
      .map((line) => line.replace(`${mark}: `, ''))
      .join('\n'),
  )
  await Promise.all(
    outputs.clusters.map(({ context }, index) => {
      const patch = JSON.stringify({ data: { Corefile: texts[index] } })
      return systemKubectl(context, 'patch', 'configmap/coredns', '--type=merge', `--patch=${patch}`)
    }),
  )
  expect(texts.filter((text) => text.includes(mark))).toEqual([])
}

/** Objects of the check that are left in a cluster, by any name. */
async function probeObjects(): Promise<string[]> {
  const left = await Promise.all(
    outputs.clusters.map(({ context }) => systemKubectl(context, 'get', 'daemonsets,services', '--output=name')),
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
  // ip cannot flush routes whose next hops are objects
  'all routes deleted':
    'for to in $(ip route show proto 171 | grep -o "^[0-9]\\S*"); do ip route del "$to" proto 171; done',
  'the next hops deleted, with what leads there': 'ip nexthop flush proto 171',
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
  const names = index % 3 === 0 ? 'names forgotten' : 'names known'
  return { round: index + 1, route, nat, names, script: `set -e; ${breakRoutes}; ${breakNat}` }
})

test.each(rounds)('three repair at once, round $round: $route, $nat, $names', async ({ script, names }) => {
  const [east = '', west = ''] = outputs.clusters.map((cluster) => cluster.nodes[0]?.podCIDR)
  await Promise.all(
    nodes.map((node) => docker('exec', node, 'bash', '-c', script, 'bash', node.startsWith('once-east') ? west : east)),
  )
  if (names === 'names forgotten') await forgetNames()
  expect(await wiring().catch(() => [])).not.toEqual(wired)
  expectSuccess(await Promise.all(['repair', 'repair', 'repair'].map((verb) => terminal.run(verb))))
  expect(await wiring()).toEqual(wired)
  expect(await corefiles()).toEqual(taught)
  const verify = await terminal.run('verify')
  expectSuccess([verify])
  expect(verify.stdout).toContain(flat)
  expect(await probeObjects()).toEqual([])
})

test('everything is removed', async () => {
  expectSuccess([await terminal.run('down')])
  expect(await engineState()).toEqual(before)
})
