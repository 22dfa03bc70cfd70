export interface PodTrouble {
  readonly pod: string
  /** `CrashLoopBackOff, 5 restarts, last exit code 1` */
  readonly why: string
  /** The container that crashed, whose last log tells more. */
  readonly crashed?: string
  /** Whether waiting longer is no use, because a part of Kubernetes itself has failed for good. */
  readonly isFinal: boolean
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

interface ContainerStatus {
  readonly name: string
  readonly ready?: boolean
  readonly restartCount?: number
  readonly state?: { readonly waiting?: Waiting; readonly terminated?: Terminated }
  readonly lastState?: { readonly terminated?: Terminated }
}

interface Waiting {
  readonly reason?: string
  readonly message?: string
}

interface Terminated {
  readonly reason?: string
  readonly exitCode?: number
}

/** A pod, as far as it tells why it does not run. */
export interface PodItem {
  readonly metadata: {
    readonly name: string
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

/** What keeps pods from running; those that run or are going tell nothing. */
export function podTroubles(pods: readonly PodItem[]): PodTrouble[] {
  return pods.flatMap(podTrouble)
}

/**
 * kubelet waits longer after each crash, up to this after the fifth in a row, and forgets it when the container runs well
 * or the node is restarted. The number of restarts counts a node's restarts too.
 */
const longBackOff = /back-off (2m40s|5m0?s?)\b/

/** Nothing that kubelet tries again changes these. */
const finalReasons = ['InvalidImageName', 'ErrImageNeverPull']
/** What a registry says of an image that it does not have (distribution, `registry/api/errcode`). */
const imageIsMissing = /not found|manifest unknown|repository does not exist/i

function podTrouble({ metadata, status = {} }: PodItem): PodTrouble[] {
  const { name: pod, labels = {}, deletionTimestamp } = metadata
  const condition = (wanted: string) => status.conditions?.find(({ type }) => type === wanted)
  const isRunning = condition('Ready')?.status === 'True' || status.phase === 'Succeeded'
  if (isRunning || deletionTimestamp !== undefined) return []
  const scheduled = condition('PodScheduled')
  if (scheduled?.status === 'False') {
    return [{ pod, why: [scheduled.reason, scheduled.message].filter(Boolean).join(': '), isFinal: false }]
  }
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const container = containers.find(({ state }) => isTrouble(state?.waiting)) ?? containers.find(({ ready }) => !ready)
  if (container === undefined) return [{ pod, why: phaseOf(status), isFinal: false }]
  return [
    {
      pod,
      why: describe(container, phaseOf(status)),
      ...(restartsOf(container) > 0 && { crashed: container.name }),
      isFinal: hasFailedForGood(container) && isOfKubernetes(labels),
    },
  ]
}

function phaseOf({ phase }: NonNullable<PodItem['status']>): string {
  return phase === undefined ? 'not Ready' : `${phase}, not Ready`
}

function restartsOf({ restartCount = 0 }: ContainerStatus): number {
  return restartCount
}

function describe(container: ContainerStatus, phase: string): string {
  const { state = {}, lastState = {} } = container
  // between two restarts a container is shown as ended, until kubelet says that it waits
  const { reason = state.terminated?.reason ?? phase, message = '' } = state.waiting ?? {}
  const restarts = restartsOf(container)
  const last = state.terminated ?? lastState.terminated
  const why = [
    reason,
    ...(restarts > 0 ? [`${String(restarts)} restart${restarts === 1 ? '' : 's'}`] : []),
    ...(last?.exitCode === undefined ? [] : [`last exit code ${String(last.exitCode)}`]),
  ].join(', ')
  // of a crash kubelet only says how long it waits
  return message === '' || reason === 'CrashLoopBackOff' ? why : `${why}: ${message}`
}

function hasFailedForGood(container: ContainerStatus): boolean {
  const { reason = '', message = '' } = container.state?.waiting ?? {}
  return (
    finalReasons.includes(reason) ||
    (/ImagePull/.test(reason) && imageIsMissing.test(message)) ||
    (reason === 'CrashLoopBackOff' && longBackOff.test(message))
  )
}

function isTrouble(waiting: Waiting | undefined): boolean {
  return waiting?.reason !== undefined && !['ContainerCreating', 'PodInitializing'].includes(waiting.reason)
}

/** kubeadm's static pods, kube-proxy and CoreDNS, and kind's CNI, by the labels that they have there. */
function isOfKubernetes(labels: Readonly<Record<string, string>>): boolean {
  return ['kube-dns', 'kube-proxy', 'kindnet'].includes(labels['k8s-app'] ?? '') || labels['tier'] === 'control-plane'
}
