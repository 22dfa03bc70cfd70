#!/usr/bin/env node
// An independent proof of a flat network, with Kubernetes' own test image: on every node a pod of agnhost, which is
// told through the API server to dial every pod and every service of the other clusters and to say which address
// they saw. Shares no code with the product.
//
//   KUBECONFIG=… agnhost.js CONTEXT CONTEXT…    prints {pods, services} as JSON; exit code 1 when a pair is broken
//
// What it makes is removed again.
import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const image = 'registry.k8s.io/e2e-test-images/agnhost:2.53'
const namespace = 'agnhost-check'
const port = 8080

/** Kubernetes' example of a namespace with a pod on every node and a service before them. */
const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agnhost', namespace },
    spec: {
      selector: { matchLabels: { app: 'agnhost' } },
      template: {
        metadata: { labels: { app: 'agnhost' } },
        spec: {
          tolerations: [{ operator: 'Exists' }],
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'agnhost',
              image,
              imagePullPolicy: 'IfNotPresent',
              args: ['netexec', `--http-port=${port}`],
              readinessProbe: { httpGet: { path: '/healthz', port }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'agnhost', namespace },
    spec: { selector: { app: 'agnhost' }, ports: [{ port: 80, targetPort: port }] },
  },
]

async function kubectl({ kubeconfig, context }, parameters, input) {
  const child = run('kubectl', ['--kubeconfig', kubeconfig, '--context', context, ...parameters], {
    timeout: 180_000,
    maxBuffer: 20_000_000,
  })
  child.child.stdin.end(input ?? '')
  return (await child).stdout
}

async function deploy(target) {
  await kubectl(target, ['apply', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  await kubectl(target, ['--namespace', namespace, 'rollout', 'status', 'daemonset/agnhost', '--timeout=120s'])
  const { items } = JSON.parse(await kubectl(target, ['--namespace', namespace, 'get', 'pods', '--output=json']))
  const service = JSON.parse(
    await kubectl(target, ['--namespace', namespace, 'get', 'service/agnhost', '--output=json']),
  )
  return {
    target,
    clusterIP: service.spec.clusterIP,
    pods: items.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      node: spec.nodeName,
      address: status.podIP,
      nodeAddress: status.hostIP,
    })),
  }
}

/** Lets a pod dial; returns the address the other side saw, without its port, or undefined. */
async function dial(target, pod, host, targetPort) {
  const query = `host=${host}&port=${targetPort}&protocol=http&request=clientip&tries=1`
  const path = `/api/v1/namespaces/${namespace}/pods/${pod.name}:${port}/proxy/dial?${query}`
  const { responses = [] } = JSON.parse(await kubectl(target, ['get', '--raw', path]))
  return responses[0]?.replace(/:\d+$/, '')
}

/** kube-proxy may learn of a ready pod some seconds later: until then a service refuses. */
async function dialService(target, pod, clusterIP) {
  for (let attempt = 1; ; attempt++) {
    const seen = await dial(target, pod, clusterIP, 80)
    if (seen !== undefined || attempt === 15) return seen
    await setTimeout(1000)
  }
}

/** Every pod dials every pod and every service of the other clusters. */
export async function proveFlat(kubeconfig, contexts) {
  const targets = contexts.map((context) => ({ kubeconfig, context }))
  try {
    const clusters = await Promise.all(targets.map(deploy))
    const pods = []
    const services = []
    for (const from of clusters) {
      for (const pod of from.pods) {
        for (const to of clusters.filter((cluster) => cluster !== from)) {
          for (const peer of to.pods) {
            const seen = await dial(from.target, pod, peer.address, port)
            pods.push({ from: pod.node, to: peer.node, own: pod.address, seen, reachable: seen !== undefined })
          }
          const seen = await dialService(from.target, pod, to.clusterIP)
          services.push({ from: pod.node, to: to.target.context, seen, reachable: seen !== undefined })
        }
      }
    }
    return { pods, services }
  } finally {
    await Promise.all(
      targets.map((target) => kubectl(target, ['delete', 'namespace', namespace, '--ignore-not-found'])),
    )
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { pods, services } = await proveFlat(process.env.KUBECONFIG, process.argv.slice(2))
  console.log(JSON.stringify({ pods, services }, null, 2))
  const own = pods.filter(({ own, seen }) => own === seen).length
  const answered = services.filter(({ reachable }) => reachable).length
  console.error(
    `agnhost: ${own}/${pods.length} pod pairs with the pod's own address, ${answered}/${services.length} services`,
  )
  if (pods.length === 0 || own < pods.length || answered < services.length) process.exitCode = 1
}
