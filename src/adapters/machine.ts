import { lookup } from 'node:dns/promises'
import { stat } from 'node:fs/promises'
import { networkInterfaces, userInfo } from 'node:os'
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
}
