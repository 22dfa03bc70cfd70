import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Node image for the clusters of the tests; kind's own default when it is not set. */
export const nodeImage = process.env['FLAT_NETWORK_NODE_IMAGE'] ?? ''
/** A node image that tests make their own from. */
export const baseImage = nodeImage === '' ? 'kindest/node:v1.34.0' : nodeImage
/** Image of a registry; the testbed has one of its own. */
export const registryImage = nodeImage === '' ? 'registry:3' : 'flat-network/registry'

export function docker(...parameters: string[]): Promise<string> {
  return dockerOf({}, ...parameters)
}

/** @param environment says which engine is meant */
export async function dockerOf(
  environment: Readonly<Record<string, string>>,
  ...parameters: string[]
): Promise<string> {
  const env = { ...process.env, ...environment }
  const { stdout } = await run('docker', parameters, { env, timeout: 120_000, maxBuffer: 20_000_000 })
  return stdout.trim()
}

/**
 * Everything an engine holds that a run could leave or harm, to compare before and after.
 * @param ask runs docker on another engine than the machine's own
 */
export async function engineState(
  ask: typeof docker = docker,
): Promise<Record<'containers' | 'networks' | 'volumes', string[]>> {
  const lines = (output: string) =>
    output
      .split('\n')
      .filter((line) => line !== '')
      .sort()
  const [containers, networks, volumes] = await Promise.all([
    ask('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}'),
    ask('network', 'ls', '--no-trunc', '--format', '{{.ID}} {{.Name}}'),
    ask('volume', 'ls', '--format', '{{.Name}}'),
  ])
  return { containers: lines(containers), networks: lines(networks), volumes: lines(volumes) }
}

/** How many processes carry the variable of that run. */
export async function processesOf(run: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')))
  return environments.filter((environment) => environment.split('\0').includes(`KIND_FLAT_NETWORK_RUN=${run}`)).length
}

/**
 * Puts up what belongs to somebody else: a kind cluster's node, as far as labels tell, on a network of its own.
 * @returns what takes it away again
 */
export async function foreignCluster(name: string): Promise<() => Promise<void>> {
  const remove = async () => {
    await docker('rm', '--force', '--volumes', `${name}-control-plane`).catch(() => '')
    await docker('network', 'rm', name).catch(() => '')
  }
  await remove()
  await docker('network', 'create', name)
  const labels = [`--label=io.x-k8s.kind.cluster=${name}`, '--label=io.x-k8s.kind.role=control-plane']
  const image = nodeImage === '' ? 'registry.k8s.io/pause:3.10' : nodeImage
  const command = nodeImage === '' ? [] : ['infinity']
  const entrypoint = nodeImage === '' ? [] : ['--entrypoint=sleep']
  await docker(
    'run',
    '--detach',
    `--name=${name}-control-plane`,
    `--network=${name}`,
    ...labels,
    ...entrypoint,
    image,
    ...command,
  )
  return remove
}
