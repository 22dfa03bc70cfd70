import { familyOf, parseCidr } from '../../../src/model/cidr.js'
import type { Plan } from '../../../src/plan/plan.js'
import type { Json, KindAnswer, KindCluster } from './kind-parser.js'

const header = { kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4' } as const

/** The text as kind takes it: whole, and without what only newer YAML has. */
export function completed(text: string): string {
  const clean = text.replace(/^%YAML 1\.2\n/, '').replaceAll('\\/', '/')
  const missing = Object.entries(header).filter(([key, value]) => !new RegExp(`${key}\\W{1,4}${value}`).test(clean))
  return missing.map(([key, value]) => `${key}: ${value}\n`).join('') + clean
}

const ipv4 = { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/16' }
const ipv6 = { podSubnet: 'fd00:10:244::/56', serviceSubnet: 'fd00:10:96::/112' }

/** What kind sets where a config says nothing (`pkg/internal/apis/config/default.go`). */
const defaults: Readonly<Record<string, Readonly<Record<'podSubnet' | 'serviceSubnet', string>>>> = {
  ipv4,
  ipv6,
  dual: {
    podSubnet: `${ipv4.podSubnet},${ipv6.podSubnet}`,
    serviceSubnet: `${ipv4.serviceSubnet},${ipv6.serviceSubnet}`,
  },
}

/**
 * What a user said, as kind reads it, in a form that two configs can be compared in: without what this project decides
 * where the user left it out.
 * @param text the user's own, which tells a default that was written from one that was left out
 * @param of kind's reading of this very text, or of the config that was generated from it
 */
export function whatWasSaid(text: string, user: KindCluster, of: KindCluster): Json {
  const { networking, nodes } = of
  const kept = (setting: 'podSubnet' | 'serviceSubnet') => {
    const normal = defaults[user.networking.ipFamily]?.[setting] ?? ''
    const isSaid = user.networking[setting] !== normal || text.includes(normal.split(',')[0] ?? '')
    const families = user.networking[setting].split(',').map(familyOf)
    // a dual-stack cluster gets the subnet that it lacks
    const subnets = networking[setting].split(',').filter((subnet) => families.includes(familyOf(subnet)))
    return isSaid ? subnets.map((subnet) => parseCidr(subnet).text).sort() : []
  }
  return {
    ...of,
    name: '',
    networking: {
      ...networking,
      podSubnet: kept('podSubnet'),
      serviceSubnet: kept('serviceSubnet'),
      dnsSearch: networking['dnsSearch'] ?? [],
    },
    nodes: nodes.map((node, index) => ({
      ...node,
      image: text.includes(user.nodes[index]?.image ?? '') ? node.image : '',
    })),
  }
}

/** The config without the mount that tells which run created the node. */
export function withoutOwner(cluster: KindCluster): KindCluster {
  return { ...cluster, nodes: cluster.nodes.map((node) => ({ ...node, extraMounts: node.extraMounts.slice(0, -1) })) }
}

/** The mounts that tell which run created the nodes. */
export function ownersOf({ nodes }: KindCluster): (Json | undefined)[] {
  return nodes.map(({ extraMounts }) => extraMounts.at(-1))
}

export const owner = (run: string): Json => ({
  hostPath: '/dev/null',
  containerPath: `/kind-flat-network/${run}`,
  readOnly: true,
  selinuxRelabel: false,
  propagation: '',
})

/** What `kubeadm init` gets about addresses: each setting with its value, and the lists without their order. */
export function addressesFor({ cluster, kubeadm = [] }: KindAnswer): Readonly<Record<string, unknown>> {
  const first = kubeadm[cluster?.nodes.findIndex(({ role }) => role === 'control-plane') ?? -1]
  const document = first?.documents?.find(({ kind }) => kind === 'ClusterConfiguration')
  if (document === undefined) return { error: first?.error ?? 'there is no ClusterConfiguration' }
  const unfit = ['controllerManager', 'apiServer'].find((component) => !isReadable(document, component))
  if (unfit !== undefined) return { error: `kubeadm cannot read extraArgs of ${unfit}` }
  const networking = document['networking'] as Readonly<Record<string, unknown>> | undefined
  return {
    podSubnet: networking?.['podSubnet'],
    serviceSubnet: networking?.['serviceSubnet'],
    ...pick(document, 'controllerManager', managerFlags),
    ...pick(document, 'apiServer', ['service-cluster-ip-range']),
  }
}

const managerFlags = [
  'cluster-cidr',
  'service-cluster-ip-range',
  'allocate-node-cidrs',
  'node-cidr-mask-size',
  'node-cidr-mask-size-ipv4',
  'node-cidr-mask-size-ipv6',
]

function pick(document: Json, component: string, flags: readonly string[]): Record<string, unknown> {
  const args = argumentsOf(document, component)
  return Object.fromEntries(
    flags.flatMap((flag) => (args.has(flag) ? [[`${component} ${flag}`, args.get(flag)] as const] : [])),
  )
}

/** Whether arguments are a list where this version of kubeadm's config takes a list, and a map where it takes a map. */
function isReadable(document: Json, component: string): boolean {
  const args = (document[component] as Json | undefined)?.['extraArgs'] ?? undefined
  return args === undefined || Array.isArray(args) === (document['apiVersion'] === 'kubeadm.k8s.io/v1beta4')
}

/** Of a flag that is there twice, the last counts. */
function argumentsOf(document: Json, component: string): Map<string, unknown> {
  const args = (document[component] as Json | undefined)?.['extraArgs']
  if (!Array.isArray(args)) return new Map(Object.entries((args ?? {}) as Json))
  return new Map((args as { name: string; value: unknown }[]).map(({ name, value }) => [name, value]))
}

/** What `kubeadm init` must get about addresses, with those of the settings that it got. */
export function plannedAddresses(
  { podSubnets, serviceSubnets }: Plan['clusters'][number],
  nodeMasks: Readonly<Record<'ipv4' | 'ipv6', number>>,
  told: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const family = podSubnets[0]?.includes(':') === true ? 'ipv6' : 'ipv4'
  const wanted: Readonly<Record<string, unknown>> = {
    'controllerManager cluster-cidr': podSubnets.join(),
    'controllerManager service-cluster-ip-range': serviceSubnets.join(),
    'controllerManager allocate-node-cidrs': 'true',
    'controllerManager node-cidr-mask-size': String(nodeMasks[family]),
    'controllerManager node-cidr-mask-size-ipv4': String(nodeMasks.ipv4),
    'controllerManager node-cidr-mask-size-ipv6': String(nodeMasks.ipv6),
    'apiServer service-cluster-ip-range': serviceSubnets.join(),
  }
  return {
    podSubnet: podSubnets.join(),
    serviceSubnet: serviceSubnets.join(),
    ...Object.fromEntries(Object.entries(wanted).filter(([setting]) => setting in told)),
  }
}
