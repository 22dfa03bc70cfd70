import { describe, expect, test } from '@jest/globals'
import { corefileWith, type Names } from '../../../src/plan/corefile.js'

/** What kubeadm v1.34 writes (`cmd/kubeadm/app/phases/addons/dns/manifests.go`). */
const kubeadms = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`

const nothing: Names = { peers: [], upstream: true }
const joined: Names = {
  domain: 'east.local',
  peers: [
    { domain: 'west.local', servers: ['10.193.0.10', 'fd00:10:193::a'] },
    { domain: 'north.local', servers: ['10.194.0.10'] },
  ],
  upstream: true,
}
const cutOff: Names = { peers: [], upstream: false }

/** The lines that are not the same in both. */
const difference = (one: string, other: string) => {
  const lines = one.split('\n')
  return other.split('\n').filter((line) => !lines.includes(line))
}

test('a cluster answers for its domain too, and asks its peers for theirs', () => {
  expect(corefileWith(kubeadms, joined)).toBe(`.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
# kind-flat-network:     kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubernetes cluster.local east.local in-addr.arpa ip6.arpa { # kind-flat-network
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
# kind-flat-network:        disable success cluster.local
       disable success cluster.local east.local # kind-flat-network
# kind-flat-network:        disable denial cluster.local
       disable denial cluster.local east.local # kind-flat-network
    }
    loop
    reload
    loadbalance
}
west.local:53 { # kind-flat-network
    errors # kind-flat-network
    forward . 10.193.0.10 fd00:10:193::a { # kind-flat-network
        health_check 0.5s domain west.local # kind-flat-network
    } # kind-flat-network
} # kind-flat-network
north.local:53 { # kind-flat-network
    errors # kind-flat-network
    forward . 10.194.0.10 { # kind-flat-network
        health_check 0.5s domain north.local # kind-flat-network
    } # kind-flat-network
} # kind-flat-network
`)
})

test('without an upstream, every name that is not of a cluster is denied where it would be forwarded', () => {
  expect(difference(kubeadms, corefileWith(kubeadms, cutOff))).toEqual([
    '# kind-flat-network:     forward . /etc/resolv.conf {',
    '    forward . 127.0.0.1:5399 { # kind-flat-network',
    '.:5399 { # kind-flat-network',
    '    bind 127.0.0.1 # kind-flat-network',
    '    template ANY ANY { # kind-flat-network',
    '        rcode NXDOMAIN # kind-flat-network',
    '    } # kind-flat-network',
    '} # kind-flat-network',
  ])
})

describe('what was added before', () => {
  test('is left as it is by the same names', () => {
    const all = { ...joined, upstream: false }
    expect(corefileWith(corefileWith(kubeadms, all), all)).toBe(corefileWith(kubeadms, all))
  })

  test.each<[string, Names]>([
    ['nothing', nothing],
    ['another domain and fewer peers', { ...joined, domain: 'south.local', peers: joined.peers.slice(1) }],
    ['no upstream', cutOff],
  ])('leaves nothing behind for %s', (_, names) => {
    expect(corefileWith(corefileWith(kubeadms, { ...joined, upstream: false }), names)).toBe(
      corefileWith(kubeadms, names),
    )
  })
})

describe("a user's own Corefile", () => {
  const users = `# by hand
example.org {
    forward . /etc/resolv.conf 10.1.1.1 # both
}
.:53 {
    hosts {
       10.0.0.1 cluster.local.example
       fallthrough
    }
    kubernetes 10.96.0.0/12 in-addr.arpa k8s.test cluster.local { # as ever
       fallthrough
    }
    cache 30 example.com {
       disable success sub.k8s.test k8s.test
       disable denial
    }
}
import custom/*.server`

  test.each([nothing, joined, { ...joined, upstream: false }])('comes back as it was after %j', (names) => {
    expect(corefileWith(corefileWith(users, names), nothing)).toBe(users)
  })

  test('gets the domain next to its own first zone, wherever that is listed', () => {
    expect(difference(users, corefileWith(users, { ...nothing, domain: 'east.local' }))).toEqual([
      '# kind-flat-network:     kubernetes 10.96.0.0/12 in-addr.arpa k8s.test cluster.local { # as ever',
      '    kubernetes 10.96.0.0/12 in-addr.arpa k8s.test east.local cluster.local { # as ever # kind-flat-network',
      '# kind-flat-network:        disable success sub.k8s.test k8s.test',
      '       disable success sub.k8s.test k8s.test east.local # kind-flat-network',
    ])
  })

  test('keeps a nameserver that it has besides those of the node', () => {
    expect(corefileWith(users, cutOff)).toContain('\n    forward . /etc/resolv.conf 10.1.1.1 # both\n')
  })

  test('keeps what was added to it after its names were taught', () => {
    const added = corefileWith(kubeadms, joined).replace('    loop\n', '    loop\n    log\n')
    expect(difference(kubeadms, corefileWith(added, nothing))).toEqual(['    log'])
  })
})

test('a domain that the cluster has already is not added', () => {
  expect(corefileWith(kubeadms, { ...nothing, domain: 'cluster.local' })).toBe(kubeadms)
})

test('a peer with which there is no common address family is left out', () => {
  expect(corefileWith(kubeadms, { ...nothing, peers: [{ domain: 'west.local', servers: [] }] })).toBe(kubeadms)
})

test.each([
  ['no plugin kubernetes', '.:53 {\n    # kubernetes cluster.local\n    whoami\n}\n'],
  ['no zone for it', '.:53 {\n    kubernetes { # cluster.local\n    }\n}\n'],
  ['only zones for addresses', '.:53 {\n    kubernetes in-addr.arpa ip6.arpa\n}\n'],
])('a Corefile with %s cannot be given a domain', (_, corefile) => {
  expect(() => corefileWith(corefile, joined)).toThrow(
    'the Corefile has no plugin kubernetes with a zone, so CoreDNS cannot answer for east.local',
  )
})
