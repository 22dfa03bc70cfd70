import { stringify } from 'yaml'
import { CommandError } from '../errors.js'
import type { ClusterPlan } from '../plan/plan.js'

/** Tells kind which Docker network to use (`pkg/cluster/internal/providers/docker/provider.go`). */
export const dockerNetworkVariable = 'KIND_EXPERIMENTAL_DOCKER_NETWORK'

/** Arguments for kind; its config goes to standard input. kind is not told to wait: readiness is ours to judge. */
export function createCluster(cluster: ClusterPlan, kubeconfig: string): { command: string[]; input: string } {
  return {
    command: ['kind', 'create', 'cluster', '--name', cluster.name, '--config', '-', '--kubeconfig', kubeconfig],
    input: stringify(cluster.kindConfig, { aliasDuplicateObjects: false }),
  }
}

/** Prints the kubeconfig of a cluster that exists. */
export function getKubeconfig(cluster: string): string[] {
  return ['kind', 'get', 'kubeconfig', '--name', cluster]
}

export const kindVersion = ['kind', 'version', '--quiet'] as const

/** The reason kind gives first, out of all it prints. */
export function causeOf(error: CommandError): string {
  const line = error.output.split('\n').find((text) => text.startsWith('ERROR: '))
  return line === undefined ? error.outcome : line.replace(/^ERROR: (failed to create cluster: )?/, '')
}
