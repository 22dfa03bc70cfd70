import type { NodeWiring } from '../plan/wiring.js'
import { execScript } from './docker.js'

/** Chain of our own in the nodes' nat table. */
const chain = 'KIND-FLAT-NETWORK'

/** Marks our routes on a node (`ip route show proto 171`); not one of the numbers iproute2 gives a name. */
const routeProtocol = 171

/**
 * Routes are replaced; rules of nat are written in one transaction, and only when they differ. Packets in our chain
 * are accepted, so no later chain masquerades them, whichever CNI put it there. The chain stands right behind
 * kube-proxy's, which must see a packet first, or what it marked is not masqueraded.
 */
const script = `set -eu
printf '%s' "$1" | ip -batch -
current=$(iptables --wait -t nat -S ${chain} 2>/dev/null | tail -n +2 || true)
jump=$(iptables --wait -t nat -S POSTROUTING | awk '
  !/^-A/ { next }
  { position++ }
  / -j KUBE-POSTROUTING$/ { kube = position }
  / -j ${chain}$/ { ours[++count] = position }
  END {
    if (count == 1 && ours[1] == kube + 1) exit
    for (i = 1; i <= count; i++) {
      print "-D POSTROUTING -j ${chain}"
      if (ours[i] < kube) before++
    }
    print "-I POSTROUTING " kube - before + 1 " -j ${chain}"
  }')
if [ "$current" != "$2" ] || [ -n "$jump" ]; then
  printf '*nat\\n:${chain} - [0:0]\\n%s\\n%s\\nCOMMIT\\n' "$2" "$jump" | iptables-restore --noflush --wait
fi
`

/** One exec that gives a node all its routes and all its rules. */
export function applyWiring(wiring: NodeWiring): string[] {
  const routes = wiring.routes.map(
    ({ destination, via }) => `route replace ${destination} via ${via} proto ${String(routeProtocol)}\n`,
  )
  const rules = wiring.keepSource.map((subnet) => `-A ${chain} -d ${subnet} -j ACCEPT`)
  return execScript(wiring.node, script, [routes.join(''), rules.join('\n')])
}
