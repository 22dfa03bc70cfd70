import { createHash } from 'node:crypto'
import { BlockList, isIPv6 } from 'node:net'
import { kubectl, type KubectlTarget } from './kubectl.js'

/** Arguments for the configuration of CoreDNS, and readers of what they print. */

const namespace = 'kube-system'
const name = 'coredns'
/** On the pods of CoreDNS: the Corefile they started with. */
const annotation = 'kind-flat-network/corefile-sha256'

export function getCoreDns(target: KubectlTarget): string[] {
  return kubectl(target, `--namespace=${namespace}`, 'get', `configmap/${name}`, `deployment/${name}`, '--output=json')
}

/** A Corefile, and the version of the object that holds it, which each change of that renews. */
export interface StoredCorefile {
  readonly corefile: string
  readonly resourceVersion: string
}

/** @returns the Corefile, and the digest of the one that the pods were last told to start with */
export function parseCoreDns(output: string): StoredCorefile & { readonly digest?: string } {
  const { items } = JSON.parse(output) as {
    items: {
      metadata: { resourceVersion: string }
      data?: Record<string, string>
      spec?: { template: { metadata: { annotations?: Record<string, string> } } }
    }[]
  }
  const digest = items.map(({ spec }) => spec?.template.metadata.annotations?.[annotation]).find(Boolean)
  const holder = items.find(({ data }) => data?.['Corefile'])
  return {
    corefile: holder?.data?.['Corefile'] ?? '',
    resourceVersion: holder?.metadata.resourceVersion ?? '',
    ...(digest !== undefined && { digest }),
  }
}

export function digestOf(corefile: string): string {
  return createHash('sha256').update(corefile).digest('hex')
}

/** Fails as a conflict when somebody has changed the object since it had that version. */
export function setCorefile(target: KubectlTarget, { corefile, resourceVersion }: StoredCorefile): string[] {
  return patch(target, `configmap/${name}`, { metadata: { resourceVersion }, data: { Corefile: corefile } })
}

/**
 * Replaces the pods of CoreDNS, unless they have started with that Corefile. To running pods a kubelet brings a changed
 * ConfigMap only a minute later.
 */
export function startWithCorefile(target: KubectlTarget, corefile: string): string[] {
  const annotations = { [annotation]: digestOf(corefile) }
  return patch(target, `deployment/${name}`, { spec: { template: { metadata: { annotations } } } })
}

/** Lets the DNS service listen at these addresses, the first of which is the one it has. */
export function giveDnsServiceAddresses(target: KubectlTarget, addresses: readonly string[]): string[] {
  return patch(target, 'service/kube-dns', { spec: { ipFamilyPolicy: 'PreferDualStack', clusterIPs: addresses } })
}

function patch(target: KubectlTarget, object: string, change: object): string[] {
  return kubectl(
    target,
    `--namespace=${namespace}`,
    'patch',
    object,
    '--type=merge',
    `--patch=${JSON.stringify(change)}`,
  )
}

/** The file that a node's CoreDNS pods take their nameservers from. */
export function readResolvConf(node: string): string[] {
  return ['docker', 'exec', node, 'cat', '/etc/resolv.conf']
}

/** The nameservers of a resolv.conf (resolv.conf(5)). */
export function parseNameservers(output: string): string[] {
  return [...output.matchAll(/^nameserver\s+(\S+)/gm)].flatMap(([, server]) => server ?? [])
}

const onlyHere = new BlockList()
onlyHere.addAddress('::', 'ipv6')
onlyHere.addAddress('::1', 'ipv6')
onlyHere.addSubnet('fe80::', 10, 'ipv6')
/** IPv4 in IPv6's clothes. */
onlyHere.addSubnet('::ffff:0:0', 96, 'ipv6')

/** Whether an address is of IPv6 and means the same from wherever it is used. */
export function isRoutableIPv6(address: string): boolean {
  const [plain = ''] = address.split('%')
  return isIPv6(plain) && !onlyHere.check(plain, 'ipv6')
}
