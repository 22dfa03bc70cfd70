/** Arguments for kubectl, and readers of what it prints. */

export interface KubectlTarget {
  readonly kubeconfig: string
}

export function kubectl({ kubeconfig }: KubectlTarget, ...rest: string[]): string[] {
  return ['kubectl', '--kubeconfig', kubeconfig, ...rest]
}

export const kubectlVersion = ['kubectl', 'version', '--client', '--output=json'] as const

const coreDns = 'deployment/coredns'

export function waitForNodes(target: KubectlTarget, seconds: number): string[] {
  return kubectl(target, 'wait', 'node', '--all', '--for=condition=Ready', `--timeout=${String(Math.ceil(seconds))}s`)
}

export function waitForCoreDns(target: KubectlTarget, seconds: number): string[] {
  return kubectl(
    target,
    '--namespace=kube-system',
    'wait',
    coreDns,
    '--for=condition=Available',
    `--timeout=${String(Math.ceil(seconds))}s`,
  )
}

export function getNodesAndCoreDns(target: KubectlTarget): string[] {
  return kubectl(target, '--namespace=kube-system', 'get', 'nodes,deployments.apps', '--output=json')
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

interface DeploymentStatus {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly availableReplicas?: number
}

/** What a cluster says of its readiness. */
export interface ClusterState {
  readonly nodes: readonly {
    readonly name: string
    /** One of each of the cluster's address families, once they are given. */
    readonly podCIDRs: readonly string[]
    readonly ready: boolean
    readonly why: string
  }[]
  readonly coreDns: { readonly available: boolean; readonly why: string }
}

export function parseClusterState(output: string): ClusterState {
  const { items } = JSON.parse(output) as {
    items: {
      kind: string
      metadata: { name: string; generation?: number }
      spec: { podCIDRs?: string[]; replicas?: number }
      status?: DeploymentStatus & { conditions?: Condition[] }
    }[]
  }
  const condition = (item: (typeof items)[number], type: string) => {
    const found = item.status?.conditions?.find((each) => each.type === type)
    return { is: found?.status === 'True', why: found?.message ?? found?.reason ?? `no condition ${type} yet` }
  }
  const deployment = items.find((item) => item.kind === 'Deployment' && item.metadata.name === 'coredns')
  return {
    nodes: items
      .filter((item) => item.kind === 'Node')
      .map((item) => {
        const { is, why } = condition(item, 'Ready')
        return { name: item.metadata.name, podCIDRs: item.spec.podCIDRs ?? [], ready: is, why }
      }),
    coreDns:
      deployment === undefined ? { available: false, why: 'there is no deployment coredns' } : rolledOut(deployment),
  }
}

/**
 * Every pod is of the newest version, as `kubectl rollout status` judges it (kubectl,
 * `pkg/polymorphichelpers/rollout_status.go`), and one of them answers, which is enough for the Service. The API leaves
 * out zeros.
 */
function rolledOut({
  metadata: { generation = 0 },
  spec: { replicas: wanted = 0 },
  status: { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = {},
}: {
  readonly metadata: { readonly generation?: number }
  readonly spec: { readonly replicas?: number }
  readonly status?: DeploymentStatus
}): ClusterState['coreDns'] {
  return {
    available:
      observedGeneration >= generation &&
      updatedReplicas >= wanted &&
      replicas <= updatedReplicas &&
      availableReplicas > 0,
    why: `of ${String(wanted)} pods ${String(updatedReplicas)} are of its newest version, and ${String(availableReplicas)} of all ${String(replicas)} are available`,
  }
}

export function getCoreDnsImage(target: KubectlTarget): string[] {
  return kubectl(
    target,
    '--namespace=kube-system',
    'get',
    coreDns,
    '--output=jsonpath={.spec.template.spec.containers[0].image}',
  )
}

/** The manifest goes to standard input. */
export function applyManifest(target: KubectlTarget): string[] {
  return kubectl(target, 'apply', '--server-side', '--force-conflicts', '--filename=-')
}

export function getPods(target: KubectlTarget, namespace: string, selector: string): string[] {
  return kubectl(target, `--namespace=${namespace}`, 'get', 'pods', `--selector=${selector}`, '--output=json')
}

/** Returns when every such pod is Ready; fails when one is not in time, or when there is none. */
export function waitForPods(target: KubectlTarget, namespace: string, selector: string, seconds: number): string[] {
  return kubectl(
    target,
    `--namespace=${namespace}`,
    'wait',
    'pod',
    `--selector=${selector}`,
    '--for=condition=Ready',
    `--timeout=${String(seconds)}s`,
  )
}

/** A pod that is Ready. */
export interface ReadyPod {
  readonly node: string
  /** One of each of the cluster's address families. */
  readonly addresses: readonly string[]
}

export function parseReadyPods(output: string): ReadyPod[] {
  const { items } = JSON.parse(output) as {
    items: {
      metadata: { deletionTimestamp?: string }
      spec: { nodeName?: string }
      status?: { podIPs?: { ip: string }[]; conditions?: Condition[] }
    }[]
  }
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
    .map(({ spec, status }) => ({ node: spec.nodeName ?? '', addresses: (status?.podIPs ?? []).map(({ ip }) => ip) }))
}

/** Returns when the object and what belongs to it are gone. */
export function deleteObject(target: KubectlTarget, namespace: string, object: string): string[] {
  return kubectl(
    target,
    `--namespace=${namespace}`,
    'delete',
    object,
    '--cascade=foreground',
    '--ignore-not-found',
    '--timeout=60s',
  )
}
