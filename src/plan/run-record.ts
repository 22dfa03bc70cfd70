import * as z from 'zod'
import { jsonOf } from '../model/json-of.js'
import { imageToSave } from './image-cache.js'
import type { Plan } from './plan.js'
import { plannedTool } from './tools.js'

const runId = z.string().regex(/^[0-9a-f]{8}$/)

/**
 * Changes only when an older release could misread a record. What is added without that older releases pass over, and
 * newer ones must do without it. Release 0.1.0 wrote none.
 */
const version = 1

const schema = z.object({
  version: z.literal(version).default(version),
  run: runId,
  /** Directory of the run's files: kubeconfigs of the clusters, and the merged one unless the user named a place. */
  directory: z.string().min(1),
  /** Path of the merged kubeconfig. */
  kubeconfig: z.string().min(1),
  /** Which file that is, when the user named its place: another one there is not ours. */
  kubeconfigFile: z.string().exactOptional(),
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

/** What a later process must know to remove a run, or to check it again: `run.json` in the run's directory. */
export type RunRecord = Readonly<z.infer<typeof schema>>

/** The record of a run that is about to begin. */
export function recordOf(plan: Plan, directory: string): RunRecord {
  return schema.parse({
    version,
    ...plan,
    directory,
    kubeconfig: plan.kubeconfig ?? ownKubeconfig(directory),
    imagesToSave: [],
    complete: false,
  })
}

/** Name of the record in the run's directory. */
export const recordFile = 'run.json'

/** A record that cannot be read; the message says why. */
export class RecordError extends Error {}

/**
 * Reads what was saved.
 * @throws {RecordError} when the text is not a record of a run that this release can read
 */
export function parseRunRecord(text: string): RunRecord {
  const value = jsonOf(text)
  if (value === undefined) throw new RecordError('it is cut off or damaged: not JSON')
  const found = z.object({ version: z.unknown() }).safeParse(value).data?.version
  if (found !== undefined && found !== version) {
    throw new RecordError(`it has version ${show(found)}, and this release reads version ${String(version)}`)
  }
  const { data, error } = schema.safeParse(value)
  if (data !== undefined) return data
  const places = error.issues.map(({ path }) => path.join('.') || 'the whole record')
  throw new RecordError(`these parts are missing or wrong: ${[...new Set(places)].slice(0, mostPlaces).join(', ')}`)
}

/** Enough to see what is wrong. */
const mostPlaces = 3

function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 20)
}

/** Whether a text can be the id of a run. */
export function isRunId(text: string): boolean {
  return runId.safeParse(text).success
}

/** Whether the user named the place of the merged kubeconfig, so that others may write there. */
export function isKubeconfigOfUser({ directory, kubeconfig }: Pick<RunRecord, 'directory' | 'kubeconfig'>): boolean {
  return kubeconfig !== ownKubeconfig(directory)
}

/** A merged kubeconfig begins with it, as long as nobody has written it anew. */
export function kubeconfigMark(run: string): string {
  return `# Written by kind-flat-network, run ${run}`
}

function ownKubeconfig(directory: string): string {
  return `${directory}/kubeconfig`
}

/** Where the kubeconfig of one cluster is written that has the address of its container. */
export function internalKubeconfig(record: Pick<RunRecord, 'directory'>, cluster: string): string {
  return `${record.directory}/${cluster}.internal.kubeconfig`
}

/** Where the kubeconfig of one cluster is written that works where the run was made. */
export function clusterKubeconfig(record: Pick<RunRecord, 'directory'>, cluster: string): string {
  return `${record.directory}/${cluster}.kubeconfig`
}
