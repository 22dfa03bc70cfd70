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

/** The last words of a container that was restarted. */
export function getLastLog(target: KubectlTarget, namespace: string, pod: string, container: string): string[] {
  return kubectl(target, `--namespace=${namespace}`, 'logs', pod, `--container=${container}`, '--previous', '--tail=5')
}

/** The manifest goes to standard input. */
export function applyManifest(target: KubectlTarget): string[] {
  return kubectl(target, 'apply', '--server-side', '--force-conflicts', '--filename=-')
}

export function getPods(target: KubectlTarget, namespace: string, selector: string): string[] {
  return kubectl(target, `--namespace=${namespace}`, 'get', 'pods', `--selector=${selector}`, '--output=json')
}

export function getPodsAndServices(target: KubectlTarget, namespace: string, selector: string): string[] {
  return kubectl(target, `--namespace=${namespace}`, 'get', 'pods,services', `--selector=${selector}`, '--output=json')
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

interface Item {
  readonly kind: string
  readonly metadata: { readonly deletionTimestamp?: string }
  readonly spec: { readonly nodeName?: string; readonly clusterIPs?: readonly string[] }
  readonly status?: {
    readonly podIPs?: readonly { readonly ip: string }[]
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

/** Out of a list of pods, or of pods and other objects. */
export function parseReadyPods(output: string): ReadyPod[] {
  const { items } = JSON.parse(output) as { items: readonly Item[] }
  return items
    .filter(({ kind, metadata }) => kind === 'Pod' && metadata.deletionTimestamp === undefined)
    .filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
    .map(({ spec, status }) => ({ node: spec.nodeName ?? '', addresses: (status?.podIPs ?? []).map(({ ip }) => ip) }))
}

/** The ClusterIPs of all Services in a list. */
export function parseClusterIPs(output: string): string[] {
  const { items } = JSON.parse(output) as { items: readonly Item[] }
  return items.filter(({ kind }) => kind === 'Service').flatMap(({ spec }) => spec.clusterIPs ?? [])
}

/** Returns when the objects and what belongs to them are gone, or as soon as that is on its way. */
export function deleteSelected(
  target: KubectlTarget,
  namespace: string,
  kinds: readonly string[],
  selector: string,
  until: 'gone' | 'on its way',
): string[] {
  return kubectl(
    target,
    `--namespace=${namespace}`,
    'delete',
    kinds.join(','),
    `--selector=${selector}`,
    '--cascade=foreground',
    '--ignore-not-found',
    until === 'gone' ? '--timeout=60s' : '--wait=false',
  )
}
