import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyWiring } from '../../../src/commands/node-wiring.js'
import type { NodeWiring } from '../../../src/plan/wiring.js'

/**
 * The script is run by bash, with programs in the place of ip and iptables that print the node's state from files and
 * keep what they are given. What iptables-restore is given is then applied to that state here.
 */
let node: string

const chain = 'KIND-FLAT-NETWORK'
const wiring: NodeWiring = {
  node: 'east-worker',
  routes: [
    { destination: '10.129.0.0/24', via: '172.18.0.4' },
    { destination: '10.193.0.0/16', via: '172.18.0.4' },
  ],
  keepSource: ['10.129.0.0/16', '10.130.0.0/16'],
}

beforeAll(() => {
  node = mkdtempSync(join(tmpdir(), 'node-'))
  const program = (name: string, script: string) => {
    writeFileSync(join(node, name), `#!/bin/bash\ncd "${node}"\n${script}`)
    chmodSync(join(node, name), 0o755)
  }
  program('ip', '[ "$*" = "-batch -" ] && cat > routes && exit $(cat ip-exit)')
  program('iptables', '[ "$1 $2 $3 $4" = "--wait -t nat -S" ] && cat "chain-$5" 2>/dev/null')
  program('iptables-restore', '[ "$*" = "--noflush --wait" ] && cat > restored')
})

afterAll(() => {
  rmSync(node, { recursive: true })
})

beforeEach(() => {
  for (const file of ['routes', 'restored', `chain-${chain}`]) rmSync(join(node, file), { force: true })
  writeFileSync(join(node, 'ip-exit'), '0')
})

const read = (file: string) => (existsSync(join(node, file)) ? readFileSync(join(node, file), 'utf8') : undefined)
const rulesOf = (name: string) => (read(`chain-${name}`) ?? '').split('\n').filter((line) => line.startsWith('-A'))

function setRules(name: string, head: string, rules: readonly string[]) {
  writeFileSync(join(node, `chain-${name}`), [head, ...rules].map((line) => `${line}\n`).join(''))
}

const jumpTo = (target: string) => `-A POSTROUTING -j ${target}`
const kube = '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING'
const masquerade = '-A POSTROUTING -m addrtype ! --dst-type LOCAL -j KIND-MASQ-AGENT'
const docker = '-A POSTROUTING -d 127.0.0.11/32 -j DOCKER_POSTROUTING'
const own = jumpTo(chain)

const postrouting = (...rules: string[]) => {
  setRules('POSTROUTING', '-P POSTROUTING ACCEPT', rules)
}

/** Runs the script; tells whether it changed rules. */
function wire(wanted = wiring): boolean {
  const [program = '', ...parameters] = applyWiring(wanted).slice(3)
  rmSync(join(node, 'restored'), { force: true })
  execFileSync(program, parameters, { env: { PATH: `${node}:${process.env['PATH'] ?? ''}` }, stdio: 'pipe' })
  const restored = read('restored')
  if (restored !== undefined) restore(restored.split('\n').filter((line) => line !== ''))
  return restored !== undefined
}

/** What iptables-restore --noflush does: a chain that is declared is emptied, then line by line. */
function restore([table, declared, ...lines]: readonly string[]) {
  expect([table, declared, lines.pop()]).toEqual(['*nat', `:${chain} - [0:0]`, 'COMMIT'])
  const rules = rulesOf('POSTROUTING')
  const inChain: string[] = []
  for (const line of lines) {
    const [verb, target, position] = line.split(' ')
    if (verb === '-A' && target === chain) inChain.push(line)
    else if (line === `-D POSTROUTING -j ${chain}`) {
      expect(rules).toContain(own)
      rules.splice(rules.indexOf(own), 1)
    } else if (verb === '-I' && line.endsWith(` -j ${chain}`)) {
      expect(Number(position)).toBeLessThanOrEqual(rules.length + 1)
      rules.splice(Number(position) - 1, 0, own)
    } else throw new Error(`iptables-restore does not take: ${line}`)
  }
  setRules(chain, `-N ${chain}`, inChain)
  postrouting(...rules)
}

test('all routes of the node are replaced in one batch, marked as ours', () => {
  postrouting(kube)
  wire()
  expect(read('routes')).toBe(
    'route replace 10.129.0.0/24 via 172.18.0.4 proto 171\nroute replace 10.193.0.0/16 via 172.18.0.4 proto 171\n',
  )
})

test('traffic to each peer is accepted as it is', () => {
  postrouting(kube)
  wire()
  expect(rulesOf(chain)).toEqual([`-A ${chain} -d 10.129.0.0/16 -j ACCEPT`, `-A ${chain} -d 10.130.0.0/16 -j ACCEPT`])
})

describe('the jump to our rules stands once, right behind that of kube-proxy', () => {
  test.each<[string, string[], string[]]>([
    ['on a new node', [docker, kube, masquerade], [docker, kube, own, masquerade]],
    ['when kube-proxy is last', [docker, masquerade, kube], [docker, masquerade, kube, own]],
    ['when others came between', [kube, masquerade, own], [kube, own, masquerade]],
    ['when kube-proxy came later', [own, docker, kube, masquerade], [docker, kube, own, masquerade]],
    ['when it stands twice', [own, kube, own, masquerade], [kube, own, masquerade]],
    ['when it stands twice behind', [kube, own, own, masquerade], [kube, own, masquerade]],
    ['or first, where there is no kube-proxy', [docker, masquerade], [own, docker, masquerade]],
    ['or alone', [], [own]],
  ])('%s', (_, before, after) => {
    postrouting(...before)
    expect(wire()).toBe(true)
    expect(rulesOf('POSTROUTING')).toEqual(after)
  })
})

test.each([
  ['two peers', wiring],
  ['no peer', { ...wiring, routes: [], keepSource: [] }],
])('a second time changes no rule with %s', (_, wanted) => {
  postrouting(docker, kube, masquerade)
  expect([wire(wanted), wire(wanted)]).toEqual([true, false])
})

test('a node that lost a rule of ours gets it again', () => {
  postrouting(kube, masquerade)
  wire()
  setRules(chain, `-N ${chain}`, rulesOf(chain).slice(1))
  expect([wire(), rulesOf(chain).length]).toEqual([true, 2])
})

test('peers that are gone are masqueraded again', () => {
  postrouting(kube, masquerade)
  wire()
  wire({ ...wiring, keepSource: ['10.130.0.0/16'] })
  expect(rulesOf(chain)).toEqual([`-A ${chain} -d 10.130.0.0/16 -j ACCEPT`])
})

test('a route that cannot be set fails the whole wiring before any rule is changed', () => {
  postrouting(kube)
  writeFileSync(join(node, 'ip-exit'), '1')
  expect(() => wire()).toThrow()
  expect(read('restored')).toBeUndefined()
})
