import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { execa } from 'execa'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outputs } from '../../src/report/flat-network.js'
import { docker, engineState, registryImage } from './support/engine.js'
import { kubectl } from './support/kubectl.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(900_000)

const inEngine = ['kfn-e2e/one:1', 'kfn-e2e/two:1']
const archived = 'kfn-e2e/three:1'

let scratch: string
let terminal: Terminal
let before: Awaited<ReturnType<typeof engineState>>
let outputs: Outputs

/** Three images that differ and run: a busybox without its libraries, which is linked statically. */
beforeAll(async () => {
  before = await engineState()
  terminal = await Terminal.open()
  scratch = await mkdtemp(join(tmpdir(), 'flat-network-images-'))
  await copyFile('/bin/busybox', join(scratch, 'busybox'))
  await execa('tar', ['-cf', join(scratch, 'root.tar'), '-C', scratch, 'busybox'])
  for (const name of [...inEngine, archived]) {
    const entrypoint = ['--change', 'ENTRYPOINT ["/busybox", "sleep", "infinity"]', '--change', `LABEL name=${name}`]
    await docker('import', ...entrypoint, join(scratch, 'root.tar'), name)
  }
  await docker('image', 'save', '--output', join(scratch, 'three.tar'), archived)
  await docker('image', 'rm', archived)
  outputs = await terminal.up(
    '[{name: images-one, workers: 1}, {name: images-two, workers: 1}, images-three]',
    '--images',
    [...inEngine, join(scratch, 'three.tar')].join('\n'),
    '--registry',
    'true',
    '--registry-image',
    registryImage,
  )
})

afterAll(async () => {
  await terminal.close()
  await docker('image', 'rm', ...inEngine)
  await rm(scratch, { recursive: true, force: true })
})

/** On every node of every cluster a pod with a container of each image; returns how many pods are ready. */
async function runEverywhere(name: string, images: readonly string[], imagePullPolicy: string): Promise<number> {
  const labels = { app: name }
  const containers = images.map((image, index) => ({ name: `c${String(index)}`, image, imagePullPolicy }))
  const daemonSet = JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { tolerations: [{ operator: 'Exists' }], terminationGracePeriodSeconds: 0, containers },
      },
    },
  })
  const ready = await Promise.all(
    outputs.clusters.map(async ({ context }) => {
      await kubectl(outputs.kubeconfig, context, 'apply', daemonSet)
      await kubectl(outputs.kubeconfig, context, 'rollout', 'status', `daemonset/${name}`, '--timeout=120s')
      return Number(
        await kubectl(
          outputs.kubeconfig,
          context,
          'get',
          `daemonset/${name}`,
          '--output=jsonpath={.status.numberReady}',
        ),
      )
    }),
  )
  return ready.reduce((sum, each) => sum + each, 0)
}

test('images of the engine and of an archive run on all five nodes without being pulled', async () => {
  expect(await runEverywhere('loaded', [...inEngine, archived], 'Never')).toBe(5)
})

test('what the host pushes to the registry runs in every cluster under the same name', async () => {
  expect(outputs.registry).toMatch(/^localhost:\d+$/)
  const pushed = `${outputs.registry}/kfn-e2e/pushed:1`
  await docker('image', 'tag', inEngine[0] ?? '', pushed)
  try {
    await docker('push', pushed)
  } finally {
    await docker('image', 'rm', pushed)
  }
  expect(await runEverywhere('pulled', [pushed], 'Always')).toBe(5)
  const hosting = await kubectl(
    outputs.kubeconfig,
    outputs.clusters[0]?.context ?? '',
    '--namespace=kube-public',
    'get',
    'configmap/local-registry-hosting',
    '--output=yaml',
  )
  expect(hosting).toContain(outputs.registry)
})

test('everything is removed, the registry with what was pushed to it', async () => {
  expect((await terminal.run('down')).code).toBe(0)
  expect(await engineState()).toEqual(before)
})

test('a name that nobody knows costs no clusters', async () => {
  const up = await terminal.run('up', '--images', `${inEngine[0] ?? ''}\nkfn-e2e/nosuch:1`)
  expect(up.code).toBe(2)
  expect(up.stderr).toContain('images: "kfn-e2e/nosuch:1" is neither a file nor an image in the engine')
  expect(await engineState()).toEqual(before)
})
