import * as z from 'zod'
import type { Plan } from './plan.js'

/** What a later process must know to take a run down, or to prove it again. */
export interface RunRecord {
  readonly run: string
  /** Directory of the run's files: kubeconfigs of the clusters, and the merged one unless the user named a place. */
  readonly directory: string
  /** Path of the merged kubeconfig. */
  readonly kubeconfig: string
  /** All was made; before that, something may still be on its way. */
  readonly complete: boolean
  readonly plan: Plan
}

const schema = z.object({
  run: z.string().regex(/^[a-z0-9]{4,32}$/),
  directory: z.string().min(1),
  kubeconfig: z.string().min(1),
  complete: z.boolean(),
  plan: z.looseObject({
    cleanup: z.boolean(),
    clusters: z.array(z.looseObject({ name: z.string(), context: z.string() })),
  }),
})

/**
 * Reads what was saved.
 * @throws when the text is not a record of a run
 */
export function parseRunRecord(text: string): RunRecord {
  return schema.parse(JSON.parse(text)) as unknown as RunRecord
}

/** Where the kubeconfig of one cluster is written. */
export function clusterKubeconfig(record: Pick<RunRecord, 'directory'>, cluster: string): string {
  return `${record.directory}/${cluster}.kubeconfig`
}
