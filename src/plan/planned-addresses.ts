import { contains, machineCidr, parseCidr } from '../model/cidr.js'
import type { Cluster } from './cluster.js'

/** What a running cluster says of the addresses that it gives out. */
interface SeenAddresses {
  readonly nodes: readonly { readonly name: string; readonly podCIDRs: readonly string[] }[]
  /** Of its DNS service. */
  readonly dnsAddresses: readonly string[]
}

/**
 * Checks that clusters give their pods and Services addresses out of the planned subnets. A patch or a flag that the plan
 * did not understand would lead every route, and the check of the routes, elsewhere.
 * @throws naming each address and the subnet that was planned
 */
export function requirePlannedAddresses(
  clusters: readonly { readonly cluster: Cluster; readonly state: SeenAddresses }[],
): void {
  const troubles = clusters.flatMap(({ cluster: { name, podSubnets, serviceSubnets }, state }) => [
    ...state.nodes.flatMap((node) =>
      outside(node.podCIDRs, podSubnets).map(
        (podCIDR) =>
          `node ${node.name} has the podCIDR ${podCIDR}, outside the planned pod subnet ${podSubnets.join(', ')} of cluster ${name}`,
      ),
    ),
    ...outside(state.dnsAddresses, serviceSubnets).map(
      (address) =>
        `the DNS service of cluster ${name} has the address ${address}, outside its planned service subnet ${serviceSubnets.join(', ')}`,
    ),
  ])
  if (troubles.length === 0) return
  throw new Error(
    [
      'clusters use other addresses than planned, so routes to them would lead elsewhere:',
      ...troubles.map((trouble) => `  ${trouble}`),
      'look for a setting of subnets in kind config, patches or node images, and give it as pod-subnet or service-subnet instead',
    ].join('\n'),
  )
}

function outside(found: readonly string[], planned: readonly string[]): string[] {
  const subnets = planned.map(parseCidr)
  return found.filter((text) => {
    const address = machineCidr(text)
    return address === undefined || !subnets.some((subnet) => contains(subnet, address))
  })
}
