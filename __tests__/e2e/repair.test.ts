import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import type { Outputs } from '../../src/report/flat-network.js'
import { proveFlat } from './agnhost.js'
import { docker, engineState, nodeImage } from './support/engine.js'
import { kubectl } from './support/kubectl.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(600_000)

const nodes = ['mend-east-control-plane', 'mend-east-worker', 'mend-west-control-plane', 'mend-west-worker']
const contexts = ['kind-mend-east', 'kind-mend-west']

let terminal: Terminal
let before: Awaited<ReturnType<typeof engineState>>
let outputs: Outputs

beforeAll(async () => {
  before = await engineState()
  terminal = await Terminal.open()
  outputs = await terminal.up('[{name: mend-east, workers: 1}, {name: mend-west, workers: 1}]')
})

afterAll(() => terminal.close())

const prove = () => proveFlat(outputs.kubeconfig, contexts)
const ownAddresses = ({ pods }: Awaited<ReturnType<typeof prove>>) =>
  pods.filter(({ own, seen }) => own === seen).length

async function untilReady(): Promise<void> {
  for (const context of contexts) {
    // an API server that has just come up turns requests away at first
    await until(180, () =>
      kubectl(outputs.kubeconfig, context, 'wait', 'node', '--all', '--for=condition=Ready', '--timeout=60s').then(
        () => true,
        () => false,
      ),
    )
  }
}

/** Routes and nat rules that are ours. */
async function wiring(): Promise<string[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const routes = await docker('exec', node, 'ip', 'route', 'show', 'proto', '171')
      const rules = await docker('exec', node, 'iptables', '-t', 'nat', '-S')
      return [routes, ...rules.split('\n').filter((rule) => rule.includes('KIND-FLAT-NETWORK'))].join('\n')
    }),
  )
}

async function addresses(): Promise<string[]> {
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
  return (await docker('inspect', '--format', format, ...nodes)).split('\n')
}

const pod = (name: string, node: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: 'Exists' }],
    containers: [
      {
        name: 'agnhost',
        image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
        imagePullPolicy: 'IfNotPresent',
        args: ['netexec', '--http-port=8080'],
      },
    ],
  },
})

