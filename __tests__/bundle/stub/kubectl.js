// kubectl against the clusters of the model: a cluster answers when a control plane's container runs.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { answer, refusal } from './model.js'

export async function kubectl({ argv, stdin, model }) {
  if (argv[0] === 'version') return answer(JSON.stringify({ clientVersion: { gitVersion: 'v1.34.4' } }))
  const [, kubeconfig, ...rest] = argv
  let cluster
  try {
    cluster = /^current-context: kind-(.*)$/m.exec(readFileSync(kubeconfig, 'utf8'))[1]
  } catch {
    return refusal(`error: stat ${kubeconfig}: no such file or directory`)
  }
  const nodes = model.all('containers').filter(({ labels, podCIDRs }) => podCIDRs && inCluster(labels, cluster))
  if (!nodes.some(({ labels, stopped }) => labels['io.x-k8s.kind.role'] === 'control-plane' && !stopped))
    return refusal('The connection to the server 127.0.0.1:6443 was refused')
  const ofProbes = model.all('pods').filter(({ node }) => nodes.some(({ name }) => name === node))
  const pods = ofProbes.filter(selectedBy(rest))
  const command = rest.filter((word) => !word.startsWith('--')).join(' ')
  if (command === 'wait pod' && pods.length === 0) return refusal('error: no matching resources found')
  if (command.startsWith('wait ')) return answer('condition met\n')
  if (command.startsWith('wait deployment/coredns')) return answer('successfully rolled out\n')
  if (command.startsWith('rollout ') || command.startsWith('get customresourcedefinition/')) return answer()
  if (command === 'get nodes,deployments.apps,services,pods') {
    return answer(JSON.stringify({ items: [...objectsOf(nodes), ...servicesOf(ofProbes)] }))
  }
  if (command === 'apply') return apply(model, nodes, stdin)
  if (command === 'get configmap/coredns deployment/coredns') return answer(JSON.stringify(coreDnsOf(model, cluster)))
  if (command.startsWith('patch ')) return patch(model, cluster, rest)
  if (command === 'get pods,services') {
    const service = { kind: 'Service', metadata: {}, spec: { clusterIPs: serviceOf(nodes, 20) } }
    return answer(
      JSON.stringify({
        items: [
          service,
          ...pods.map(({ node, addresses }) => ({
            kind: 'Pod',
            metadata: {},
            spec: { nodeName: node },
            status: { podIPs: addresses.map((ip) => ({ ip })), ...ready(nodes.find(({ name }) => name === node)) },
          })),
        ],
      }),
    )
  }
  if (command === 'delete daemonsets.apps,services') for (const { name } of pods) model.remove('pods', name)
  if (command.startsWith('delete ')) return answer('deleted\n')
  return refusal(`error: the stub does not know ${command}`)
}

/** Whether a pod has all labels that the words of a command select by. */
function selectedBy(words) {
  const selector = words.find((word) => word.startsWith('--selector='))?.slice('--selector='.length)
  const wanted = selector?.split(',').map((pair) => pair.split('=')) ?? []
  return ({ labels }) => wanted.every(([key, value]) => labels[key] === value)
}

const image = 'coredns/coredns:v1.12.1'
const inCluster = (labels, cluster) => labels['io.x-k8s.kind.cluster'] === cluster
const ready = ({ stopped }) => ({
  conditions: [{ type: 'Ready', status: stopped ? 'Unknown' : 'True', lastHeartbeatTime: new Date().toISOString() }],
})

function objectsOf(nodes) {
  return [
    ...nodes.map((node) => ({
      kind: 'Node',
      metadata: { name: node.name },
      spec: { podCIDRs: node.podCIDRs },
      status: ready(node),
    })),
    {
      kind: 'Deployment',
      metadata: { name: 'coredns', generation: 1 },
      spec: { replicas: 2, template: { spec: { containers: [{ image }] } } },
      status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
    },
    { kind: 'Service', metadata: { name: 'kube-dns' }, spec: { clusterIPs: serviceOf(nodes, 10).slice(0, 1) } },
  ]
}

/** A Service for each probe. */
function servicesOf(pods) {
  return [...new Map(pods.map((pod) => [pod.probe, pod])).values()].map(({ probe, labels, createdAt }) => ({
    kind: 'Service',
    metadata: { name: probe, labels, creationTimestamp: createdAt },
    spec: {},
  }))
}

/** An address of a Service in each service subnet of a cluster, whose last number is zero. */
function serviceOf(nodes, number) {
  const { serviceSubnets = [] } = nodes.find((node) => node.serviceSubnets) ?? {}
  return serviceSubnets.map((subnet) => subnet.replace(/([.:])0?\/\d+$/, `$1${String(number)}`))
}

/** A DaemonSet of the cluster's own CoreDNS image gets a pod on every node. */
async function apply(model, nodes, manifest) {
  const { parseAllDocuments } = await import('yaml')
  const daemonSet = parseAllDocuments(manifest)
    .map((document) => document.toJS())
    .find((object) => object.kind === 'DaemonSet')
  if (daemonSet === undefined) return answer('serverside-applied\n')
  const [container] = daemonSet.spec.template.spec.containers
  if (container.image !== image) return refusal(`error: ${container.image} is not on the nodes`)
  // of each part of a node the fifth address, or the next one that no other probe has
  const addressIn = (podCIDR, last) => podCIDR.replace(/\.0\/24$/, `.${String(last)}`).replace(/\/64$/, String(last))
  const { name: probe, labels } = daemonSet.metadata
  for (const { name: node, podCIDRs } of nodes) {
    const createdAt = new Date().toISOString()
    const last = 5 + model.all('pods').filter((pod) => pod.node === node).length
    const addresses = podCIDRs.map((podCIDR) => addressIn(podCIDR, last))
    model.add('pods', { name: `${node}.${probe}`, node, probe, labels, createdAt, addresses })
  }
  return answer('serverside-applied\n')
}

const kubeadmsCorefile = `.:53 {
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       fallthrough in-addr.arpa ip6.arpa
    }
    forward . /etc/resolv.conf
}
`

function coreDnsOf(model, cluster) {
  const { corefile = kubeadmsCorefile, annotations } = model.find('coredns', cluster) ?? {}
  return {
    items: [
      { metadata: { resourceVersion: versionOf(corefile) }, data: { Corefile: corefile } },
      { metadata: {}, spec: { template: { metadata: { annotations } } } },
    ],
  }
}

/** Of the object that holds a Corefile. */
const versionOf = (corefile) => createHash('sha256').update(corefile).digest('hex').slice(0, 8)

/** Merges what is kept of CoreDNS: its Corefile, the annotations of its pods, the addresses of its service. */
function patch(model, cluster, words) {
  const { metadata, data, spec } = JSON.parse(
    words.find((word) => word.startsWith('--patch=')).slice('--patch='.length),
  )
  const before = model.find('coredns', cluster) ?? { name: cluster }
  if (metadata !== undefined && metadata.resourceVersion !== versionOf(before.corefile ?? kubeadmsCorefile)) {
    return refusal('Error from server (Conflict): Operation cannot be fulfilled: the object has been modified')
  }
  model.remove('coredns', cluster)
  model.add('coredns', {
    ...before,
    ...(data && { corefile: data.Corefile }),
    ...(spec?.template && { annotations: spec.template.metadata.annotations }),
    ...(spec?.clusterIPs && { clusterIPs: spec.clusterIPs }),
  })
  return answer('patched\n')
}
