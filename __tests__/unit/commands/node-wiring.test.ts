import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { BlockList, isIPv6 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyWiring, parseChanges } from '../../../src/commands/node-wiring.js'
import type { NodeWiring } from '../../../src/plan/wiring.js'

/**
 * The script is run by bash, with programs in the place of ip and iptables that print the node's state from files and
 * keep what they are given; what iptables-restore is given is then applied to that state. The node's files lie in a
 * directory of the test.
 */
let node: string

const chain = 'KIND-FLAT-NETWORK'

const wiring: NodeWiring = {
  node: 'east-worker',
  routes: [
    { destination: '10.129.0.0/24', via: ['172.18.0.4'] },
    { destination: '10.193.0.0/16', via: ['172.18.0.5', '172.18.0.4'] },
    { destination: '10.129.0.0/16', via: [] },
  ],
  keepSource: ['10.129.0.0/16'],
  subnets: ['10.129.0.0/16', '10.193.0.0/16'],
}

const dual: NodeWiring = {
  node: 'east-worker',
  routes: [
    ...wiring.routes,
    { destination: 'fd00:10:129::/64', via: ['fc00::4'] },
    { destination: 'fd00:10:193::/112', via: ['fc00::5', 'fc00::4'] },
    { destination: 'fd00:10:129::/56', via: [] },
  ],
  keepSource: [...wiring.keepSource, 'fd00:10:129::/56'],
  subnets: [...wiring.subnets, 'fd00:10:129::/56', 'fd00:10:193::/112'],
}

/** As `ip -o route` shows them (iproute2 6.1) on a node that is wired. */
const own = {
  ipv4: [
    '10.129.0.0/24 via 172.18.0.4 dev eth0 proto 171 ',
    'unreachable 10.129.0.0/16 proto 171 ',
    '10.193.0.0/16 nhid 171003 proto 171 \\\tnexthop via 172.18.0.4 dev eth0 weight 1 \\\tnexthop via 172.18.0.5 dev eth0 weight 1 ',
  ],
  ipv6: [
    'fd00:10:129::/64 via fc00::4 dev eth0 proto 171 metric 1024 pref medium',
    'unreachable fd00:10:129::/56 dev lo proto 171 metric 1024 pref medium',
    'fd00:10:193::/112 nhid 171006 proto 171 metric 1024 pref medium\\\tnexthop via fc00::4 dev eth0 weight 1 \\\tnexthop via fc00::5 dev eth0 weight 1 ',
  ],
  objects: [
    'id 171001 via 172.18.0.5 dev eth0 scope link proto 171 ',
    'id 171002 via 172.18.0.4 dev eth0 scope link proto 171 ',
    'id 171003 group 171001/171002 proto 171 ',
  ],
}

/** What every node has: kindnet's route to a node of its own cluster among it. */
const foreign = {
  ipv4: [
    'default via 172.18.0.1 dev eth0 ',
    '10.128.1.0/24 via 172.18.0.3 dev eth0 ',
    '172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2 ',
  ],
  ipv6: [
    'fc00::/64 dev eth0 proto kernel metric 256 pref medium',
    'fd00:10:128:1::/64 via fc00::3 dev eth0 metric 1024 pref medium',
    'default via fc00::1 dev eth0 metric 1024 pref medium',
  ],
}

