import { parse, stringify } from 'yaml'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'

interface Kubeconfig {
  readonly clusters: readonly unknown[]
  readonly contexts: readonly unknown[]
  readonly users: readonly unknown[]
}

/** Merges the clusters' kubeconfigs into one (0600), with a context each; the first cluster's is the current one. */
export async function writeKubeconfig({ files }: World, record: RunRecord): Promise<void> {
  const { clusters } = record
  const parts = await Promise.all(
    clusters.map(async ({ name }) => parse(await files.read(clusterKubeconfig(record, name))) as Kubeconfig),
  )
  const merged = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': clusters[0]?.context,
    preferences: {},
    clusters: parts.flatMap((part) => part.clusters),
    contexts: parts.flatMap((part) => part.contexts),
    users: parts.flatMap((part) => part.users),
  }
  await files.writePrivate(record.kubeconfig, stringify(merged))
}
