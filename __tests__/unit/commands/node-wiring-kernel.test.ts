import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyWiring } from '../../../src/commands/node-wiring.js'
import type { NodeWiring } from '../../../src/plan/wiring.js'

/** The script in a network namespace of its own, with the real ip and iptables; where there are none, nothing is tested. */
const wiring: NodeWiring = {
  node: 'east-worker',
  routes: [
    { destination: '10.129.0.0/24', via: ['172.18.0.4'] },
    { destination: '10.193.0.0/16', via: ['172.18.0.5', '172.18.0.4'] },
    { destination: '10.129.0.0/16', via: [] },
    { destination: 'fd00:10:129::/64', via: ['fc00::4'] },
    { destination: 'fd00:10:193::/112', via: ['fc00::5', 'fc00::4'] },
    { destination: 'fd00:10:129::/56', via: [] },
  ],
  keepSource: ['10.129.0.0/16', 'fd00:10:129::/56'],
  subnets: ['10.129.0.0/16', '10.193.0.0/16', 'fd00:10:129::/56', 'fd00:10:193::/112'],
}

const network = `set -e
ip link set lo up
ip link add eth0 type veth peer name peer
ip link set peer up
ip link set eth0 up
ip address add 172.18.0.2/16 dev eth0
ip -6 address add fc00::2/64 dev eth0 nodad
ip route add 10.128.5.0/24 via 172.18.0.3
`
const all = `ip route; ip -6 route | grep -v fe80; ip nexthop; iptables -t nat -S; ip6tables -t nat -S\n`

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'node-'))
  mkdirSync(join(directory, 'run'))
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

const inNamespace = (script: string) =>
  spawnSync('unshare', ['--map-root-user', '--net', 'bash', '-c', network + script, 'bash', directory], {
    encoding: 'utf8',
  })

/** The line that applies a wiring, with the node's files in a directory of the test. */
function wire(wanted: NodeWiring, name: string): string {
  const [script = '', , data = ''] = applyWiring(wanted).slice(5)
  const inDirectory = script.replaceAll('/etc/', `${directory}/etc/`).replaceAll('/run/', `${directory}/run/`)
  writeFileSync(join(directory, `${name}.script`), inDirectory)
  writeFileSync(join(directory, `${name}.data`), data)
  return `bash -c "$(cat $1/${name}.script)" bash "$(cat $1/${name}.data)"\n`
}

const possible = inNamespace('ip nexthop; iptables -t nat -S; ip6tables -t nat -S').status === 0

;(possible ? test : test.skip)('whatever another did to a wired node is undone, and nothing else', () => {
  const others = `
ip route add 10.129.0.0/24 via 172.18.0.9 metric 5 proto static
ip route append 10.129.0.0/24 via 172.18.0.4
ip route add blackhole 10.129.9.0/24
ip route add 10.129.8.1 dev eth0 tos 4
ip route add 10.129.7.0/24 via 10.9.9.9 dev eth0 onlink
ip route add 10.129.6.0/24 nexthop via 172.18.0.8 nexthop via 172.18.0.9 weight 4
ip route add 10.193.4.0/24 nhid 171001
ip route add 10.150.5.0/24 via 172.18.0.3 proto 171
ip -6 route add fd00:10:129:5::/64 dev eth0
ip -6 route add fd00:10:129:6::/64 via fc00::9 metric 3 expires 100
ip -6 route add fd00:10:129:7::/64 metric 7 nexthop via fc00::8 nexthop via fc00::9 weight 4
ip -6 route append fd00:10:129::/64 via fc00::6
ip -6 route append fd00:10:129::/64 via fc00::7 metric 99
iptables -t nat -F KIND-FLAT-NETWORK
`
  const apply = wire(wiring, 'wanted')
  const steps = [apply, all, `{ ${others}} >&2`, apply, all, apply]
  const { status, stdout } = inNamespace(steps.join('\necho =====\n'))
  const [, wired, , changed, again, nothing] = stdout.split('=====\n')
  expect([status, nothing]).toEqual([0, ''])
  expect(wired).toContain('10.193.0.0/16 nhid')
  expect(again).toBe(wired)
  expect(changed?.split('\n').filter((line) => line.endsWith('removed'))).toHaveLength(13)
})

;(possible ? test : test.skip)('a node without peers is left as it was', () => {
  const none = wire({ ...wiring, routes: [], keepSource: [], subnets: [] }, 'none')
  const { status, stdout } = inNamespace([all, wire(wiring, 'wanted'), none, all, none].join('\necho =====\n'))
  const [before, , , after, nothing] = stdout.split('=====\n')
  expect([status, nothing]).toEqual([0, ''])
  expect(after).toBe(before)
})

;(possible ? test : test.skip)(
  'kube-proxy may start between the look and the change: its jump is first all the same',
  () => {
    const late = `mkdir $1/bin
cat >$1/bin/iptables <<'END'
#!/bin/bash
PATH=\${PATH#*:}
iptables "$@"
if [ "$*" = '--wait -t nat -S' ]; then
  iptables -t nat -N KUBE-POSTROUTING
  iptables -t nat -I POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
fi
END
chmod +x $1/bin/iptables
export PATH=$1/bin:$PATH
`
    const { status, stdout } = inNamespace(late + wire(wiring, 'late') + 'iptables-save -t nat\n')
    expect(status).toBe(0)
    expect(stdout.match(/^-A POSTROUTING .*$/gm)).toEqual([
      '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
      '-A POSTROUTING -j KIND-FLAT-NETWORK',
    ])
  },
)

/** All read before one writes, unless they take turns. */
const slowLook = (directory: string) => `mkdir $1/${directory}
for tables in iptables ip6tables; do
cat >$1/${directory}/$tables <<'END'
#!/bin/bash
PATH=\${PATH#*:}
"\${0##*/}" "$@"
if [ "$*" = '--wait -t nat -S' ]; then sleep 0.5; fi
END
chmod +x $1/${directory}/$tables
done
export PATH=$1/${directory}:$PATH
`

;(possible ? test : test.skip)('three wirings at once leave what one leaves, and one of them tells it', () => {
  const apply = wire(wiring, 'wanted').trimEnd()
  const one = inNamespace(`${apply}\necho =====\n${all}`)
  rmSync(join(directory, 'etc'), { recursive: true })
  const atOnce = `wirings=()\nfor _ in 1 2 3; do ${apply} & wirings+=($!); done\nfor each in \${wirings[@]}; do wait $each; done\n`
  const three = inNamespace(`${slowLook('slow')}${atOnce}echo =====\n${all}`)
  expect({ status: three.status, stderr: three.stderr, stdout: three.stdout }).toEqual({
    status: 0,
    stderr: '',
    stdout: one.stdout,
  })
  expect(one.stdout.match(/-A POSTROUTING -j KIND-FLAT-NETWORK/g)).toHaveLength(2)
})

;(possible ? test : test.skip)('a node that another command does not leave alone is told, and not changed', () => {
  const apply = wire(wiring, 'wanted').trimEnd()
  const short = `sed -i 's/--timeout 60/--timeout 0.2/' $1/wanted.script\n`
  const held = `exec 9>$1/run/kind-flat-network.lock\nflock 9\n`
  const { stdout, stderr } = inNamespace(`${short}${held}${all}echo =====\n${apply} || echo "exit code $?"\n${all}`)
  const [before = '', after] = stdout.split('=====\n')
  expect(after).toBe(`exit code 1\n${before}`)
  expect(stderr).toMatch(/^another command has changed the routes of this node for 60 s; wait until it ends/)
})
