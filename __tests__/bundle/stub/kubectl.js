// kubectl against the clusters of the model: a cluster answers when its control plane's container is there.
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
  const nodes = model.all('containers').filter(({ labels, podCIDR }) => podCIDR && inCluster(labels, cluster))
  if (nodes.length === 0) return refusal('The connection to the server 127.0.0.1:6443 was refused')
  const pods = model.all('pods').filter(({ name }) => nodes.some((node) => node.name === name))
  const command = rest.filter((word) => !word.startsWith('--')).join(' ')
  if (command.startsWith('wait ')) return answer('condition met\n')
  if (command === 'rollout status deployment/coredns') return answer('successfully rolled out\n')
  if (command === 'get nodes,deployments.apps') return answer(JSON.stringify({ items: objectsOf(nodes) }))
  if (command === 'get deployment/coredns') return answer(image)
  if (command === 'apply') return apply(model, nodes, stdin)
  if (command === 'rollout status daemonset/kind-flat-network-probe') {
    return pods.length === nodes.length ? answer('successfully rolled out\n') : refusal('Error: daemonsets not found')
  }
  if (command === 'get pods') {
    return answer(
      JSON.stringify({
        items: pods.map(({ name, address }) => ({
          metadata: {},
          spec: { nodeName: name },
          status: { podIP: address },
        })),
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
const condition = (type) => ({ conditions: [{ type, status: 'True' }] })

function objectsOf(nodes) {
  return [
    ...nodes.map(({ name, podCIDR }) => ({
      kind: 'Node',
      metadata: { name },
      spec: { podCIDR },
      status: condition('Ready'),
    })),
    {
      kind: 'Deployment',
      metadata: { name: 'coredns', generation: 1 },
      spec: { replicas: 2 },
      status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
    },
  ]
}

/** A DaemonSet of the cluster's own CoreDNS image gets a pod on every node. */
async function apply(model, nodes, manifest) {
  const { parseAllDocuments } = await import('yaml')
  const daemonSet = parseAllDocuments(manifest)
    .map((document) => document.toJS())
    .find((object) => object.kind === 'DaemonSet')
  const [container] = daemonSet.spec.template.spec.containers
  if (container.image !== image) return refusal(`error: ${container.image} is not on the nodes`)
  for (const { name, podCIDR } of nodes) model.add('pods', { name, address: podCIDR.replace('.0/24', '.5') })
  return answer('serverside-applied\n')
}
