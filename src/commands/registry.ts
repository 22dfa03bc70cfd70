import { execScript, runLabel } from './docker.js'
import { kubectl, type KubectlTarget } from './kubectl.js'

/** Arguments for a run's own registry of images, and readers of what they print. */

/** Port that the registry listens on in its container; the engine chooses the one on the host. */
const port = 5000

/** The registry's container, and so its name for the nodes. */
export function registryContainer(run: string): string {
  return `kind-flat-network-${run}-registry`
}

/** Pulls the image when the engine does not have it. */
export function startRegistry(run: string, dockerNetwork: string, image: string): string[] {
  return [
    'docker',
    'run',
    '--detach',
    `--name=${registryContainer(run)}`,
    `--label=${runLabel}=${run}`,
    `--network=${dockerNetwork}`,
    `--publish=127.0.0.1::${String(port)}`,
    `--env=REGISTRY_HTTP_ADDR=:${String(port)}`,
    image,
  ]
}

export function publishedPort(run: string): string[] {
  return ['docker', 'container', 'port', registryContainer(run), `${String(port)}/tcp`]
}

/** @returns the registry's address for the host, which is its name for everybody: `localhost:32768` */
export function parsePublishedPort(output: string): string {
  const found = /:(\d+)\s*$/m.exec(output)?.[1]
  if (found === undefined) throw new Error('the port of the registry is not published; does its container still run?')
  return `localhost:${found}`
}

/**
 * Teaches containerd the registry, and asks it once (kind, "Local Registry"; containerd, `docs/hosts.md`: read at every
 * pull, no restart). By its address, since kind keeps only addresses of the Docker network from a proxy that nodes have.
 * The file is whole at each moment, since containerd may read it, and others may write it.
 */
const teachScript = `
set -euo pipefail
directory=/etc/containerd/certs.d/$1
read -r address _ < <(getent ahostsv4 "$2") || { echo "no address is known for $2" >&2; exit 1; }
mkdir -p "$directory"
printf '[host."http://%s:%s"]\\n' "$address" "$3" >"$directory/hosts.toml.$$"
mv "$directory/hosts.toml.$$" "$directory/hosts.toml"
while ! answer=$(curl --silent --show-error --fail --noproxy '*' --max-time 2 --output /dev/null "http://$address:$3/v2/" 2>&1); do
  if ((SECONDS >= $4)); then
    echo "$answer" >&2
    exit 1
  fi
  sleep 0.5
done
`

/**
 * @param registry its name for everybody
 * @param seconds longest time until it answers
 */
export function teachNodeRegistry(node: string, run: string, registry: string, seconds: number): string[] {
  return execScript(node, teachScript, [registry, registryContainer(run), String(port), String(Math.ceil(seconds))])
}

export function forgetNodeRegistry(node: string, registry: string): string[] {
  return ['docker', 'exec', node, 'rm', '-rf', `/etc/containerd/certs.d/${registry}`]
}

const namespace = 'kube-public'

/** The ConfigMap by which a cluster tells of its registry (KEP-1755), with the run that it belongs to. */
export function registryHosting(run: string, registry: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'local-registry-hosting', namespace, labels: { [runLabel]: run } },
    data: { 'localRegistryHosting.v1': `host: "${registry}"\n` },
  })
}

/** Only this run's: a later one may have put its own in its place. */
export function deleteRegistryHosting(target: KubectlTarget, run: string): string[] {
  return kubectl(target, `--namespace=${namespace}`, 'delete', 'configmap', `--selector=${runLabel}=${run}`)
}