beforeEach(() => {
  node = mkdtempSync(join(tmpdir(), 'node-'))
  const program = (name: string, script: string) => {
    writeFileSync(join(node, name), `#!/bin/bash\ncd "${node}"\necho "${name} $*" >> calls\n${script}`)
    chmodSync(join(node, name), 0o755)
  }
  program(
    'ip',
    `show() { while read -r what; do cat "$1 $\{what//\\//_}" 2>/dev/null; done; }
    case "$*" in
      '-o -batch -') show ipv4 ;;
      '-6 -o -batch -') show ipv6 ;;
      '-o -force -batch -') while read -r _ _ hop; do echo "$hop from :: dev eth0 src 172.18.0.2 uid 0 \\    cache "; done ;;
      '-force -batch -') cat > batch && exit $(cat ip-exit) ;;
      *) exit 9 ;;
    esac
    exit 0`,
  )
  for (const tables of ['iptables', 'ip6tables']) {
    program(tables, `[ "$*" = "--wait -t nat -S" ] && cat ${tables}-POSTROUTING ${tables}-${chain} 2>/dev/null; exit 0`)
    program(`${tables}-restore`, `[ "$*" = "--noflush --wait" ] && cat > ${tables}-restored`)
  }
  for (const directory of [
    'etc',
    'run',
    'proc/sys/net/ipv4/neigh/eth0',
    'proc/sys/net/ipv6/neigh/eth0',
    'udp/172.18.0.4',
  ]) {
    mkdirSync(join(node, directory), { recursive: true })
  }
  writeFileSync(join(node, 'ip-exit'), '0')
  show({})
  postrouting(kube, masquerade)
})

afterEach(() => {
  rmSync(node, { recursive: true })
})

const read = (file: string) => (existsSync(join(node, file)) ? readFileSync(join(node, file), 'utf8') : undefined)
const lines = (text = '') => text.split('\n').filter((line) => line !== '')

/** The node's routes: what stands in the main table, each also where ip is asked for those inside of a subnet. */
function show(routes: { ipv4?: readonly string[]; ipv6?: readonly string[]; objects?: readonly string[] }) {
  const write = (query: string, shown: readonly string[]) => {
    writeFileSync(join(node, query.replaceAll('/', '_')), shown.map((line) => `${line}\n`).join(''))
  }
  write('ipv4 nexthop show proto 171', routes.objects ?? [])
  for (const family of ['ipv4', 'ipv6'] as const) {
    const table = [...foreign[family], ...(routes[family] ?? [])]
    write(`${family} route show table main`, table)
    for (const subnet of dual.subnets) {
      const [address = '', prefix] = subnet.split('/')
      const block = new BlockList()
      block.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4')
      const inside = table.filter((line) => {
        const destination = /^(?:[a-z]+ )?([0-9a-f.:]+)/.exec(line)?.[1] ?? ''
        return destination !== '' && block.check(destination, family)
      })
      write(`${family} route show table main root ${subnet}`, inside)
    }
  }
}

type Tables = 'iptables' | 'ip6tables'
const rulesOf = (name: string, tables: Tables = 'iptables') =>
  lines(read(`${tables}-${name}`)).filter((line) => line.startsWith('-A'))

function setRules(name: string, head: string, rules: readonly string[], tables: Tables = 'iptables') {
  writeFileSync(join(node, `${tables}-${name}`), [head, ...rules].map((line) => `${line}\n`).join(''))
}

const kube = '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING'
const masquerade = '-A POSTROUTING -m addrtype ! --dst-type LOCAL -j KIND-MASQ-AGENT'
const docker = '-A POSTROUTING -d 127.0.0.11/32 -j DOCKER_POSTROUTING'
const jump = `-A POSTROUTING -j ${chain}`

function postrouting(...rules: string[]) {
  setRules('POSTROUTING', '-P POSTROUTING ACCEPT', rules)
}

/** Runs a command of the node in the test's directory; gives what it tells. */
function run(program: string, parameters: readonly string[]): string[] {
  for (const file of ['calls', 'batch']) rmSync(join(node, file), { force: true })
  const onNode = parameters.map((text) =>
    text
      .replaceAll('/etc/', `${node}/etc/`)
      .replaceAll('/proc/sys/', `${node}/proc/sys/`)
      .replaceAll('/dev/udp/', `${node}/udp/`)
      .replaceAll('/run/', `${node}/run/`),
  )
  const output = execFileSync(program, onNode, {
    env: { PATH: `${node}:${process.env['PATH'] ?? ''}` },
    encoding: 'utf8',
    stdio: 'pipe',
  })
  for (const tables of ['iptables', 'ip6tables'] as const) {
    const restored = read(`${tables}-restored`)
    if (restored !== undefined) restore(tables, lines(restored))
    rmSync(join(node, `${tables}-restored`), { force: true })
  }
  return parseChanges(output)
}

