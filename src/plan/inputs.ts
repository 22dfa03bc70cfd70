/**
 * How the text of an input is read, in the terms of github-actions-typing; a list's items are strings.
 * @see https://github.com/typesafegithub/github-actions-typing#available-types
 */
export type InputType =
  | { readonly type: 'string' | 'boolean' | 'integer' }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  | { readonly type: 'list'; readonly separator: string }

/**
 * Every input, once: its type, its default and what it means. `action.yml`, `action-types.yml` and the
 * command line's flags say the same; tests compare them.
 */
export const inputs = {
  clusters: {
    type: 'string',
    default: '2',
    description:
      'How many clusters (3 gives cluster1 to cluster3), or a YAML list with name, workers, control-planes, ip-family, network, pod-subnet, service-subnet, node-image, kubernetes-version and config for each, or the path of a YAML file with that list; - is standard input',
  },
  workers: { type: 'integer', default: '0', description: 'Worker nodes of every cluster that does not say otherwise' },
  'control-planes': {
    type: 'integer',
    default: '1',
    description: 'Control-plane nodes of every cluster that does not say otherwise',
  },
  'ip-family': {
    type: 'enum',
    values: ['ipv4', 'ipv6', 'dual'],
    default: 'ipv4',
    description: 'Address family of every cluster that does not say otherwise: ipv4, ipv6 or dual',
  },
  'pod-supernet': {
    type: 'list',
    separator: ',',
    default: '10.128.0.0/10,fd00:10:128::/48',
    description: 'Subnets that pod subnets are allotted from, one for each address family, separated by a comma',
  },
  'service-supernet': {
    type: 'list',
    separator: ',',
    default: '10.192.0.0/10,fd00:10:192::/96',
    description: 'Subnets that service subnets are allotted from, one for each address family, separated by a comma',
  },
  'node-image': {
    type: 'string',
    default: '',
    description: "Node image of every cluster that does not say otherwise; empty: kind's own default",
  },
  'kubernetes-version': {
    type: 'string',
    default: '',
    description:
      'Kubernetes of every cluster that does not say otherwise, such as 1.34 or 1.34.0: the node image of that version that was published for the kind in use, pinned by digest',
  },
  config: {
    type: 'string',
    default: '',
    description:
      "kind config (YAML, the path of a file with it, or - for standard input) merged under each cluster's own config",
  },
  'registry-mirror': {
    type: 'string',
    default: '',
    description: 'Registry that node images of Docker Hub are pulled from instead, such as mirror.example.com/hub',
  },
  cache: {
    type: 'enum',
    values: ['auto', 'true', 'false'],
    default: 'auto',
    description:
      'Keep node images for the next run: true, false, or auto (only where that is expected to be faster than pulling)',
  },
  images: {
    type: 'list',
    separator: '\n',
    default: '',
    description:
      'Images loaded into every node of every cluster, one a line: names of images in the engine, or paths of image archives',
  },
  registry: {
    type: 'boolean',
    default: 'false',
    description: 'Run a registry that the host pushes to and all clusters pull from, at the address of the output',
  },
  'registry-image': { type: 'string', default: 'registry:3', description: 'Image of that registry' },
  'load-balancer': {
    type: 'enum',
    values: ['none', 'metallb', 'cloud-provider-kind'],
    default: 'none',
    description:
      'What gives Services of type LoadBalancer their addresses: metallb, cloud-provider-kind or none. Each cluster has a part of the Docker network for them in any case',
  },
  'kind-version': {
    type: 'string',
    default: '',
    description:
      'kind that is used, such as 0.33.0 or ">=0.30 <0.34": the one on the PATH when it fits, else downloaded. Empty: the one on the PATH, or else the newest known',
  },
  'kubectl-version': {
    type: 'string',
    default: '',
    description:
      'kubectl that is used, such as 1.34.0 or 1.34: the one on the PATH when it fits, else downloaded. Empty: the one on the PATH, or else the newest known',
  },
  'kind-sha256': {
    type: 'string',
    default: '',
    description: 'SHA-256 that a downloaded kind must have; empty: the one known here',
  },
  'kubectl-sha256': {
    type: 'string',
    default: '',
    description: 'SHA-256 that a downloaded kubectl must have; empty: the one known here',
  },
  'download-mirror': {
    type: 'string',
    default: '',
    description:
      'Address of a mirror that tools and manifests are downloaded from, under the paths that they have at GitHub and dl.k8s.io',
  },
  'docker-network': {
    type: 'string',
    default: '',
    description: 'Docker network that the nodes are put on; it is made when missing. Empty: one of the run alone',
  },
  wait: {
    type: 'string',
    default: '5m',
    description: 'Longest time until a created cluster is ready, such as 90s or 5m; at most 24h',
  },
  'route-services': {
    type: 'boolean',
    default: 'true',
    description: "Also route every other cluster's service subnet (ClusterIPs)",
  },
  'preserve-source-ip': {
    type: 'boolean',
    default: 'true',
    description: "Exempt traffic between clusters from masquerade, so that the other side sees the pod's own address",
  },
  'cross-cluster-dns': {
    type: 'boolean',
    default: 'false',
    description:
      "Give each cluster the DNS domain <name>.local, and teach every joined cluster's CoreDNS to resolve it",
  },
  verify: {
    type: 'boolean',
    default: 'true',
    description:
      'Prove every pair of nodes of different clusters from the pod network: joined ones reach each other, others do not. Fail when one is broken',
  },
  reuse: {
    type: 'boolean',
    default: 'false',
    description:
      'Take over clusters of these names that an earlier run left in place: repair what is broken, create what is missing',
  },
  kubeconfig: {
    type: 'string',
    default: '',
    description:
      'Path of the merged kubeconfig to write; it must not exist yet. Empty: a file in the temporary directory of the run',
  },
  cleanup: {
    type: 'boolean',
    default: 'true',
    description: 'Remove everything again: after the job, and when creation fails',
  },
} as const satisfies Record<string, InputType & { default: string; description: string }>

export type InputName = keyof typeof inputs

/** Inputs as the action and the command line hand them over: text, with the defaults filled in. */
export type RawInputs = Readonly<Record<InputName, string>>

/** Inputs as given: what is missing or empty takes its default. */
export type GivenInputs = Partial<Record<InputName, string | undefined>>

export const inputNames = Object.keys(inputs) as InputName[]

/** Inputs with what is missing or empty filled in from the defaults. */
export function withDefaults(given: GivenInputs): RawInputs {
  return Object.fromEntries(
    inputNames.map((name) => [name, trim(given[name] ?? '') || inputs[name].default]),
  ) as RawInputs
}

/** Takes away what surrounds a value; where several lines are left, the indentation of the first belongs to the YAML. */
function trim(text: string): string {
  const lines = text.trimEnd().replace(/^\s*\n/, '')
  return lines.includes('\n') ? lines : lines.trim()
}
