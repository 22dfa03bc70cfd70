// kind: makes a cluster's containers, starts Kubernetes in them with docker exec, and writes the kubeconfig. When that
// fails it removes its containers, as kind does; when it is killed they stay.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { answer, refusal } from './model.js'

const text = { type: 'string' }

export async function kind({ argv, stdin, model }) {
  if (argv.join(' ') === 'version --quiet') return answer('0.33.0\n')
  if (argv.slice(0, 2).join(' ') === 'get kubeconfig') return getKubeconfig(model, argv)
  if (argv.slice(0, 2).join(' ') !== 'create cluster') return refusal(`ERROR: unknown command ${argv.join(' ')}`)
  const options = { name: text, config: text, kubeconfig: text }
  const { name, kubeconfig } = parseArgs({ args: argv.slice(2), options }).values
  const { parse, stringify } = await import('yaml')
  const { nodes, networking } = parse(stdin)
  const failed = (why) => refusal(`ERROR: failed to create cluster: ${why}`)

  if (process.env.KIND_EXPERIMENTAL_PROVIDER !== 'docker') return failed('the provider is not docker')
  const network = model.find('networks', process.env.KIND_EXPERIMENTAL_DOCKER_NETWORK ?? 'kind')
  if (network === undefined) return failed('the Docker network does not exist')
  // what is not there kind would pull, once for each cluster
  const lacking = nodes.find(({ image }) => model.find('images', encodeURIComponent(image)) === undefined)
  if (lacking !== undefined) return failed(`failed to pull image "${lacking.image}"`)
  const files = { '/kind/kubeadm.conf': stringify({ kind: 'ClusterConfiguration', networking }) }
  const made = containersOf(name, nodes, networking.podSubnet.split(',')).map((container) => ({
    id: model.newId(container.name),
    addresses: { [network.name]: addressesOn(model, network) },
    files,
    serviceSubnets: networking.serviceSubnet.split(','),
    ...container,
  }))
  for (const container of made) {
    if (!model.add('containers', container)) {
      return failed(`node(s) already exist for a cluster with the name "${name}"`)
    }
  }
  process.stderr.write(`Creating cluster "${name}" ...\n • Preparing nodes  ...\n ✓ Preparing nodes\n`)

  const command = ['exec', '--privileged', `${name}-control-plane`, 'kubeadm', 'init', '--skip-token-print']
  // docker holds this program's standard output, so whoever reads that sees the end of both
  const init = spawnSync('docker', command, { encoding: 'utf8', stdio: ['ignore', 'inherit', 'pipe'] })
  if (init.status !== 0) {
    for (const container of made) model.remove('containers', container.name)
    return failed(
      `failed to init node with kubeadm: command "docker ${command.join(' ')}" failed with error: exit status ${String(init.status)}\n` +
        `Command Output: ${init.stderr}`,
    )
  }
  writeFileSync(kubeconfig, await kubeconfigOf(name), { mode: 0o600 })
  return {
    ...answer(),
    stderr: ` • Starting control-plane  ...\n ✓ Starting control-plane\nSet kubectl context to "kind-${name}"\n`,
  }
}

async function getKubeconfig(model, argv) {
  const { name } = parseArgs({ args: argv.slice(2), options: { name: text } }).values
  return model.find('containers', `${name}-control-plane`) === undefined
    ? refusal(`ERROR: could not locate any control plane nodes for cluster named '${name}'`)
    : answer(await kubeconfigOf(name))
}

async function kubeconfigOf(name) {
  const { stringify } = await import('yaml')
  const context = `kind-${name}`
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    preferences: {},
    clusters: [{ name: context, cluster: { server: 'https://127.0.0.1:6443' } }],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    users: [{ name: context, user: { 'client-key-data': 'c2VjcmV0' } }],
  })
}

/** kind's containers in its order and with its labels; each node has a part of each pod subnet. */
function containersOf(cluster, nodes, podSubnets) {
  const counts = {}
  const containers = nodes.map(({ role, extraMounts = [] }, index) => {
    counts[role] = (counts[role] ?? 0) + 1
    const suffix = counts[role] > 1 ? String(counts[role]) : ''
    return {
      name: `${cluster}-${role}${suffix}`,
      labels: labelsOf(cluster, role),
      mounts: ['/var', ...extraMounts.map(({ containerPath }) => containerPath)],
      podCIDRs: podSubnets.map((subnet) => nthPart(subnet, index)),
    }
  })
  const balancer = 'external-load-balancer'
  return counts['control-plane'] > 1
    ? [...containers, { name: `${cluster}-${balancer}`, labels: labelsOf(cluster, balancer), mounts: [] }]
    : containers
}

const labelsOf = (cluster, role) => ({ 'io.x-k8s.kind.cluster': cluster, 'io.x-k8s.kind.role': role })

/** A /24 or a /64: its third octet, or its fourth group, counts the nodes. */
function nthPart(subnet, index) {
  const [base] = subnet.split('/')
  if (!base.includes(':')) {
    const [a, b, c] = base.split('.')
    return `${a}.${b}.${String(Number(c) + index)}.0/24`
  }
  const [a, b, c, d = '0'] = base.split('::')[0].split(':')
  const part = (parseInt(d, 16) + index).toString(16)
  return `${[a, b, c, ...(part === '0' ? [] : [part])].join(':')}::/64`
}

/** One address in each subnet of the network, IPv4 first. */
function addressesOn(model, { name, subnets }) {
  const number = model.claim(`addresses-${name}`, 2)
  return [...subnets]
    .sort((a, b) => a.includes(':') - b.includes(':'))
    .map((subnet) =>
      subnet.includes(':')
        ? subnet.replace(/::\/.*/, `::${number.toString(16)}`)
        : `${subnet.split('.').slice(0, 2).join('.')}.0.${String(number)}`,
    )
}