function wire(wanted = wiring): string[] {
  const [program = '', ...parameters] = applyWiring(wanted).slice(3)
  return run(program, parameters)
}

/** What iptables-restore --noflush does: a chain that is declared is emptied, then line by line. */
function restore(tables: Tables, [table, ...changes]: readonly string[]) {
  expect([table, changes.pop()]).toEqual(['*nat', 'COMMIT'])
  const rules = rulesOf('POSTROUTING', tables)
  let inChain: string[] | undefined = rulesOf(chain, tables)
  for (const line of changes) {
    const [verb, target, position] = line.split(' ')
    if (line === `:${chain} - [0:0]` || line === `-F ${chain}`) inChain = []
    else if (line === `-X ${chain}`) {
      expect([inChain, rules.includes(jump)]).toEqual([[], false])
      inChain = undefined
    } else if (verb === '-A' && target === chain) inChain?.push(line)
    else if (line === `-D POSTROUTING -j ${chain}`) {
      expect(rules).toContain(jump)
      rules.splice(rules.indexOf(jump), 1)
    } else if (verb === '-I' && line.endsWith(` -j ${chain}`)) {
      expect(Number(position)).toBeLessThanOrEqual(rules.length + 1)
      rules.splice(Number(position) - 1, 0, jump)
    } else throw new Error(`iptables-restore does not take: ${line}`)
  }
  setRules('POSTROUTING', '-P POSTROUTING ACCEPT', rules, tables)
  if (inChain === undefined) rmSync(join(node, `${tables}-${chain}`))
  else setRules(chain, `-N ${chain}`, inChain, tables)
}

const wrote = () =>
  lines(read('calls')).filter((call) => / -force -batch -$|restore/.test(call) && !call.includes('-o'))

describe('a new node', () => {
  test('gets all its routes in one batch', () => {
    wire()
    expect(lines(read('batch'))).toEqual([
      'route replace 10.129.0.0/24 via 172.18.0.4 proto 171',
      'route replace unreachable 10.129.0.0/16 proto 171',
      'nexthop replace id 171001 via 172.18.0.5 dev eth0 proto 171',
      'nexthop replace id 171002 via 172.18.0.4 dev eth0 proto 171',
      'nexthop replace id 171003 group 171001/171002 proto 171',
      'route replace 10.193.0.0/16 nhid 171003 proto 171',
    ])
  })

  test('tells what it got', () => {
    expect(wire()).toEqual([
      'masquerade exemption of 10.129.0.0/16 added',
      `chain ${chain} put behind KUBE-POSTROUTING`,
      'route 10.129.0.0/24 via 172.18.0.4 added',
      'route 10.193.0.0/16 via 172.18.0.4, 172.18.0.5 added',
      'unreachable route 10.129.0.0/16 added',
    ])
  })

  test('gets both families in the same batch', () => {
    wire(dual)
    expect(lines(read('batch'))).toEqual(
      expect.arrayContaining([
        'route replace fd00:10:129::/64 via fc00::4 proto 171',
        'route replace unreachable fd00:10:129::/56 proto 171',
        'nexthop replace id 171004 via fc00::5 dev eth0 proto 171',
        'nexthop replace id 171005 via fc00::4 dev eth0 proto 171',
        'nexthop replace id 171006 group 171004/171005 proto 171',
        'route replace fd00:10:193::/112 nhid 171006 proto 171',
      ]),
    )
  })

  test('accepts traffic to each peer as it is, in the tables of its family', () => {
    wire(dual)
    expect(rulesOf(chain)).toEqual([`-A ${chain} -d 10.129.0.0/16 -j ACCEPT`])
    expect(rulesOf(chain, 'ip6tables')).toEqual([`-A ${chain} -d fd00:10:129::/56 -j ACCEPT`])
  })

  test('asks nothing about IPv6 when none is wanted', () => {
    wire()
    expect(lines(read('calls')).filter((call) => call.startsWith('ip6tables') || call.includes('-6'))).toEqual([])
  })

  test('notices within seconds that a next hop is gone', () => {
    const settings = ['base_reachable_time_ms', 'delay_first_probe_time', 'retrans_time_ms']
    const [files, usual] = [
      settings.map((name) => `proc/sys/net/ipv6/neigh/eth0/${name}`),
      ['30000\n', '5\n', '1000\n'],
    ]
    files.forEach((file, index) => {
      writeFileSync(join(node, file), usual[index] ?? '')
    })
    const told = wire(dual)
    expect(files.map(read)).toEqual(['1500\n', '1\n', '200\n'])
    expect(told).toContain('net/ipv6/neigh/eth0/retrans_time_ms set to 200')
    show(own)
    expect(wire(dual)).not.toContain('net/ipv6/neigh/eth0/retrans_time_ms set to 200')
  })

  test('lets its next hops know that it is there', () => {
    wire()
    expect(read('udp/172.18.0.4/9')).toBe('\n')
  })
})

