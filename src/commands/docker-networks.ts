import type { DockerNetwork } from '../plan/host-facts.js'
import { isRunId } from '../plan/run-record.js'
import { labelField, parseRows, rows, runLabel } from './docker.js'

/** Arguments for docker's network commands, and readers of what they print. */

export function listNetworks(filter: { readonly name?: string; readonly run?: string } = {}): string[] {
  return [
    'docker',
    'network',
    'ls',
    '--no-trunc',
    '--format',
    '{{.ID}}',
    // the engine takes it for a regular expression
    ...(filter.name === undefined ? [] : ['--filter', `name=^${filter.name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`]),
    ...(filter.run === undefined ? [] : ['--filter', `label=${runLabel}=${filter.run}`]),
  ]
}

/** The run of every network that a run made. */
export const listNetworkRuns = [
  'docker',
  'network',
  'ls',
  '--filter',
  `label=${runLabel}`,
  '--format',
  rows(labelField(runLabel)),
] as const

export function parseNetworkRuns(output: string): string[] {
  return parseRows(output).flat().filter(isRunId)
}

export function inspectNetworks(ids: readonly string[]): string[] {
  return ['docker', 'network', 'inspect', ...ids]
}

/** A network, with the running containers that are attached to it. */
export interface InspectedNetwork extends DockerNetwork {
  /** The run that created it. */
  readonly run?: string
  readonly attached: readonly { readonly id: string; readonly name: string }[]
}

export function parseNetworks(output: string): InspectedNetwork[] {
  const networks = JSON.parse(output) as {
    Id: string
    Name: string
    IPAM?: {
      Config?:
        | {
            Subnet?: string
            IPRange?: string
            Gateway?: string
            AuxiliaryAddresses?: Record<string, string> | null
          }[]
        | null
    }
    Labels?: Record<string, string> | null
    Containers?: Record<string, { Name?: string; IPv4Address?: string; IPv6Address?: string }> | null
  }[]
  return networks.map(({ Id, Name, IPAM, Labels, Containers }) => {
    const pools = IPAM?.Config ?? []
    const attached = Object.entries(Containers ?? {})
    const run = Labels?.[runLabel] ?? ''
    const used = [
      ...pools.flatMap(({ Gateway, AuxiliaryAddresses }) => [Gateway, ...Object.values(AuxiliaryAddresses ?? {})]),
      ...attached.flatMap(([, { IPv4Address, IPv6Address }]) => [IPv4Address, IPv6Address]),
    ]
    return {
      id: Id,
      name: Name,
      subnets: pools.flatMap(({ Subnet }) => Subnet || []),
      ranges: pools.flatMap(({ IPRange }) => IPRange || []),
      // with the length of a prefix, or without
      used: used.flatMap((address) => address?.replace(/\/.*$/, '') || []),
      ...(isRunId(run) && { run }),
      attached: attached.map(([id, { Name: name = id }]) => ({ id, name })),
    }
  })
}

/** MTU of Docker's default network, which kind gives its own network too. */
export const defaultNetworkMtu = [
  'docker',
  'network',
  'inspect',
  'bridge',
  '--format',
  '{{index .Options "com.docker.network.driver.mtu"}}',
] as const

/** The network as kind itself makes it (`pkg/cluster/internal/providers/docker/network.go`), with a label of ours. */
export function createNetwork(
  name: string,
  run: string,
  options: { readonly mtu?: number; readonly ipv6Subnet?: string },
): string[] {
  return [
    'docker',
    'network',
    'create',
    '--driver=bridge',
    '--opt=com.docker.network.bridge.enable_ip_masquerade=true',
    ...(options.mtu === undefined ? [] : [`--opt=com.docker.network.driver.mtu=${String(options.mtu)}`]),
    ...(options.ipv6Subnet === undefined ? [] : ['--ipv6', `--subnet=${options.ipv6Subnet}`]),
    `--label=${runLabel}=${run}`,
    name,
  ]
}

export function removeNetwork(id: string): string[] {
  return ['docker', 'network', 'rm', id]
}

export function connectNetwork(network: string, container: string): string[] {
  return ['docker', 'network', 'connect', network, container]
}

/** By force, which takes a stopped container off too. */
export function disconnectNetwork(network: string, container: string): string[] {
  return ['docker', 'network', 'disconnect', '--force', network, container]
}