const serviceCount = 6
const services = (app: string) =>
  Array.from({ length: serviceCount }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${app}-${String(index)}` },
    spec: { selector: { app }, ports: [{ port: 80, targetPort: 8080 }] },
  }))

// several services, because flows are spread over the next hops by their addresses
test.each([
  { stopped: 'mend-west-worker', left: 'mend-west-control-plane' },
  { stopped: 'mend-west-control-plane', left: 'mend-west-worker' },
])(
  'with $stopped stopped, services of its cluster still answer, and it needs no repair when it is back',
  async ({ stopped, left }) => {
    const { kubeconfig } = outputs
    const app = `on-${left}`
    const client = 'client'
    await kubectl(
      kubeconfig,
      'kind-mend-west',
      'apply',
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pod(app, left), ...services(app)] }),
    )
    await kubectl(kubeconfig, 'kind-mend-east', 'apply', JSON.stringify(pod(client, 'mend-east-worker')))
    await kubectl(kubeconfig, 'kind-mend-west', 'wait', `pod/${app}`, '--for=condition=Ready', '--timeout=60s')
    await kubectl(kubeconfig, 'kind-mend-east', 'wait', `pod/${client}`, '--for=condition=Ready', '--timeout=60s')
    const made = JSON.parse(await kubectl(kubeconfig, 'kind-mend-west', 'get', 'services', '--output=json')) as {
      items: { metadata: { name: string }; spec: { clusterIP: string } }[]
    }
    const clusterIPs = made.items
      .filter(({ metadata }) => metadata.name.startsWith(app))
      .map(({ spec }) => spec.clusterIP)
    expect(clusterIPs).toHaveLength(serviceCount)
    const unanswered = async () => {
      const answers = await Promise.all(
        clusterIPs.map(async (host) => {
          const path = `/api/v1/namespaces/default/pods/${client}:8080/proxy/dial?host=${host}&port=80&protocol=http&request=hostname&tries=1`
          return JSON.parse(await kubectl(kubeconfig, 'kind-mend-east', 'get', '--raw', path)) as {
            responses?: string[]
          }
        }),
      )
      return answers.filter(({ responses }) => responses?.[0] !== app).length
    }
    await until(30, async () => (await unanswered()) === 0)
    await docker('stop', '--time=1', stopped)
    try {
      await until(20, async () => (await unanswered()) === 0)
      // and stay so
      for (let again = 0; again < 5; again++) {
        await setTimeout(1000)
        expect(await unanswered()).toBe(0)
      }
    } finally {
      await docker('start', stopped)
    }
    await untilReady()
    const repaired = await terminal.run('repair')
    expect(repaired).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to repair') })
    expect(repaired.stdout).toContain("8/8 pod pairs reachable, 8/8 with the pod's own address")
  },
)

test('a route that somebody else added is found and removed', async () => {
  const [, west] = outputs.clusters
  const half = (west?.nodes[1]?.podCIDR ?? '').replace(/0\/24$/, '0/25')
  await docker('exec', 'mend-east-worker', 'ip', 'route', 'add', 'blackhole', half)
  expect((await terminal.run('verify')).code).toBe(1)
  const { code, stdout, stderr } = await terminal.run('repair')
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('repaired: mend-east-worker') })
  expect(stderr).toContain(half)
  expect((await terminal.run('repair', '--json')).stdout).toContain('"changes":[]')
})

test('every node restarted with another address: broken, then flat again after one repair; a second changes nothing', async () => {
  const old = await addresses()
  const network = Object.keys(
    JSON.parse(await docker('inspect', '--format', '{{json .NetworkSettings.Networks}}', nodes[0] ?? '')) as object,
  )[0]
  await docker('stop', '--time=1', ...nodes)
  const blockers = nodes.map((_, index) => `mend-blocker-${String(index)}`)
  try {
    // they take the addresses that the nodes had
    for (const name of blockers) {
      await docker(
        'run',
        '--detach',
        '--name',
        name,
        '--network',
        network ?? '',
        '--entrypoint=sleep',
        nodeImage,
        'infinity',
      )
    }
    for (const node of nodes) await docker('start', node)
  } finally {
    await docker('rm', '--force', '--volumes', ...blockers)
  }
  const now = await addresses()
  expect(now.filter((address) => old.includes(address))).toEqual([])
  await untilReady()
  expect(ownAddresses(await prove())).toBe(0)

  const first = await terminal.run('repair')
  expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining(`repaired: ${nodes.join(', ')}`) })
  expect(ownAddresses(await prove())).toBe(8)
  const mended = await wiring()
  const second = await terminal.run('repair')
  expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to repair') })
  expect(await wiring()).toEqual(mended)
})

test('a node that is gone for good is routed around', async () => {
  await docker('rm', '--force', '--volumes', 'mend-west-worker')
  await kubectl(outputs.kubeconfig, 'kind-mend-west', 'delete', 'node', 'mend-west-worker')
  const { code, stdout, stderr } = await terminal.run('repair')
  expect({ code, stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("4/4 pod pairs reachable, 4/4 with the pod's own address"),
  })
  expect(stderr).toContain('node mend-west-worker does not run')
  expect(ownAddresses(await prove())).toBe(4)
})

test('everything is removed', async () => {
  expect((await terminal.run('down')).code).toBe(0)
  expect(await engineState()).toEqual(before)
})

async function until(seconds: number, holds: () => Promise<boolean>): Promise<void> {
  const ends = performance.now() + seconds * 1000
  while (!(await holds())) {
    if (performance.now() > ends) throw new Error(`not so within ${String(seconds)} s`)
    await setTimeout(500)
  }
}
