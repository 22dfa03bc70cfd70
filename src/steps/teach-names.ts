import {
  digestOf,
  getCoreDns,
  isRoutableIPv6,
  parseCoreDns,
  parseNameservers,
  readResolvConf,
  setCorefile,
  startWithCorefile,
} from '../commands/core-dns.js'
import { isConflict } from '../commands/refusal.js'
import { CommandError } from '../errors.js'
import { corefileWith, hasOurs, type Names } from '../plan/corefile.js'
import type { World } from '../ports.js'
import { patient } from './patience.js'

/**
 * Teaches a cluster's CoreDNS names, and has its pods replaced by ones that know them. Nothing is done when it knows
 * exactly these already. What others change in the Corefile meanwhile stays.
 * @param seconds longest time that the API server may take to accept it
 * @returns whether anything was changed
 */
export async function teachNames(
  world: Pick<World, 'runner' | 'log' | 'clock'>,
  { name, kubeconfig }: { readonly name: string; readonly kubeconfig: string },
  names: Names,
  seconds: number,
): Promise<boolean> {
  const { clock } = world
  const target = { kubeconfig }
  const api = patient(world, name, seconds)
  const started = clock.now()
  for (;;) {
    const { corefile, resourceVersion, digest } = parseCoreDns(await api.run(getCoreDns(target)))
    const wanted = corefileWith(corefile, names)
    // who wrote our lines may have ended before the pods were told; without any, they have started with what kubeadm wrote
    const isStarted = digest === undefined ? !hasOurs(wanted) : digest === digestOf(wanted)
    if (wanted === corefile && isStarted) return false
    try {
      if (wanted !== corefile) await api.run(setCorefile(target, { corefile: wanted, resourceVersion }))
      await api.run(startWithCorefile(target, wanted))
      return true
    } catch (error) {
      if (!(error instanceof CommandError && isConflict(error)) || clock.now() - started >= seconds) throw error
      await clock.sleep(0.2)
    }
  }
}

/** Whether the pods of an IPv6-only cluster can reach a nameserver of their node. */
export async function hasReachableUpstream({ runner }: World, node: string): Promise<boolean> {
  return parseNameservers(await runner.run(readResolvConf(node))).some(isRoutableIPv6)
}
