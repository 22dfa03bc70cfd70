/** The Corefile of a cluster that knows more names than kubeadm taught it. */

export interface Names {
  /** Domain that this cluster's services have besides cluster.local; none: only what kubeadm gave. */
  readonly domain?: string
  /** The joined clusters' domains and the addresses of their DNS services (of families that both clusters have). */
  readonly peers: readonly { readonly domain: string; readonly servers: readonly string[] }[]
  /** Whether the nameservers of the node can be reached from pods; if not, what is not of a cluster does not exist. */
  readonly upstream: boolean
}

/** A line of ours ends with it; a line that ours stands for is kept behind it. */
const mark = '# kind-flat-network'
const kept = `${mark}: `

/** Where CoreDNS forwards what is not of the cluster, as kubeadm tells it. */
const upstreamFile = '/etc/resolv.conf'

/**
 * A server of our own in the pod of CoreDNS, which denies every name. The same template in the main server would answer
 * before its plugin kubernetes does (CoreDNS, `plugin.cfg`).
 */
const nowhere = { address: '127.0.0.1', port: 5399 }

/**
 * Adds names to a Corefile, or takes them away: what earlier names left in it is undone first.
 * @throws when the cluster shall have a domain and the Corefile has no plugin kubernetes to answer for it
 */
export function corefileWith(corefile: string, names: Names): string {
  const lines = withoutOurs(corefile.split('\n'))
  const change = changeOf(lines, names)
  const changed = lines.flatMap((line) => {
    const now = change(line)
    return now === line ? [line] : [kept + line, `${now} ${mark}`]
  })
  const end = changed.at(-1) === '' ? changed.length - 1 : changed.length
  return changed.toSpliced(end, 0, ...serversFor(names).map((line) => `${line} ${mark}`)).join('\n')
}

/** Whether there is a line of ours in it. */
export function hasOurs(corefile: string): boolean {
  return corefile.split('\n').some(isOurs)
}

function isOurs(line: string): boolean {
  return line.endsWith(` ${mark}`)
}

function withoutOurs(lines: readonly string[]): string[] {
  return lines.filter((line) => !isOurs(line)).map((line) => (line.startsWith(kept) ? line.slice(kept.length) : line))
}

function changeOf(lines: readonly string[], { domain, upstream }: Names): (line: string) => string {
  const zone = domain === undefined ? undefined : clusterZone(lines, domain)
  return (line) => {
    const [plugin = '', ...words] = wordsOf(line)
    // of several servers, CoreDNS itself takes the next one
    const onlyUpstream = words[1] === upstreamFile && (words[2] ?? '{') === '{'
    if (plugin === 'forward' && onlyUpstream && !upstream) {
      return replaceWord(line, upstreamFile, `${nowhere.address}:${String(nowhere.port)}`)
    }
    // kubeadm has nothing of the cluster cached: what has just been made is found at once
    const listsZones = plugin === 'kubernetes' || plugin === 'disable'
    return listsZones && domain !== undefined && zone !== undefined && !words.includes(domain)
      ? replaceWord(line, zone, `${zone} ${domain}`)
      : line
  }
}

/**
 * The zone that the cluster has already. It stays the first one, which reverse look-ups answer with (CoreDNS,
 * `plugin/kubernetes`, primaryZone).
 */
function clusterZone(lines: readonly string[], domain: string): string {
  const words = lines.map(wordsOf).find(([plugin]) => plugin === 'kubernetes') ?? []
  const zone = words.slice(1).find((word) => word !== '{' && !/\.arpa\.?$|\//.test(word))
  if (zone === undefined) {
    throw new Error(`the Corefile has no plugin kubernetes with a zone, so CoreDNS cannot answer for ${domain}`)
  }
  return zone
}

/**
 * Server blocks for the peers, and for what is nowhere. Peers' answers are not cached: neither what has just been made
 * there nor a peer that is not up yet is missed for longer than that. Its health is judged by its own domain; the
 * default, the root, it would have to ask its own upstream for.
 */
function serversFor({ peers, upstream }: Names): string[] {
  return [
    ...peers
      .filter(({ servers }) => servers.length > 0)
      .flatMap(({ domain, servers }) => [
        `${domain}:53 {`,
        '    errors',
        `    forward . ${servers.join(' ')} {`,
        `        health_check 0.5s domain ${domain}`,
        '    }',
        '}',
      ]),
    ...(upstream
      ? []
      : [
          `.:${String(nowhere.port)} {`,
          `    bind ${nowhere.address}`,
          '    template ANY ANY {',
          '        rcode NXDOMAIN',
          '    }',
          '}',
        ]),
  ]
}

function wordsOf(line: string): string[] {
  return line
    .replace(/#.*/, '')
    .split(/\s+/)
    .filter((word) => word !== '')
}

function replaceWord(line: string, word: string, by: string): string {
  return line
    .split(/(\s+)/)
    .map((part) => (part === word ? by : part))
    .join('')
}
