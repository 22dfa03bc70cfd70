import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { stat } from 'node:fs/promises'
import { createServer, isIPv6 } from 'node:net'
import { networkInterfaces, userInfo } from 'node:os'
import type { HostPort } from '../kind-config/host-ports.js'
import type { Machine } from '../ports.js'

export const machine: Machine = {
  addresses: () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  resolve: (name) =>
    lookup(name, { verbatim: false }).then(
      ({ address }) => address,
      () => undefined,
    ),
  user() {
    const uid = process.getuid?.() ?? 0
    try {
      return { name: userInfo().username, uid }
    } catch {
      // a container's user often has no name
      return { name: String(uid), uid }
    }
  },
  groupOf: (path) =>
    stat(path).then(
      ({ gid }) => gid,
      () => undefined,
    ),
  async usesPort(port) {
    try {
      await listenFor(port)
      return false
    } catch (error) {
      // what else keeps this process from listening need not keep the engine from it
      return (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    }
  },
}

/** Listens for a moment. Node cannot do it for SCTP. */
function listenFor({ address, port, protocol }: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    if (protocol === 'TCP') {
      const server = createServer().once('error', reject)
      server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve()))
    } else if (protocol === 'UDP') {
      const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4').once('error', reject)
      socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve()))
    } else {
      resolve()
    }
  })
}
