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
import { corefileWith, type Names } from '../plan/corefile.js'
import type { World } from '../ports.js'
import { untilAccepted } from './until-accepted.js'

/**
 * Teaches a cluster's CoreDNS names, and has its pods replaced by ones that know them. Nothing is done when it knows
 * exactly these already.
 * @returns whether anything was changed
 */
export async function teachNames({ runner, clock }: World, kubeconfig: string, names: Names): Promise<boolean> {
  const target = { kubeconfig }
  const ask = (command: readonly string[]) => untilAccepted(clock, () => runner.run(command))
  const { corefile, digest } = parseCoreDns(await ask(getCoreDns(target)))
  const wanted = corefileWith(corefile, names)
  // without a digest the pods have started with what kubeadm wrote
  if (wanted === corefile && (digest === undefined || digest === digestOf(wanted))) return false
  await ask(setCorefile(target, wanted))
  await ask(startWithCorefile(target, wanted))
  return true
}

/** Whether the pods of an IPv6-only cluster can reach a nameserver of their node. */
export async function hasReachableUpstream({ runner }: World, node: string): Promise<boolean> {
  return parseNameservers(await runner.run(readResolvConf(node))).some(isRoutableIPv6)
}
