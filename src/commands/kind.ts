import { stringify, type ScalarTag } from 'yaml'
import { CommandError } from '../errors.js'
import { controlCharacterIn, quoted } from '../kind-config/control-characters.js'
import type { ClusterPlan } from '../plan/plan.js'

/** Tells kind which Docker network to use (`pkg/cluster/internal/providers/docker/provider.go`). */
export const dockerNetworkVariable = 'KIND_EXPERIMENTAL_DOCKER_NETWORK'

/** A text with characters that kind takes as escapes only. */
const escaped: ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  identify: (value) => typeof value === 'string' && controlCharacterIn(value) !== undefined,
  resolve: (text) => text,
  stringify: ({ value }) => quoted(value as string),
}

/** Arguments for kind; its config goes to standard input. kind is not told to wait: readiness is ours to judge. */
export function createCluster(cluster: ClusterPlan, kubeconfig: string): { command: string[]; input: string } {
  return {
    command: ['kind', 'create', 'cluster', '--name', cluster.name, '--config', '-', '--kubeconfig', kubeconfig],
    input: stringify(cluster.kindConfig, { aliasDuplicateObjects: false, customTags: (tags) => [escaped, ...tags] }),
  }
}

/** Prints the kubeconfig of a cluster that exists. */
export function getKubeconfig(cluster: string): string[] {
  return ['kind', 'get', 'kubeconfig', '--name', cluster]
}

export const kindVersion = ['kind', 'version', '--quiet'] as const

/**
 * What went wrong, out of all that kind prints. Where a command of kind's has failed, that is in the command's output: a
 * line of docker, or the phase that kubeadm did not get through.
 */
export function causeOf(error: CommandError): string {
  const lines = error.output.split('\n')
  const index = lines.findIndex((line) => line.startsWith('ERROR: '))
  if (index < 0) return error.outcome
  const said = (lines[index] ?? '').replace(/^ERROR: (failed to create cluster: )?/, '')
  const command = /^(?:(.*?): )?command "/.exec(said)
  if (command === null) return said
  const [, context] = command
  const reason = reasonIn(lines.slice(index + 1))
  return reason === undefined ? said : [context, reason].filter(Boolean).join(': ')
}

function reasonIn(lines: readonly string[]): string | undefined {
  const output = lines.map((line) => line.replace(/^Command Output: /, ''))
  const matching = (pattern: RegExp) => output.find((line) => pattern.test(line))
  return (
    matching(/^docker: /) ??
    matching(/^error execution phase /) ??
    matching(/^error: /i) ??
    // neither a line of klog nor a step of kubeadm's
    matching(/^(?![IWEF]\d{4} |\[|\s|$)/)
  )
}
