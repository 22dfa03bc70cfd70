// kubectl against the clusters of the model: a cluster answers when a control plane's container runs.
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
  const pods = model.all('pods').filter(({ name }) => nodes.some((node) => node.name === name))
  const command = rest.filter((word) => !word.startsWith('--')).join(' ')
  if (command === 'wait pod' && pods.length === 0) return refusal('error: no matching resources found')
  if (command.startsWith('wait ')) return answer('condition met\n')
  if (command.startsWith('wait deployment/coredns')) return answer('successfully rolled out\n')
  if (command.startsWith('rollout ') || command.startsWith('get customresourcedefinition/')) return answer()
  if (command === 'get nodes,deployments.apps,services,pods') return answer(JSON.stringify({ items: objectsOf(nodes) }))
  if (command === 'apply') return apply(model, nodes, stdin)
  if (command === 'get configmap/coredns deployment/coredns') return answer(JSON.stringify(coreDnsOf(model, cluster)))
  if (command.startsWith('patch ')) return patch(model, cluster, rest)
  if (command === 'get pods,services') {
    const service = { kind: 'Service', metadata: {}, spec: { clusterIPs: serviceOf(nodes, 20) } }
    return answer(
      JSON.stringify({
        items: [
          service,
          ...pods.map(({ name, addresses }) => ({
            kind: 'Pod',
            metadata: {},
            spec: { nodeName: name },
            status: { podIPs: addresses.map((ip) => ({ ip })), ...ready(nodes.find((node) => node.name === name)) },
          })),
        ],
      }),
    )
  }
  if (command.startsWith('delete ')) {
    for (const { name } of pods) model.remove('pods', name)
    return answer('deleted\n')
  }
  return refusal(`error: the stub does not know ${command}`)
}

const image = 'coredns/coredns:v1.12.1'
const inCluster = (labels, cluster) => labels['io.x-k8s.kind.cluster'] === cluster
const ready = ({ stopped }) => ({ conditions: [{ type: 'Ready', status: stopped ? 'Unknown' : 'True' }] })

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
  // the fifth address of each part of a node
  const addressIn = (podCIDR) => podCIDR.replace(/\.0\/24$/, '.5').replace(/\/64$/, '5')
  for (const { name, podCIDRs } of nodes) model.add('pods', { name, addresses: podCIDRs.map(addressIn) })
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
  return { items: [{ data: { Corefile: corefile } }, { spec: { template: { metadata: { annotations } } } }] }
}

/** Merges what is kept of CoreDNS: its Corefile, the annotations of its pods, the addresses of its service. */
function patch(model, cluster, words) {
  const { data, spec } = JSON.parse(words.find((word) => word.startsWith('--patch=')).slice('--patch='.length))
  const before = model.find('coredns', cluster) ?? { name: cluster }
  model.remove('coredns', cluster)
  model.add('coredns', {
    ...before,
    ...(data && { corefile: data.Corefile }),
    ...(spec?.template && { annotations: spec.template.metadata.annotations }),
    ...(spec?.clusterIPs && { clusterIPs: spec.clusterIPs }),
  })
  return answer('patched\n')
}
