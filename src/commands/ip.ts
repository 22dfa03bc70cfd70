import type { HostRoute } from '../plan/host-facts.js'

/** Routes of all tables: VPNs like to use one of their own. */
export const listRoutes = ['ip', '-json', '-4', 'route', 'show', 'table', 'all'] as const

export function parseRoutes(output: string): HostRoute[] {
  const routes = JSON.parse(output === '' ? '[]' : output) as { type?: string; dst: string; dev?: string }[]
  return routes
    .filter(({ type, dst }) => dst !== 'default' && !['local', 'broadcast', 'multicast'].includes(type ?? ''))
    .map(({ dst, dev, type }) => ({
      destination: dst.includes('/') ? dst : `${dst}/32`,
      device: dev ?? type ?? 'unknown',
    }))
}
