import { kubectl, type KubectlTarget } from './kubectl.js'
import { podTroubles, type PodItem, type PodTrouble } from './pod-troubles.js'
import { checkOf } from './probe.js'

/** Everything that tells whether a cluster is ready, and which addresses it gives out. */
export function getClusterState(target: KubectlTarget): string[] {
  return kubectl(target, '--namespace=kube-system', 'get', 'nodes,deployments.apps,services,pods', '--output=json')
}

/** What a cluster says of its readiness and of its addresses. */
export interface ClusterState {
  readonly nodes: readonly NodeState[]
  readonly coreDns: {
    readonly available: boolean
    readonly why: string
    /** Image that its pods are to have; left out where there is no CoreDNS. */
    readonly image?: string
  }
  /** Addresses of the DNS service, one of each of its families. */
  readonly dnsAddresses: readonly string[]
  /** Pods of kube-system that do not run. */
  readonly podTroubles: readonly PodTrouble[]
  /** The probes of all checks, that of a check which is at work too. */
  readonly probes: readonly ProbeState[]
}

/** A check's probe in a cluster, and for how many seconds it has been there at least, by the cluster's own clock. */
export interface ProbeState {
  readonly check: string
  readonly ageSeconds: number
}

export interface NodeState {
  readonly name: string
  /** One of each of the cluster's address families, once they are given. */
  readonly podCIDRs: readonly string[]
  readonly ready: boolean
  readonly why: string
  /** Names of the images on it; kubelet tells at most 50, the largest first. */
  readonly images: readonly string[]
}

interface Item extends PodItem {
  readonly kind: string
  readonly metadata: PodItem['metadata'] & { readonly generation?: number; readonly creationTimestamp?: string }
  readonly spec: {
    readonly podCIDRs?: readonly string[]
    readonly replicas?: number
    readonly clusterIPs?: readonly string[]
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } }
  }
  readonly status?: PodItem['status'] & {
    readonly conditions?: readonly { readonly lastHeartbeatTime?: string }[]
    readonly images?: readonly { readonly names?: readonly string[] | null }[]
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
  }
}

export function parseClusterState(output: string): ClusterState {
  const { items } = JSON.parse(output) as { items: readonly Item[] }
  const named = (kind: string, name: string) => items.find((item) => item.kind === kind && item.metadata.name === name)
  const deployment = named('Deployment', 'coredns')
  return {
    nodes: items.filter(({ kind }) => kind === 'Node').map(nodeState),
    coreDns:
      deployment === undefined ? { available: false, why: 'there is no deployment coredns' } : rolledOut(deployment),
    dnsAddresses: named('Service', 'kube-dns')?.spec.clusterIPs ?? [],
    podTroubles: podTroubles(items.filter(({ kind }) => kind === 'Pod')),
    probes: probeStates(items),
  }
}

/** A kubelet tells that it lives at least every five minutes. */
function probeStates(items: readonly Item[]): ProbeState[] {
  const heartbeats = items.flatMap(({ status }) => status?.conditions ?? []).map((each) => each.lastHeartbeatTime)
  const now = heartbeats.reduce((latest, time) => (time === undefined ? latest : Math.max(latest, secondsOf(time))), 0)
  return items
    .filter(({ kind }) => kind === 'Service')
    .flatMap(({ metadata: { labels = {}, creationTimestamp = '' } }) => {
      const check = checkOf(labels)
      return check === undefined ? [] : [{ check, ageSeconds: now - secondsOf(creationTimestamp) }]
    })
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1000
}

function nodeState({ metadata: { name }, spec, status = {} }: Item): NodeState {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  return {
    name,
    podCIDRs: spec.podCIDRs ?? [],
    ready: ready?.status === 'True',
    why: ready?.message ?? ready?.reason ?? 'no condition Ready yet',
    images: (status.images ?? []).flatMap(({ names }) => names ?? []),
  }
}

/**
 * Every pod is of the newest version, as `kubectl rollout status` judges it (kubectl,
 * `pkg/polymorphichelpers/rollout_status.go`), and one of them answers, which is enough for the Service. The API leaves
 * out zeros.
 */
function rolledOut({ metadata: { generation = 0 }, spec, status = {} }: Item): ClusterState['coreDns'] {
  const wanted = spec.replicas ?? 0
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status
  const image = spec.template?.spec?.containers?.[0]?.image
  return {
    available:
      observedGeneration >= generation &&
      updatedReplicas >= wanted &&
      replicas <= updatedReplicas &&
      availableReplicas > 0,
    why: `of ${String(wanted)} pods ${String(updatedReplicas)} are of its newest version, and ${String(availableReplicas)} of all ${String(replicas)} are available`,
    ...(image !== undefined && { image }),
  }
}
