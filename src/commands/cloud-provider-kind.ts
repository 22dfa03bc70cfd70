import { runLabel } from './docker.js'

export const cloudProviderKind = 'cloud-provider-kind'

/** Prints the path of the program; fails when there is none. */
export const findCloudProviderKind = ['bash', '-c', 'command -v "$1"', 'bash', cloudProviderKind] as const

/**
 * Starts cloud-provider-kind for one cluster, in the background. Left alone it would serve every kind cluster on the
 * engine, whoever made it, and on its end remove the load balancers of all (kubernetes-sigs/cloud-provider-kind,
 * `pkg/controller/controller.go`, `Run` and `cleanup`). It has no flag for that, but all it asks of the engine goes
 * through the program `docker` (`pkg/container/container.go`, and kind's own `provider.go`): so it gets one that asks for
 * the cluster alone, and that writes the run on the containers.
 * @param directory where that program and the log are put
 */
export function startCloudProviderKind(directory: string, cluster: string): string[] {
  return ['bash', '-c', start, 'bash', directory, cluster, confined, cloudProviderKind]
}

/** `docker` for one cluster: both labels are asked for without a value by whoever wants all clusters. */
const confined = `#!/bin/sh
case $1 in run)
  shift
  set -- run --label "${runLabel}=$KIND_FLAT_NETWORK_RUN" "$@"
esac
for word do
  shift
  case $word in label=io.x-k8s.kind.cluster | label=io.x-k8s.cloud-provider-kind.cluster)
    word=$word=$KIND_FLAT_NETWORK_LOAD_BALANCER
  esac
  set -- "$@" "$word"
done
exec "$KIND_FLAT_NETWORK_DOCKER" "$@"
`

/** A second one for the same cluster would only be in the way of that of an earlier run. */
const start = `set -eu
if grep -qsxzF "KIND_FLAT_NETWORK_LOAD_BALANCER=$2" /proc/[0-9]*/environ; then exit 0; fi
mkdir -p "$1"
printf %s "$3" >"$1/docker"
chmod 700 "$1/docker"
KIND_FLAT_NETWORK_DOCKER=$(command -v docker)
export KIND_FLAT_NETWORK_DOCKER KIND_FLAT_NETWORK_LOAD_BALANCER=$2 PATH="$1:$PATH"
setsid nohup "$4" >"$1/log" 2>&1 </dev/null &
sleep 1
kill -0 $! || { cat "$1/log" >&2; exit 1; }
`
