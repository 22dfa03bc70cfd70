/**
 * Files that name the nameservers of a machine. Docker reads the second one where the first names systemd's stub alone
 * (moby, `daemon/libnetwork/internal/resolvconf`).
 */
export const resolverFiles = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'] as const

/** The addresses in such a file (`resolv.conf(5)`), without the zone of link-local ones. */
export function parseNameservers(text: string): string[] {
  return [...text.matchAll(/^nameserver[ \t]+([^\s%]+)/gm)].map(([, address = '']) => address)
}
