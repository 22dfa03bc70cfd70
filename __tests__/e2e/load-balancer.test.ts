import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { execa } from 'execa'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { canonicalAddress, familyOf, machineCidr, overlap, parseCidr } from '../../src/model/cidr.js'
import { metallbRelease } from '../../src/plan/releases.js'
import type { Outputs } from '../../src/report/flat-network.js'
import { docker } from './support/engine.js'
import { kubectl } from './support/kubectl.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(600_000)

const images = ['controller', 'speaker'].map((name) => `quay.io/metallb/${name}:v${metallbRelease.version}`)

/** agnhost answers `/hostname` and `/clientip`, and `/dial` has it ask another. */
const web = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [
              {
                name: 'web',
                image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
                imagePullPolicy: 'IfNotPresent',
                args: ['netexec', '--http-port=8080'],
                readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 },
              },
            ],
          },
        },
      },
    },
    ...(['Cluster', 'Local'] as const).map((policy) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: policy.toLowerCase() },
      spec: {
        type: 'LoadBalancer',
        externalTrafficPolicy: policy,
        ipFamilyPolicy: 'PreferDualStack',
        selector: { app: 'web' },
        ports: [{ port: 80, targetPort: 8080 }],
      },
    })),
  ],
})

/** MetalLB's manifest as its Go module has it, for a machine that holds the images but does not reach GitHub. */
async function serveManifest(): Promise<Server> {
  const { stdout } = await execa('go', [
    'mod',
    'download',
    '-json',
    `go.universe.tf/metallb@v${metallbRelease.version}`,
  ])
  const { Dir } = JSON.parse(stdout) as { Dir: string }
  const manifest = await readFile(join(Dir, metallbRelease.manifest))
  const server = createServer((request, response) => {
    response.statusCode = request.url?.endsWith(`v${metallbRelease.version}/${metallbRelease.manifest}`) ? 200 : 404
    response.end(response.statusCode === 200 ? manifest : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** kube-proxy and the speakers may learn of an address a moment after the Service has it. */
async function patiently<T>(ask: () => Promise<T | undefined>): Promise<T | undefined> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask()
    if (answer !== undefined || attempt === 15) return answer
    await sleep(1000)
  }
}

const authority = (address: string) => (address.includes(':') ? `[${address}]` : address)
const hostOf = (endpoint: string) => endpoint.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')

describe('a dual-stack and an IPv6 cluster with MetalLB', () => {
  let terminal: Terminal
  let server: Server | undefined
  let outputs: Outputs
  const clusters = '[{name: lb-east, ip-family: dual, workers: 1}, {name: lb-west, ip-family: ipv6}]'
  let options: string[]
  /** Addresses of the two Services of each cluster. */
  let addresses: { readonly cluster: string; readonly service: string; readonly address: string }[]

  const of = (cluster: string) => outputs.clusters.find(({ name }) => name === cluster) as Outputs['clusters'][number]
  const inCluster = (cluster: string, ...parameters: string[]) =>
    kubectl(outputs.kubeconfig, of(cluster).context, ...parameters)

  const readAddresses = async () => {
    const services = outputs.clusters.flatMap(({ name: cluster, podSubnets }) =>
      ['cluster', 'local'].map((service) => ({ cluster, service, count: podSubnets.length })),
    )
    return (
      await Promise.all(
        services.map(async ({ cluster, service, count }) => {
          for (let look = 1; ; look++) {
            const output = await inCluster(cluster, 'get', `service/${service}`, '--output=json')
            const { status } = JSON.parse(output) as { status: { loadBalancer: { ingress?: { ip: string }[] } } }
            const found = (status.loadBalancer.ingress ?? []).map(({ ip }) => ip)
            if (found.length === count) return found.map((address) => ({ cluster, service, address }))
            if (look === 60) throw new Error(`service ${service} of ${cluster} has the addresses ${found.join()}`)
            await sleep(500)
          }
        }),
      )
    ).flat()
  }

  /** Lets a pod of a cluster ask the host name and its own address as it is seen. */
  const dial = async (cluster: string, address: string, request: string): Promise<string | undefined> => {
    const [pod = ''] = (await inCluster(cluster, 'get', 'pods', '--output=jsonpath={.items[*].metadata.name}')).split(
      ' ',
    )
    const query = new URLSearchParams({ host: address, port: '80', protocol: 'http', request, tries: '1' })
    const path = `/api/v1/namespaces/default/pods/${pod}:8080/proxy/dial?${query.toString()}`
    return patiently(async () => {
      const { responses } = JSON.parse(await inCluster(cluster, 'get', '--raw', path)) as { responses?: string[] }
      return responses?.[0]
    })
  }

  beforeAll(async () => {
    terminal = await Terminal.open()
    const held = (await docker('image', 'ls', '--quiet', images[0] ?? '')) !== ''
    if (held) server = await serveManifest()
    const mirror = server && `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
    options = [
      '--load-balancer',
      'metallb',
      ...(mirror ? ['--download-mirror', mirror, '--images', images.join('\n')] : []),
    ]
    outputs = await terminal.up(clusters, ...options)
    for (const { name } of outputs.clusters) await inCluster(name, 'apply', web)
    for (const { name } of outputs.clusters) {
      await inCluster(name, 'rollout', 'status', 'deployment/web', '--timeout=120s')
    }
    addresses = await readAddresses()
  })

  afterAll(async () => {
    await terminal.close()
    server?.close()
  })

  test("every Service gets an address of each of its families, out of its cluster's part of the Docker network", () => {
    expect(
      addresses.map(({ cluster, service, address }) => `${cluster} ${service} ${familyOf(address)}`).sort(),
    ).toEqual([
      'lb-east cluster ipv4',
      'lb-east cluster ipv6',
      'lb-east local ipv4',
      'lb-east local ipv6',
      'lb-west cluster ipv6',
      'lb-west local ipv6',
    ])
    for (const { cluster, address } of addresses) {
      const host = machineCidr(address)
      const parts = of(cluster).loadBalancerSubnets.map(parseCidr)
      expect(parts.filter((part) => host && overlap(part, host))).toHaveLength(1)
    }
  })

  test('every address answers from the host', async () => {
    for (const { address } of addresses) {
      const ask = () => fetch(`http://${authority(address)}/hostname`, { signal: AbortSignal.timeout(5000) })
      const answer = await patiently(() =>
        ask().then(
          (response) => response.text(),
          () => undefined,
        ),
      )
      expect({ address, answer }).toEqual({ address, answer: expect.stringMatching(/^web-/) })
    }
  })

  test('every address answers from the pods of the other cluster, which are seen as their node', async () => {
    for (const { cluster, service, address } of addresses) {
      const other = cluster === 'lb-east' ? 'lb-west' : 'lb-east'
      // the IPv6 cluster has no way to an IPv4 address
      if (familyOf(address) === 'ipv4') continue
      expect(await dial(other, address, 'hostname')).toMatch(/^web-/)
      if (service === 'cluster') continue
      const seen = hostOf((await dial(other, address, 'clientip')) ?? '')
      const nodes = of(other).nodes.flatMap((node) => node.addresses.map(canonicalAddress))
      expect(nodes).toContain(canonicalAddress(seen))
    }
  })

  test('a second run with reuse finds it, and changes nothing', async () => {
    const state = async () => {
      const columns =
        '--output=custom-columns=KIND:.kind,NAME:.metadata.name,UID:.metadata.uid,GENERATION:.metadata.generation'
      const kinds = 'deployments,daemonsets,pods,ipaddresspools,l2advertisements'
      return Promise.all(
        outputs.clusters.map(({ name }) => inCluster(name, '--namespace=metallb-system', 'get', kinds, columns)),
      )
    }
    const before = await state()
    expect(before.join('\n')).toContain('IPAddressPool')
    const again = await terminal.up(clusters, '--reuse', 'true', ...options)
    expect(again.clusters.map(({ loadBalancerSubnets }) => loadBalancerSubnets)).toEqual(
      outputs.clusters.map(({ loadBalancerSubnets }) => loadBalancerSubnets),
    )
    expect(await state()).toEqual(before)
    expect(await readAddresses()).toEqual(addresses)
  })
})