describe('a node that has all of it', () => {
  test.each([
    ['in IPv4', wiring],
    ['in both families', dual],
  ])('is not written to %s', (_, wanted) => {
    wire(wanted)
    show({ ipv4: own.ipv4, ...(wanted === dual && { ipv6: own.ipv6 }) })
    const files = ['etc/kind-flat-network/wiring', 'etc/kind-flat-network/wire'].map((file) => join(node, file))
    const before = files.map((file) => statSync(file).mtimeMs)
    expect([wire(wanted), wrote()]).toEqual([[], []])
    expect(files.map((file) => statSync(file).mtimeMs)).toEqual(before)
  })

  test.each([
    ['flags of a link that is down', 0, '10.129.0.0/24 via 172.18.0.4 dev eth0 proto 171 dead linkdown '],
    ['next hops in another order', 2, own.ipv4[2]?.replace(/(\\.*)(\\.*)/, '$2$1') ?? ''],
  ])('whatever ip shows of it: %s', (_, index, line) => {
    wire()
    show({ ipv4: own.ipv4.with(index, line) })
    expect([wire(), wrote()]).toEqual([[], []])
  })

  test('as older iproute2 shows what is unreachable', () => {
    wire(dual)
    const [route = '', , group = ''] = own.ipv6
    const unreachable = 'unreachable fd00:10:129::/56 dev lo proto 171 metric 1024 error -113 pref medium'
    show({ ...own, ipv6: [route, unreachable, group] })
    expect([wire(dual), wrote()]).toEqual([[], []])
  })
})

