import * as z from 'zod'
import { imageToSave } from './image-cache.js'
import type { Plan } from './plan.js'
import { plannedTool } from './tools.js'

const runId = z.string().regex(/^[0-9a-f]{8}$/)

const schema = z.object({
  run: runId,
  /** Directory of the run's files: kubeconfigs of the clusters, and the merged one unless the user named a place. */
  directory: z.string().min(1),
  /** Path of the merged kubeconfig. */
  kubeconfig: z.string().min(1),
  /** All was made; before that, something may still be on its way. */
  complete: z.boolean(),
  cleanup: z.boolean(),
  /** kind and kubectl, for a process that does not find them on its PATH. */
  tools: z.array(plannedTool),
  dockerNetwork: z.string(),
  waitSeconds: z.number(),
  routeServices: z.boolean(),
  preserveSourceIp: z.boolean(),
  /** Name of the run's registry for everybody: `localhost:32768`. */
  registry: z.string().exactOptional(),
  /** The container that the run was made in, and whether the run has put it on the Docker network. */
  container: z.object({ id: z.string(), name: z.string(), joins: z.boolean() }).exactOptional(),
  /** Images that were pulled and are to be saved when the job is done. */
  imagesToSave: z.array(imageToSave),
  clusters: z.array(
    z.object({
      name: z.string(),
      reused: z.boolean(),
      context: z.string(),
      networks: z.array(z.string()),
      podSubnets: z.array(z.string()),
      serviceSubnets: z.array(z.string()),
      loadBalancerSubnets: z.array(z.string()),
      domain: z.string().exactOptional(),
      nodes: z.array(z.object({ name: z.string(), role: z.enum(['control-plane', 'worker']) })),
    }),
  ),
})

/**
 * What a later process must know to take a run down, or to prove it again. It travels through an environment
 * variable, so it holds no kind configs, which have no bound.
 */
export type RunRecord = Readonly<z.infer<typeof schema>>

/** The record of a run that is about to begin. */
export function recordOf(plan: Plan, directory: string): RunRecord {
  return schema.parse({
    ...plan,
    directory,
    kubeconfig: plan.kubeconfig ?? `${directory}/kubeconfig`,
    imagesToSave: [],
    complete: false,
  })
}

/**
 * Reads what was saved.
 * @throws when the text is not a record of a run
 */
export function parseRunRecord(text: string): RunRecord {
  return schema.parse(JSON.parse(text))
}

/** Whether a text can be the id of a run. */
export function isRunId(text: string): boolean {
  return runId.safeParse(text).success
}

/** Where the kubeconfig of one cluster is written that has the address of its container. */
export function internalKubeconfig(record: Pick<RunRecord, 'directory'>, cluster: string): string {
  return `${record.directory}/${cluster}.internal.kubeconfig`
}

/** Where the kubeconfig of one cluster is written that works where the run was made. */
export function clusterKubeconfig(record: Pick<RunRecord, 'directory'>, cluster: string): string {
  return `${record.directory}/${cluster}.kubeconfig`
}
