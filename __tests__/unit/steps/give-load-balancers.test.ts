import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Cluster } from '../../../src/plan/cluster.js'
import type { DownloadOptions } from '../../../src/ports.js'
import { prepareLoadBalancers } from '../../../src/steps/give-load-balancers.js'
import { directory, record } from '../../fakes/build.js'
import { fails, inTurn } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

const release = {
  version: '0.16.2',
  manifest: 'config/manifests/metallb-native.yaml',
  sha256: 'e5f7',
  seenIn: 'somewhere',
}
const of = record({ clusters: '[east, west]' })
const [east, west] = of.clusters.map((cluster, index) => ({
  ...cluster,
  loadBalancerSubnets: [`172.18.${String(254 - index)}.0/24`],
})) as unknown as [Cluster, Cluster]

let world: FakeWorld
let asked: { readonly address: string; readonly options: DownloadOptions | undefined }[]
const downloads = {
  text: (address: string, options?: DownloadOptions) => {
    asked.push({ address, options })
    return Promise.resolve('the manifest')
  },
}
const metallb = (mirror?: string) => prepareLoadBalancers({ ...world, downloads }, 'metallb', { release, mirror })

beforeEach(() => {
  world = fakeWorld()
  asked = []
  world.runner.on(/^kubectl .* (apply|wait|rollout) /, '')
})