describe('a route that is not wanted is deleted exactly', () => {
  test.each([
    [
      'leads to another node',
      '10.129.0.0/24 via 172.18.0.9 dev eth0 proto 171 ',
      'unicast 10.129.0.0/24 proto 171 via 172.18.0.9 dev eth0',
    ],
    [
      'would win',
      '10.129.1.0/24 via 172.18.0.9 dev eth0 proto static metric 5 ',
      'unicast 10.129.1.0/24 proto static via 172.18.0.9 dev eth0 metric 5',
    ],
    [
      'is more specific',
      '10.129.0.128/25 via 172.18.0.9 dev eth0 ',
      'unicast 10.129.0.128/25 proto boot via 172.18.0.9 dev eth0',
    ],
    [
      'is for one address',
      '10.129.8.1 tos 0x04 dev eth0 scope link ',
      'unicast 10.129.8.1/32 proto boot tos 0x04 dev eth0 scope link',
    ],
    ['swallows packets', 'blackhole 10.129.9.0/24 ', 'blackhole 10.129.9.0/24 proto boot'],
    ['is one of services', 'unreachable 10.193.0.0/24 proto static ', 'unreachable 10.193.0.0/24 proto static'],
    [
      'is of an earlier wiring',
      '10.140.0.0/24 via 172.18.0.9 dev eth0 proto 171 ',
      'unicast 10.140.0.0/24 proto 171 via 172.18.0.9 dev eth0',
    ],
    [
      'has next hops of its own',
      '10.193.9.0/24 \\\tnexthop via 172.18.0.4 dev eth0 weight 1 \\\tnexthop via 172.18.0.5 dev eth0 weight 7 ',
      'unicast 10.193.9.0/24 proto boot nexthop via 172.18.0.4 dev eth0 weight 1 nexthop via 172.18.0.5 dev eth0 weight 7',
    ],
  ])('when it %s', (_, line, deleted) => {
    wire()
    show({ ipv4: [...own.ipv4, line] })
    expect([wire().length, read('batch')]).toEqual([1, `route del ${deleted}\n`])
  })

  test.each([
    [
      'expires',
      'fd00:10:129:6::/64 via fc00::9 dev eth0 metric 3 expires 99sec pref medium',
      'unicast fd00:10:129:6::/64 proto boot via fc00::9 dev eth0 metric 3',
    ],
    [
      'has another metric',
      'fd00:10:129::/64 via fc00::4 dev eth0 proto 171 metric 99 pref medium',
      'unicast fd00:10:129::/64 proto 171 via fc00::4 dev eth0 metric 99',
    ],
    [
      'may be of several protocols',
      'fd00:10:129:7::/64 proto 171 metric 7 pref medium\\\tnexthop via fc00::8 dev eth0 weight 1 \\\tnexthop via fc00::9 dev eth0 weight 4 ',
      'unicast fd00:10:129:7::/64 metric 7 nexthop via fc00::8 dev eth0 weight 1 nexthop via fc00::9 dev eth0 weight 4',
    ],
  ])('when it is one of IPv6 and %s', (_, line, deleted) => {
    wire(dual)
    show({ ...own, ipv6: [...own.ipv6, line] })
    expect([wire(dual).length, read('batch')]).toEqual([1, `route del ${deleted}\n`])
  })

  test('first those of others, since ip mistakes names of protocols behind numbers', () => {
    wire()
    show({ ipv4: ['10.129.5.0/24 dev eth0 proto 171 ', '10.129.6.0/24 dev eth0 ', ...own.ipv4] })
    wire()
    expect(lines(read('batch'))).toEqual([
      'route del unicast 10.129.6.0/24 proto boot dev eth0',
      'route del unicast 10.129.5.0/24 proto 171 dev eth0',
    ])
  })

  test('and told with what was wrong about it', () => {
    wire()
    show({ ipv4: [...own.ipv4, '10.129.1.0/24 via 172.18.0.9 dev eth0 proto static metric 5 '] })
    expect(wire()).toEqual(['route 10.129.1.0/24 via 172.18.0.9 metric 5 proto static removed'])
  })

  test('before that which is missing is set', () => {
    wire()
    show({ ipv4: own.ipv4.with(0, '10.129.0.0/24 via 172.18.0.9 dev eth0 proto 171 ') })
    const told = wire()
    expect(lines(read('batch'))).toEqual([
      'route del unicast 10.129.0.0/24 proto 171 via 172.18.0.9 dev eth0',
      'route replace 10.129.0.0/24 via 172.18.0.4 proto 171',
    ])
    expect(told).toEqual(['route 10.129.0.0/24 via 172.18.0.9 removed', 'route 10.129.0.0/24 via 172.18.0.4 added'])
  })

  test('although another added the very same', () => {
    wire()
    show({ ipv4: own.ipv4.with(0, '10.129.0.0/24 via 172.18.0.4 dev eth0 ') })
    wire()
    expect(lines(read('batch'))).toEqual([
      'route del unicast 10.129.0.0/24 proto boot via 172.18.0.4 dev eth0',
      'route replace 10.129.0.0/24 via 172.18.0.4 proto 171',
    ])
  })
})

