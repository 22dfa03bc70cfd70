import { InputError, messageOf } from '../errors.js'
import { mergeKubeconfigs } from '../plan/kubeconfig.js'
import { clusterKubeconfig, isKubeconfigOfUser, kubeconfigMark, type RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'

type FilesWorld = Pick<World, 'files'>

/**
 * Creates the merged kubeconfig where the user named its place, so that nobody else's file is ever written or removed
 * there, and a missing permission shows before a cluster is created. A file that is the run's already stays as it is.
 * @returns the record, which now knows which file it is
 * @throws {InputError} when there is another file, or none can be created
 */
export async function claimKubeconfig({ files }: FilesWorld, record: RunRecord): Promise<RunRecord> {
  const { kubeconfig } = record
  if (!isKubeconfigOfUser(record) || (await isOurs(files, record))) return record
  try {
    await files.createPrivate(kubeconfig, firstLine(record))
  } catch (error) {
    const exists = (error as { code?: unknown }).code === 'EEXIST'
    const message = exists
      ? 'exists already and is left alone; name a file that does not, or remove it'
      : `cannot be created (${messageOf(error)}); name a file in a directory that you can write to`
    throw new InputError([{ input: 'kubeconfig', value: kubeconfig, message }])
  }
  const identity = await files.identityOf(kubeconfig)
  return { ...record, ...(identity !== undefined && { kubeconfigFile: identity }) }
}

/**
 * Merges the clusters' kubeconfigs into one (0600), with a context each; the first cluster's is the current one.
 * @throws when somebody has put another file in its place
 */
export async function writeKubeconfig({ files }: FilesWorld, record: RunRecord): Promise<void> {
  const { clusters, kubeconfig } = record
  const texts = await Promise.all(clusters.map(({ name }) => files.read(clusterKubeconfig(record, name))))
  const merged = firstLine(record) + mergeKubeconfigs(texts, clusters[0]?.context)
  if (!isKubeconfigOfUser(record)) {
    await files.writePrivate(kubeconfig, merged)
    return
  }
  if (!(await isOurs(files, record))) {
    throw new Error(`${kubeconfig} is no longer the file that this run created, so it was not written`)
  }
  // a file that is right is never empty for a moment
  if ((await files.read(kubeconfig)) !== merged) await files.overwrite(kubeconfig, merged)
}

/** Removes the merged kubeconfig, unless somebody has put another file in its place. */
export async function removeKubeconfig(
  { files, log }: Pick<World, 'files' | 'log'>,
  record: Pick<RunRecord, 'run' | 'kubeconfig' | 'kubeconfigFile'>,
): Promise<void> {
  const { kubeconfig } = record
  if (await isOurs(files, record)) await files.removeFile(kubeconfig)
  else if (await files.exists(kubeconfig)) log.info(`${kubeconfig} stays: this run did not create it`)
}

/** By the file itself, which kubectl changes in place, or by its first line, which an editor keeps. */
async function isOurs(
  files: World['files'],
  record: Pick<RunRecord, 'run' | 'kubeconfig' | 'kubeconfigFile'>,
): Promise<boolean> {
  const { kubeconfig, kubeconfigFile } = record
  if (kubeconfigFile !== undefined && (await files.identityOf(kubeconfig)) === kubeconfigFile) return true
  const text = await files.read(kubeconfig).catch(() => '')
  return text.startsWith(firstLine(record))
}

function firstLine({ run }: Pick<RunRecord, 'run'>): string {
  return `${kubeconfigMark(run)}; removed with it.\n`
}