describe('metallb', () => {
  test('its manifest is fetched once, verified, and applied to every cluster', async () => {
    const balancers = await metallb('http://127.0.0.1:1/mirror')
    for (const cluster of [east, west]) await balancers.begin(world, of, cluster)
    expect(asked).toEqual([
      {
        address: 'http://127.0.0.1:1/mirror/metallb/metallb/v0.16.2/config/manifests/metallb-native.yaml',
        options: expect.objectContaining({ sha256: release, remedy: expect.stringContaining('download-mirror') }),
      },
    ])
    expect(world.runner.calls.map(({ line, options }) => [line, options.input])).toEqual(
      ['east', 'west'].map((name) => [
        `kubectl --kubeconfig ${directory}/${name}.kubeconfig apply --server-side --force-conflicts --filename=-`,
        'the manifest',
      ]),
    )
  })

  test('an API server that has just come up is asked again', async () => {
    world.runner.on(' apply ', inTurn(fails('connection refused'), fails('connection refused'), ''))
    await (await metallb()).begin(world, of, east)
    expect(world.runner.lines(' apply ')).toHaveLength(3)
  })

  test('a reused cluster with a MetalLB of another make is refused, one of the same manifest is brought up to date', async () => {
    const reused = { ...east, reused: true }
    const balancers = await metallb()
    world.runner.on(
      ' get customresourcedefinition/',
      inTurn('customresourcedefinition.apiextensions.k8s.io/ipaddresspools.metallb.io\n', ''),
    )
    await expect(balancers.begin(world, of, reused)).rejects.toThrow(
      /^cluster east has a MetalLB that its manifest did not/,
    )
    expect(world.runner.lines(' apply ')).toEqual([])
    await balancers.begin(world, of, reused)
    expect(world.runner.lines(' apply ')).toHaveLength(1)
  })

  test('a pool is given when controller and speakers are ready', async () => {
    await (await metallb()).untilReady(world, of, east, 90)
    expect(world.runner.lines().map((line) => line.replace(/^.*kubeconfig /, ''))).toEqual([
      '--namespace=metallb-system wait deployment/controller --for=condition=Available --timeout=90s',
      '--namespace=metallb-system rollout status daemonset/speaker --timeout=90s',
      'apply --server-side --force-conflicts --filename=-',
    ])
    expect(world.runner.calls.at(-1)?.options.input).toContain('"addresses":["172.18.254.0/24"]')
    expect(world.log.infos).toEqual(['east: MetalLB gives 172.18.254.0/24 0.0 s later'])
  })

  test('controller and speakers are waited for again when the API server restarts meanwhile', async () => {
    const lost = fails('error: unable to watch: connection refused')
    world.runner.on(' wait deployment/controller', inTurn(lost, lost, ''))
    await (await metallb()).untilReady(world, of, east, 90)
    expect(world.clock.sleeps).toEqual([1, 1])
    expect(world.runner.lines(' wait ').map((line) => /timeout=.*/.exec(line)?.[0])).toEqual([
      'timeout=90s',
      'timeout=89s',
      'timeout=88s',
    ])
  })

  test('a webhook that does not answer yet is asked again, within the time of the input wait', async () => {
    const refused = fails('failed calling webhook "ipaddresspoolvalidationwebhook.metallb.io": connection refused')
    world.runner.on(' apply ', inTurn(refused, refused, ''))
    await (await metallb()).untilReady(world, of, east, 90)
    expect(world.clock.sleeps).toEqual([1, 1])

    world.runner.on(' apply ', refused)
    await expect((await metallb()).untilReady(world, of, east, 5)).rejects.toThrow(
      /^cluster east: MetalLB did not take 172\.18\.254\.0\/24: kubectl .*\n.*connection refused/,
    )
    expect(world.clock.sleeps).toHaveLength(2 + 5)
  })

  test('a webhook that says no is not asked again', async () => {
    world.runner.on(
      ' apply ',
      fails('admission webhook "…" denied the request: CIDR "172.18.254.0/24" overlaps with already defined CIDR'),
    )
    await expect((await metallb()).untilReady(world, of, east, 90)).rejects.toThrow(/overlaps with already defined/)
    expect(world.runner.lines(' apply ')).toHaveLength(1)
  })

  test('pods that do not start are told with their reasons', async () => {
    world.runner.on(' wait ', fails('error: timed out waiting for the condition on deployments/controller'))
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image' }
    const status = {
      containerStatuses: [{ ready: false, image: 'quay.io/metallb/controller:v0.16.2', state: { waiting } }],
    }
    world.runner.on(' get pods ', fails('connection refused'))
    await expect((await metallb()).untilReady(world, of, east, 7)).rejects.toThrow(/timed out waiting/)
    world.runner.on(' get pods ', JSON.stringify({ items: [{ metadata: { name: 'controller-1' }, status }] }))
    await expect((await metallb()).untilReady(world, of, east, 7)).rejects.toThrow(
      [
        'cluster east: MetalLB was not ready within 7 s (input wait)',
        'pod controller-1: ImagePullBackOff: Back-off pulling image',
        'kubectl ',
      ].join('\n  '),
    )
  })
})

describe('cloud-provider-kind', () => {
  const prepare = () => prepareLoadBalancers({ ...world, downloads }, 'cloud-provider-kind', { release })

  test('it is started for every cluster, on the Docker network of the run', async () => {
    world.runner.on(/^bash -c command -v/, '/usr/local/bin/cloud-provider-kind\n').on(/^bash -c set -eu/, '')
    const balancers = await prepare()
    for (const cluster of [east, west]) {
      await balancers.begin(world, of, cluster)
      await balancers.untilReady(world, of, cluster, 90)
    }
    expect(
      world.runner.calls.slice(1).map(({ command, options }) => [command.slice(4, 6), options.environment]),
    ).toEqual(
      ['east', 'west'].map((name) => [
        [`${directory}/cloud-provider-kind/${name}`, name],
        { KIND_EXPERIMENTAL_DOCKER_NETWORK: of.dockerNetwork },
      ]),
    )
    expect(asked).toEqual([])
  })

  test('a program that is missing is told before any cluster is made, with the remedy', async () => {
    world.runner.on(/^bash -c command -v/, fails(''))
    await expect(prepare()).rejects.toThrow(
      'load-balancer: "cloud-provider-kind" needs the program cloud-provider-kind on the PATH; install it, or give metallb',
    )
  })
})