describe('next hops that share flows', () => {
  const group = (via: string[]) => [{ destination: '10.193.0.0/16', via }]

  test('are all made anew when one changes, and nothing of the old ones stays', () => {
    wire()
    show(own)
    const told = wire({ ...wiring, routes: group(['172.18.0.4', '172.18.0.6']) })
    expect(lines(read('batch')).slice(2)).toEqual([
      'route del unicast 10.193.0.0/16 nhid 171003',
      'nexthop del id 171003',
      'nexthop del id 171001',
      'nexthop del id 171002',
      'nexthop replace id 171001 via 172.18.0.4 dev eth0 proto 171',
      'nexthop replace id 171002 via 172.18.0.6 dev eth0 proto 171',
      'nexthop replace id 171003 group 171001/171002 proto 171',
      'route replace 10.193.0.0/16 nhid 171003 proto 171',
    ])
    expect(told).toContain('route 10.193.0.0/16 via 172.18.0.4, 172.18.0.6 added')
  })

  test('become one again', () => {
    wire()
    show(own)
    wire({ ...wiring, routes: group(['172.18.0.4']) })
    expect(lines(read('batch')).slice(2)).toEqual([
      'route del unicast 10.193.0.0/16 nhid 171003',
      'route replace 10.193.0.0/16 via 172.18.0.4 proto 171',
      'nexthop del id 171003',
      'nexthop del id 171001',
      'nexthop del id 171002',
    ])
  })

  test('are a group even where a plain route leads to them', () => {
    wire()
    show({ ...own, ipv4: own.ipv4.with(2, (own.ipv4[2] ?? '').replace('nhid 171003 ', '')) })
    expect(wire()).toEqual([
      'route 10.193.0.0/16 via 172.18.0.4, 172.18.0.5 without nexthop objects removed',
      'route 10.193.0.0/16 via 172.18.0.4, 172.18.0.5 added',
    ])
  })
})

describe('the jump to our rules stands once, right behind that of kube-proxy', () => {
  test.each<[string, string[], string[]]>([
    ['on a new node', [docker, kube, masquerade], [docker, kube, jump, masquerade]],
    ['when kube-proxy is last', [docker, masquerade, kube], [docker, masquerade, kube, jump]],
    ['when others came between', [kube, masquerade, jump], [kube, jump, masquerade]],
    ['when kube-proxy came later', [jump, docker, kube, masquerade], [docker, kube, jump, masquerade]],
    ['when it stands twice', [jump, kube, jump, masquerade], [kube, jump, masquerade]],
    ['when it stands twice behind', [kube, jump, jump, masquerade], [kube, jump, masquerade]],
    ['or first, where there is no kube-proxy', [docker, masquerade], [jump, docker, masquerade]],
    ['or alone', [], [jump]],
  ])('%s', (_, before, after) => {
    postrouting(...before)
    setRules(chain, `-N ${chain}`, [`-A ${chain} -d 10.129.0.0/16 -j ACCEPT`])
    const where = after.includes(kube) ? 'behind KUBE-POSTROUTING' : 'first'
    expect(wire()).toContain(`chain ${chain} put ${where}`)
    expect(rulesOf('POSTROUTING')).toEqual(after)
    show(own)
    expect([wire(), wrote()]).toEqual([[], []])
  })
})

