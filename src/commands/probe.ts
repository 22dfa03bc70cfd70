import { decode, encode, RECURSION_DESIRED } from 'dns-packet'
import { stringify } from 'yaml'
import { canonicalAddress } from '../model/cidr.js'
import { groupBy } from '../model/group-by.js'
import type { ClusterState } from './cluster-state.js'
import { execScript, runLabel } from './docker.js'

export const probeNamespace = 'kube-system'
const app = 'kind-flat-network-probe'
const nameLabel = 'app.kubernetes.io/name'
/** The check that a probe belongs to. */
const checkLabel = 'app.kubernetes.io/instance'

/** Selects the pods and the objects of one check's probe. Several checks may be at work in a cluster. */
export function probeOfCheck(check: string): string {
  return `${nameLabel}=${app},${checkLabel}=${check}`
}

/** Selects those of every check of a run's network. */
export function probesOfRun(run: string): string {
  return `${nameLabel}=${app},${runLabel}=${run}`
}

/** The check whose probe an object with these labels belongs to; `undefined` for any other object. */
export function checkOf(labels: Readonly<Record<string, string>>): string | undefined {
  return labels[nameLabel] === app ? labels[checkLabel] : undefined
}

/** In the order of their deletion. */
export const probeKinds = ['daemonsets.apps', 'services'] as const

const port = 5353
const healthPort = 8080
const corefileAnnotation = 'kind-flat-network/corefile'

/**
 * The probe: on every node a pod of the CoreDNS image that the node holds already, so nothing is pulled. CoreDNS'
 * plugin `whoami` answers every query with the address the query came from. And a Service of it: whether the other
 * clusters reach its ClusterIPs is asked there, since it has an address in every family and does not wait for anything
 * else in the cluster.
 *
 * The Service is created first and deleted last, so whoever finds no Service finds no probe.
 * @param image a CoreDNS image that the nodes have
 * @param check its id, eight hexadecimal digits
 * @param run the run whose network is checked
 */
export function probeManifest(image: string, check: string, run: string): string {
  const ownPods = { [nameLabel]: app, [checkLabel]: check }
  const labels = { ...ownPods, [runLabel]: run }
  const metadata = { name: `${app}-${check}`, namespace: probeNamespace, labels }
  const corefile = `.:${String(port)} {\n  whoami\n  health :${String(healthPort)}\n}\n`
  // a kubelet that just started mounts no ConfigMap at first, and tries again ever more seldom; what stands in the
  // pod itself it mounts at once
  const annotations = { [corefileAnnotation]: corefile }
  const daemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata,
    spec: {
      selector: { matchLabels: ownPods },
      template: {
        metadata: { labels, annotations },
        spec: {
          tolerations: [{ operator: 'Exists' }],
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 0,
          dnsPolicy: 'Default',
          containers: [
            {
              name: 'coredns',
              image,
              imagePullPolicy: 'IfNotPresent',
              args: ['-conf', '/etc/coredns/Corefile'],
              ports: [{ name: 'dns', containerPort: port, protocol: 'UDP' }],
              readinessProbe: { httpGet: { path: '/health', port: healthPort }, periodSeconds: 1 },
              volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
            },
          ],
          volumes: [
            {
              name: 'config',
              downwardAPI: {
                items: [{ path: 'Corefile', fieldRef: { fieldPath: `metadata.annotations['${corefileAnnotation}']` } }],
              },
            },
          ],
        },
      },
    },
  }
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      selector: ownPods,
      ipFamilyPolicy: 'PreferDualStack',
      // kube-proxy learns of the pods while they start, and not when they are asked already
      publishNotReadyAddresses: true,
      ports: [{ name: 'dns', port, targetPort: 'dns', protocol: 'UDP' }],
    },
  }
  return [service, daemonSet].map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n')
}

/** The CoreDNS image for the probe: the one that CoreDNS has, unless the nodes hold another one instead. */
export function probeImage({ coreDns: { image = '' }, nodes }: ClusterState): string {
  const holders = groupBy(
    nodes.flatMap(({ images }) => [...new Set(images)]),
    (name) => name,
  )
  const isEverywhere = (name: string) => (holders.get(name)?.length ?? 0) === nodes.length
  if (isEverywhere(image)) return image
  return [...holders.keys()].find((name) => /(^|\/)coredns:[\w.-]+$/.test(name) && isEverywhere(name)) ?? image
}

