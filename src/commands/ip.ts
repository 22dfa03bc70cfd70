import type { HostRoute } from '../plan/host-facts.js'

/** Routes of all tables: VPNs like to use one of their own. */
export function listRoutes(version: 4 | 6): string[] {
  return ['ip', '-json', `-${String(version)}`, 'route', 'show', 'table', 'all']
}

/** What a route of the machine itself, or to all on a link, is of: nobody's claim to a subnet. */
const ownTypes = ['local', 'broadcast', 'multicast', 'anycast']
/** Link-local (`fe80::/10`) and multicast (`ff00::/8`) addresses of IPv6, which every link has. */
const linkScope = /^(fe[89ab]|ff)/i

/** The routes that claim a subnet; one that refuses it (`blackhole`, `unreachable`) does too. */
export function parseRoutes(output: string): HostRoute[] {
  const routes = JSON.parse(output === '' ? '[]' : output) as { type?: string; dst: string; dev?: string }[]
  return routes
    .filter(({ type, dst }) => dst !== 'default' && !ownTypes.includes(type ?? '') && !linkScope.test(dst))
    .map(({ dst, dev, type }) => ({
      destination: dst.includes('/') ? dst : `${dst}/${dst.includes(':') ? '128' : '32'}`,
      device: dev ?? type ?? 'unknown',
    }))
}
