import { findCloudProviderKind, startCloudProviderKind, cloudProviderKind } from '../commands/cloud-provider-kind.js'
import { dockerNetworkVariable } from '../commands/kind.js'
import { applyManifest, getPods, type KubectlTarget } from '../commands/kubectl.js'
import {
  findMetalLb,
  isOtherMetalLb,
  manifestAddress,
  metalLb,
  parsePodTroubles,
  poolManifest,
  waitForController,
  waitForSpeakers,
} from '../commands/metallb.js'
import { CommandError } from '../errors.js'
import type { Cluster } from '../plan/cluster.js'
import type { ManifestRelease } from '../plan/releases.js'
import type { LoadBalancer } from '../plan/request.js'
import { clusterKubeconfig, type RunRecord } from '../plan/run-record.js'
import type { Downloads, World } from '../ports.js'
import { patienceOf, patient } from './patience.js'
import { whenAllEnd } from './when-all-end.js'

/** What gives Services of type LoadBalancer their addresses. */
export interface LoadBalancers {
  /** Begins it in a cluster whose API answers; its nodes need not be ready. */
  begin(live: World, record: RunRecord, cluster: Cluster): Promise<void>
  /** Returns when Services get addresses. */
  untilReady(live: World, record: RunRecord, cluster: Cluster, waitSeconds: number): Promise<void>
}

/**
 * Sees to it that nothing is missing, before a cluster is made.
 * @param source MetalLB's release, and the mirror of its manifest if there is one
 * @throws when the program or the manifest cannot be had
 */
export async function prepareLoadBalancers(
  { runner, downloads }: Pick<World, 'runner'> & { readonly downloads: Pick<Downloads, 'text'> },
  loadBalancer: Exclude<LoadBalancer, 'none'>,
  { release, mirror }: { readonly release: ManifestRelease; readonly mirror?: string | undefined },
): Promise<LoadBalancers> {
  if (loadBalancer === 'metallb') {
    const manifest = await downloads.text(manifestAddress(release, mirror), {
      sha256: release,
      remedy: 'give a download-mirror that has it, or load-balancer: none',
    })
    return {
      begin: (live, record, cluster) => installMetalLb(live, record, cluster, manifest),
      untilReady: giveAddresses,
    }
  }
  await runner.run(findCloudProviderKind).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error
    throw new Error(
      `load-balancer: "${loadBalancer}" needs the program ${cloudProviderKind} on the PATH; install it, or give metallb`,
      { cause: error },
    )
  })
  return { begin: startProvider, untilReady: () => Promise.resolve() }
}

async function startProvider({ runner, log }: World, record: RunRecord, { name }: Cluster): Promise<void> {
  await runner.run(startCloudProviderKind(`${record.directory}/${cloudProviderKind}/${name}`, name), {
    environment: { [dockerNetworkVariable]: record.dockerNetwork },
  })
  log.progress(name, `${cloudProviderKind} runs`)
}

async function installMetalLb(
  world: World,
  record: RunRecord,
  { name, reused }: Cluster,
  manifest: string,
): Promise<void> {
  const target = { kubeconfig: clusterKubeconfig(record, name) }
  const api = patient(world, name, record.waitSeconds)
  if (reused && isOtherMetalLb(await api.run(findMetalLb(target)))) {
    throw new Error(
      `cluster ${name} has a MetalLB that its manifest did not install; give load-balancer: none, or remove that one`,
    )
  }
  await api.run(applyManifest(target), { input: manifest })
}

async function giveAddresses(
  world: World,
  record: RunRecord,
  { name, loadBalancerSubnets }: Cluster,
  waitSeconds: number,
): Promise<void> {
  const { log, clock } = world
  const target = { kubeconfig: clusterKubeconfig(record, name) }
  const started = clock.now()
  await untilMetalLbRuns(world, name, target, waitSeconds)
  try {
    // the webhook that must agree may answer a little later than its controller is ready
    await patient(world, name, waitSeconds - (clock.now() - started)).run(applyManifest(target), {
      input: poolManifest(loadBalancerSubnets),
    })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new Error(`cluster ${name}: MetalLB did not take ${loadBalancerSubnets.join(', ')}: ${error.message}`, {
      cause: error,
    })
  }
  log.progress(name, `MetalLB gives ${loadBalancerSubnets.join(', ')} ${(clock.now() - started).toFixed(1)} s later`)
}

async function untilMetalLbRuns(
  { runner, clock }: World,
  name: string,
  target: KubectlTarget,
  waitSeconds: number,
): Promise<void> {
  const patience = patienceOf(clock, waitSeconds)
  for (;;) {
    const seconds = Math.max(1, patience.left())
    const waits = [waitForController(target, seconds), waitForSpeakers(target, seconds)]
    try {
      await whenAllEnd(waits.map((wait) => runner.run(wait, { timeoutSeconds: seconds + 30 })))
      return
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (patience.isFinal(error) || patience.left() < 1) throw await notReady(runner, name, target, waitSeconds, error)
    }
    await clock.sleep(1)
  }
}

async function notReady(
  runner: World['runner'],
  name: string,
  target: KubectlTarget,
  waitSeconds: number,
  cause: CommandError,
): Promise<Error> {
  const pods = runner.run(getPods(target, metalLb.namespace, metalLb.selector))
  const troubles = await pods.then(parsePodTroubles, () => [])
  const lines = [
    `cluster ${name}: MetalLB was not ready within ${String(waitSeconds)} s (input wait)`,
    ...troubles,
    cause.message,
  ]
  return new Error(lines.join('\n  '), { cause })
}