const attempts = 3

/** So long a Service is asked again: kube-proxy learns of its pods some seconds after they are ready. */
export const serviceSeconds = 15

/** The query, as bash's printf writes it. Its first byte must not be zero: bash's read drops zero bytes. */
const query = [
  ...encode({ type: 'query', id: 0x4b46, flags: RECURSION_DESIRED, questions: [{ type: 'A', name: 'whoami' }] }),
]
  .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
  .join('')

/**
 * Asks every target from a pod's network namespace, found by one of the pod's addresses ($1). A target is an address and,
 * after a comma, the seconds that it is asked again. Each is asked twice: the time until bash itself reads a first byte is
 * the latency, without the start of a program; dd then takes the whole answer.
 */
const script = `set -u
pod=$1
shift
for file in /run/netns/*; do
  if nsenter --net="$file" ip -oneline address show 2>/dev/null | grep -qF " $pod/"; then namespace=$file; break; fi
done
if [ -z "\${namespace:-}" ]; then echo "no network namespace holds $pod" >&2; exit 1; fi
exec nsenter --net="$namespace" bash -c '
  export LC_ALL=C
  ask() {
    attempt=0
    until (( attempt++ >= ${String(attempts)} && SECONDS >= $2 )); do
      # a Service that is not known yet refuses at once
      if (( attempt > 1 && $2 > 0 )); then sleep 0.2; fi
      exec 3<>"/dev/udp/$1/${String(port)}" || continue
      started=$EPOCHREALTIME
      printf "${query}" >&3
      if read -r -N 1 -t 1 -u 3 _ 2>/dev/null; then
        ended=$EPOCHREALTIME
        printf "${query}" >&3
        answer=$(timeout 1 dd bs=512 count=1 status=none <&3 2>/dev/null | base64 --wrap=0)
        if [ -n "$answer" ]; then echo "$1 $(( \${ended/[.,]/} - \${started/[.,]/} )) $answer"; return; fi
      fi
      exec 3>&-
    done
    echo "$1 - -"
  }
  for target; do ask "\${target%,*}" "\${target#*,}" 2>/dev/null & done
  wait
' bash "$@"
`

export interface Target {
  readonly address: string
  /** How long it is asked again; 0 for three times. */
  readonly seconds: number
}

/** One exec on a node that asks all those targets from the node's own probe pod. */
export function askFrom(node: string, podAddress: string, targets: readonly Target[]): string[] {
  return execScript(node, script, [
    podAddress,
    ...targets.map(({ address, seconds }) => `${address},${String(seconds)}`),
  ])
}

/** Seconds within which the exec ends, however many targets are silent: they are asked at the same time. */
export const askSeconds = attempts * 2 + serviceSeconds + 20

export interface Answer {
  /** Address the other side saw; none when there was no answer. */
  readonly source?: string
  /** Round trip in milliseconds. */
  readonly latency?: number
}

/** Answers by the address that was asked. */
export function parseAnswers(output: string): Map<string, Answer> {
  const answers = new Map<string, Answer>()
  for (const line of output.split('\n').filter((text) => text !== '')) {
    const [address = '', microseconds = '-', packet = '-'] = line.split(' ')
    answers.set(address, packet === '-' ? {} : { latency: Number(microseconds) / 1000, ...sourceIn(packet) })
  }
  return answers
}

/** whoami puts the client's address into the additional section (coredns `plugin/whoami/whoami.go`). */
function sourceIn(packet: string): Pick<Answer, 'source'> {
  try {
    const { additionals = [] } = decode(Buffer.from(packet, 'base64'))
    const record = additionals.find(({ type }) => type === 'A' || type === 'AAAA')
    return record !== undefined && 'data' in record ? { source: canonicalAddress(String(record.data)) } : {}
  } catch {
    // a packet that is cut or no DNS is no answer
    return {}
  }
}
