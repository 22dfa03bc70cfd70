import { isIP } from 'node:net'
import { canonicalAddress, type Family } from '../model/cidr.js'
import type { Networking, PortMapping } from './v1alpha4.js'

/** A port that a cluster wants published, with the address on the engine's machine. */
export interface HostPort {
  readonly address: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
}

/** A fixed port with the place that it was given at, such as `config.nodes[0].extraPortMappings[1].hostPort`. */
export interface WantedPort extends HostPort {
  readonly place: string
}

/** The fixed ports that the nodes of a config publish, and its API server; 0 and -1 stand for any that is free. */
export function fixedPorts(
  nodes: readonly { readonly extraPortMappings?: readonly PortMapping[] }[],
  { apiServerAddress, apiServerPort }: Networking,
  families: readonly Family[],
  places: { readonly nodes: string; readonly networking: string },
): WantedPort[] {
  const isIpv6Only = !families.includes('ipv4')
  const apiServer = {
    address: apiServerAddress ?? (isIpv6Only ? '::1' : '127.0.0.1'),
    port: apiServerPort ?? 0,
    protocol: 'TCP' as const,
    place: `${places.networking}.apiServerPort`,
  }
  const mappings = nodes.flatMap(({ extraPortMappings = [] }, node) =>
    extraPortMappings.map(({ listenAddress, hostPort = 0, protocol = 'TCP' }, index) => ({
      address: listenAddress ?? (isIpv6Only ? '::' : '0.0.0.0'),
      port: hostPort,
      protocol,
      place: `${places.nodes}[${String(node)}].extraPortMappings[${String(index)}].hostPort`,
    })),
  )
  return [apiServer, ...mappings].filter(({ port }) => port > 0)
}

/** Whether both cannot be published: as kind, which takes 0.0.0.0 and :: for the same (kind, `config/validate.go`). */
export function portsMeet(one: HostPort, other: HostPort): boolean {
  return (
    one.port === other.port &&
    one.protocol === other.protocol &&
    addressesMeet(canonicalAddress(one.address), canonicalAddress(other.address))
  )
}

/** The same of one port at two addresses, both in canonical form. */
export function addressesMeet(one: string, other: string): boolean {
  return one === other || isWildcard(one) || isWildcard(other)
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** `0.0.0.0:80/tcp`, `[::1]:53/udp` */
export function describePort({ address, port, protocol }: HostPort): string {
  const host = isIP(address) === 6 ? `[${address}]` : address
  return `${host}:${String(port)}/${protocol.toLowerCase()}`
}