describe('exemptions', () => {
  test('that a node lost come again', () => {
    wire()
    show(own)
    setRules(chain, `-N ${chain}`, [])
    expect(wire()).toEqual(['masquerade exemption of 10.129.0.0/16 added'])
    expect(rulesOf(chain)).toEqual([`-A ${chain} -d 10.129.0.0/16 -j ACCEPT`])
  })

  test('of peers that are gone are taken back', () => {
    wire({ ...wiring, keepSource: ['10.129.0.0/16', '10.130.0.0/16'] })
    show(own)
    expect(wire()).toEqual(['masquerade exemption of 10.130.0.0/16 removed'])
    expect(rulesOf(chain)).toEqual([`-A ${chain} -d 10.129.0.0/16 -j ACCEPT`])
  })

  test('are gone with their chain when none is wanted, in each family', () => {
    wire(dual)
    show(own)
    expect(wire({ ...dual, keepSource: [] })).toEqual([
      'masquerade exemption of 10.129.0.0/16 removed',
      `chain ${chain} removed`,
      'masquerade exemption of fd00:10:129::/56 removed',
      `IPv6 chain ${chain} removed`,
    ])
    expect(rulesOf('POSTROUTING')).toEqual([kube, masquerade])
    expect(existsSync(join(node, `iptables-${chain}`))).toBe(false)
    expect([wire({ ...dual, keepSource: [] }), wrote()]).toEqual([[], []])
  })
})

describe('after a restart of the node', () => {
  /** Runs what systemd would run at boot. */
  function boot() {
    const unit = read('etc/systemd/system/multi-user.target.wants/kind-flat-network.service')
    const [program = '', ...parameters] = (/^ExecStart=(.*)$/m.exec(unit ?? '')?.[1] ?? '').split(' ')
    const output = run(
      program,
      parameters.map((parameter) => parameter.replaceAll(node, '')),
    )
    return { unit, output }
  }

  test('it wires itself as before', () => {
    const told = wire(dual)
    const batch = read('batch')
    show({})
    rmSync(join(node, `iptables-${chain}`))
    rmSync(join(node, `ip6tables-${chain}`))
    postrouting(docker)
    setRules('POSTROUTING', '-P POSTROUTING ACCEPT', [], 'ip6tables')
    const { unit, output } = boot()
    expect([output.length, read('batch')]).toEqual([told.length, batch])
    expect(rulesOf('POSTROUTING')).toEqual([jump, docker])
    expect(unit).toContain('\nBefore=kubelet.service\n')
  })

  test('it does not draw traffic to services before kube-proxy runs', () => {
    wire()
    rmSync(join(node, 'udp/172.18.0.4/9'))
    boot()
    expect(existsSync(join(node, 'udp/172.18.0.4/9'))).toBe(false)
  })

  test.each(['kind-flat-network/wiring', 'kind-flat-network/wire', 'systemd/system/kind-flat-network.service'])(
    'it needs %s, which is written again and told',
    (file) => {
      wire()
      show(own)
      const before = read(`etc/${file}`)
      writeFileSync(join(node, 'etc', file), '')
      expect(wire()).toEqual(['what a restart of the node needs written'])
      expect(read(`etc/${file}`)).toBe(before)
    },
  )

  test('nothing is kept on a node that never had a peer', () => {
    expect(wire({ ...wiring, routes: [], keepSource: [], subnets: [] })).toEqual([])
    expect([wrote(), existsSync(join(node, 'etc/systemd'))]).toEqual([[], false])
  })

  test('nothing of peers that are gone comes back', () => {
    wire(dual)
    show(own)
    wire({ ...wiring, routes: [], keepSource: [], subnets: [] })
    expect(read('etc/kind-flat-network/wiring')).toBe('')
    expect(lines(read('batch')).filter((line) => line.startsWith('route del'))).toHaveLength(6)
  })
})

test('a route that cannot be set fails the wiring, but keeps nothing else from being done', () => {
  writeFileSync(join(node, 'ip-exit'), '1')
  expect(() => wire()).toThrow()
  expect(read('iptables-restored')).toContain(`:${chain} - [0:0]`)
  expect(read('etc/kind-flat-network/wiring')).toContain('10.129.0.0/24')
})
