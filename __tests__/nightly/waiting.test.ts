import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { engineState, nodeImage } from '../e2e/support/engine.js'
import { Terminal } from '../e2e/support/terminal.js'

jest.setTimeout(900_000)

let terminal: Terminal
let before: Awaited<ReturnType<typeof engineState>>

beforeAll(async () => {
  before = await engineState()
  terminal = await Terminal.open()
})

afterAll(() => terminal.close())

/** `up` of one cluster, which must fail; returns what it printed at the end. */
async function failureOf(config: object, wait: string): Promise<string> {
  const inputs = ['--clusters', '[wait-one]', '--node-image', nodeImage, '--wait', wait]
  const { code, stderr } = await terminal.run('up', ...inputs, '--config', JSON.stringify(config))
  expect(code).toBe(1)
  expect(await engineState()).toEqual(before)
  return stderr.slice(stderr.indexOf('cluster wait-one'))
}

test('a kube-proxy that crashes is named with its last words, and ends the wait early', async () => {
  const patch =
    '{kind: KubeProxyConfiguration, apiVersion: kubeproxy.config.k8s.io/v1alpha1, iptables: {masqueradeBit: 99}}'
  const said = await failureOf({ kubeadmConfigPatches: [patch] }, '20m')
  expect(said).toMatch(/^cluster wait-one cannot get ready:\n/)
  expect(said).toMatch(
    /pod kube-proxy-\S+: (CrashLoopBackOff|Error), 5 restarts, last exit code 1\n {4}.*MasqueradeBit: Invalid value: 99/,
  )
})

test('an image of CoreDNS that cannot be had is named, and the network was proven without it', async () => {
  const patch = '{kind: ClusterConfiguration, dns: {imageTag: v9.9.9}}'
  const said = await failureOf({ kubeadmConfigPatches: [patch] }, '40s')
  expect(said).toMatch(/CoreDNS is not available/)
  expect(said).toMatch(/pod coredns-\S+: (ErrImagePull|ImagePullBackOff): .*coredns:v9\.9\.9/)
})
