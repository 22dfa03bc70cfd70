/** Arguments for kubectl, and readers of what it prints. */

export interface KubectlTarget {
  readonly kubeconfig: string
}

function kubectl({ kubeconfig }: KubectlTarget, ...rest: string[]): string[] {
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

/** What a cluster says of its readiness. */
export interface ClusterState {
  readonly nodes: readonly {
    readonly name: string
    readonly podCIDR?: string
    readonly ready: boolean
    readonly why: string
  }[]
  readonly coreDns: { readonly available: boolean; readonly why: string; readonly image?: string }
}

export function parseClusterState(output: string): ClusterState {
  const { items } = JSON.parse(output) as {
    items: {
      kind: string
      metadata: { name: string }
      spec: { podCIDR?: string; template?: { spec: { containers: { image: string }[] } } }
      status?: { conditions?: Condition[] }
    }[]
  }
  const condition = (item: (typeof items)[number], type: string) => {
    const found = item.status?.conditions?.find((each) => each.type === type)
    return { is: found?.status === 'True', why: found?.message ?? found?.reason ?? `no condition ${type} yet` }
  }
  const deployment = items.find((item) => item.kind === 'Deployment' && item.metadata.name === 'coredns')
  const available = deployment && condition(deployment, 'Available')
  const image = deployment?.spec.template?.spec.containers[0]?.image
  return {
    nodes: items
      .filter((item) => item.kind === 'Node')
      .map((item) => {
        const { is, why } = condition(item, 'Ready')
        const { podCIDR } = item.spec
        return { name: item.metadata.name, ...(podCIDR !== undefined && { podCIDR }), ready: is, why }
      }),
    coreDns: {
      available: available?.is ?? false,
      why: available?.why ?? 'there is no deployment coredns',
      ...(image !== undefined && { image }),
    },
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

export function rolloutStatus(target: KubectlTarget, namespace: string, object: string, seconds: number): string[] {
  return kubectl(
    target,
    `--namespace=${namespace}`,
    'rollout',
    'status',
    object,
    `--timeout=${String(Math.ceil(seconds))}s`,
  )
}

export function getPods(target: KubectlTarget, namespace: string, selector: string): string[] {
  return kubectl(target, `--namespace=${namespace}`, 'get', 'pods', `--selector=${selector}`, '--output=json')
}

/** Pods with the node they run on. */
export function parsePods(output: string): { node: string; address: string }[] {
  const { items } = JSON.parse(output) as {
    items: { metadata: { deletionTimestamp?: string }; spec: { nodeName?: string }; status?: { podIP?: string } }[]
  }
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ spec, status }) => ({ node: spec.nodeName ?? '', address: status?.podIP ?? '' }))
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
