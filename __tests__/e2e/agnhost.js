#!/usr/bin/env node
// An independent proof of a flat network, with Kubernetes' own test image: on every node a pod of agnhost, which is
// told through the API server to dial every pod, every service and every name of the other clusters and to say which
// address they saw. Shares no code with the product.
//
//   KUBECONFIG=… agnhost.js CONTEXT[=DOMAIN]…    prints {pods, services, names} as JSON; exit code 1 when one is broken
//
// A cluster with a domain is also dialled by name. What it makes is removed again.
import { execFile } from 'node:child_process'
import { isIPv6 } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL, URLSearchParams } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const image = 'registry.k8s.io/e2e-test-images/agnhost:2.53'
const namespace = 'agnhost-check'
const port = 8080

/** Kubernetes' example of a namespace with a pod on every node. */
const daemonSet = {
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
}

/** Before these pods: a service with an address in every family, and a headless one for each family. */
const service = (name, ports, more) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector: { app: 'agnhost' }, ports: [ports], ...more },
})
const services = (families) => [
  service('agnhost', { port: 80, targetPort: port }, { ipFamilyPolicy: 'PreferDualStack' }),
  ...families.map((family) =>
    service(`headless-${family.toLowerCase()}`, { port }, { clusterIP: 'None', ipFamilies: [family] }),
  ),
]

const familyOf = (address) => (isIPv6(address) ? 'IPv6' : 'IPv4')
const inFamily = (addresses, family) => addresses.find((address) => familyOf(address) === family)

async function kubectl({ kubeconfig, context }, parameters, input) {
  const child = run('kubectl', ['--kubeconfig', kubeconfig, '--context', context, ...parameters], {
    timeout: 180_000,
    maxBuffer: 20_000_000,
  })
  child.child.stdin.end(input ?? '')
  return (await child).stdout
}

async function apply(target, items) {
  await kubectl(target, ['apply', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
}

async function deploy(target) {
  await apply(target, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, daemonSet])
  await kubectl(target, ['--namespace', namespace, 'rollout', 'status', 'daemonset/agnhost', '--timeout=150s'])
  const { items } = JSON.parse(await kubectl(target, ['--namespace', namespace, 'get', 'pods', '--output=json']))
  const pods = items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    node: spec.nodeName,
    addresses: status.podIPs.map(({ ip }) => ip),
  }))
  const families = pods[0].addresses.map(familyOf)
  await apply(target, services(families))
  const made = JSON.parse(await kubectl(target, ['--namespace', namespace, 'get', 'service/agnhost', '--output=json']))
  return { target, families, clusterIPs: made.spec.clusterIPs, pods }
}

/** Lets a pod dial, through its API server; returns the address the other side saw, without its port, or undefined. */
async function dial(target, pod, host, targetPort, attempts = 1) {
  const query = new URLSearchParams({ host, port: targetPort, protocol: 'http', request: 'clientip', tries: 1 })
  const path = `/api/v1/namespaces/${namespace}/pods/${pod.name}:${port}/proxy/dial?${query}`
  for (let attempt = 1; ; attempt++) {
    // agnhost calls the request bad when a name does not resolve
    const answer = await kubectl(target, ['get', '--raw', path]).catch((error) => {
      if (/BadRequest/.test(error.stderr)) return '{}'
      throw error
    })
    const { responses = [] } = JSON.parse(answer)
    const seen = responses[0]?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
    if (seen !== undefined || attempt === attempts) return seen
    await setTimeout(1000)
  }
}

/** kube-proxy, and DNS, may learn of a ready pod some seconds later: until then a service refuses. */
const patiently = 15

async function dialAll(from, clusters, domains) {
  const pods = []
  const services = []
  const names = []
  for (const pod of from.pods) {
    const dialled = { from: pod.node, cluster: from.target.context }
    for (const to of clusters.filter((cluster) => cluster !== from)) {
      const { context } = to.target
      for (const family of from.families.filter((each) => to.families.includes(each))) {
        const own = inFamily(pod.addresses, family)
        const seenBy = async (host, targetPort, attempts) => {
          const seen = await dial(from.target, pod, host, targetPort, attempts)
          return { ...dialled, family, own, seen, reachable: seen !== undefined }
        }
        for (const peer of to.pods) {
          pods.push({ ...(await seenBy(inFamily(peer.addresses, family), port)), to: peer.node, toCluster: context })
        }
        services.push({ ...(await seenBy(inFamily(to.clusterIPs, family), 80, patiently)), to: context })
        if (domains[context] === undefined) continue
        const domain = `${namespace}.svc.${domains[context]}`
        const headless = `headless-${family.toLowerCase()}.${domain}`
        names.push({ ...(await seenBy(headless, port, patiently)), to: headless })
        names.push({ ...(await seenBy(`agnhost.${domain}`, 80, patiently)), to: `agnhost.${domain}` })
      }
    }
  }
  const ownName = `agnhost.${namespace}.svc.cluster.local`
  const seen = await dial(from.target, from.pods[0], ownName, 80, patiently)
  const own = {
    from: from.pods[0].node,
    cluster: from.target.context,
    to: ownName,
    seen,
    reachable: seen !== undefined,
  }
  return { pods, services, names, own, unknown: await lookUpUnknown(from) }
}

/** What a pod is told of a name that nobody has, and after how long. */
async function lookUpUnknown({ target, pods: [pod] }) {
  const started = performance.now()
  const lookUp = ['exec', pod.name, '--', 'nslookup', 'no-such-name.example']
  const answer = await kubectl(target, ['--namespace', namespace, ...lookUp]).catch(
    ({ stdout, stderr }) => stdout + stderr,
  )
  return { cluster: target.context, answer, seconds: (performance.now() - started) / 1000 }
}

/**
 * Every pod dials every pod and every service of the other clusters, in each family that both have, and every name of
 * the clusters that have a domain.
 */
export async function proveFlat(kubeconfig, contexts, domains = {}) {
  const targets = contexts.map((context) => ({ kubeconfig, context }))
  try {
    const clusters = await Promise.all(targets.map(deploy))
    const dialled = await Promise.all(clusters.map((from) => dialAll(from, clusters, domains)))
    return {
      pods: dialled.flatMap(({ pods }) => pods),
      services: dialled.flatMap(({ services }) => services),
      names: dialled.flatMap(({ names }) => names),
      ownNames: dialled.map(({ own }) => own),
      unknownNames: dialled.map(({ unknown }) => unknown),
    }
  } finally {
    await Promise.all(
      targets.map((target) => kubectl(target, ['delete', 'namespace', namespace, '--ignore-not-found'])),
    )
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const clusters = process.argv.slice(2).map((text) => text.split('='))
  const domains = Object.fromEntries(clusters.filter(([, domain]) => domain))
  const proof = await proveFlat(
    process.env.KUBECONFIG,
    clusters.map(([context]) => context),
    domains,
  )
  console.log(JSON.stringify(proof, null, 2))
  const { pods, services, names, ownNames } = proof
  const own = pods.filter(({ own, seen }) => own === seen).length
  const answered = services.filter(({ reachable }) => reachable).length
  const known = names.filter(({ reachable }) => reachable).length
  console.error(
    `agnhost: ${own}/${pods.length} pod pairs with the pod's own address, ${answered}/${services.length} services` +
      (names.length > 0 ? `, ${known}/${names.length} names` : ''),
  )
  if (
    pods.length === 0 ||
    own < pods.length ||
    answered < services.length ||
    known < names.length ||
    !ownNames.every(({ reachable }) => reachable)
  )
    process.exitCode = 1
}
