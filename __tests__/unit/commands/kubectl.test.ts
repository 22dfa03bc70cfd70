import { expect, test } from '@jest/globals'
import { parseReadyPods, waitForCoreDns, waitForNodes, waitForPods } from '../../../src/commands/kubectl.js'

const list = (...items: object[]) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: items.map((item) => ({ kind: 'Pod', ...item })) })
const conditions = (...all: object[]) => ({ conditions: all })

test('pods that are Ready are read with node and addresses, without those that are being deleted', () => {
  const status = { podIP: '10.128.1.2', podIPs: [{ ip: '10.128.1.2' }, { ip: 'fd00:10:128:1::2' }] }
  const ready = conditions({ type: 'Initialized', status: 'True' }, { type: 'Ready', status: 'True' })
  const spec = { nodeName: 'east-worker' }
  const output = list(
    { metadata: { name: 'a' }, spec, status: { ...status, ...ready } },
    { metadata: { name: 'b', deletionTimestamp: '2026-01-01T00:00:00Z' }, spec, status: { ...status, ...ready } },
    { metadata: { name: 'c' }, spec, status: { ...status, ...conditions({ type: 'Ready', status: 'False' }) } },
    { metadata: { name: 'd' }, spec, status },
    { metadata: { name: 'e' }, spec: {} },
  )
  expect(parseReadyPods(output)).toEqual([{ node: 'east-worker', addresses: ['10.128.1.2', 'fd00:10:128:1::2'] }])
})

test('pods are waited for by their labels, in their namespace', () => {
  expect(waitForPods({ kubeconfig: '/k' }, 'kube-system', 'a=b', 2)).toEqual([
    ...['kubectl', '--kubeconfig', '/k', '--namespace=kube-system', 'wait', 'pod'],
    ...['--selector=a=b', '--for=condition=Ready', '--timeout=2s'],
  ])
})

test.each([waitForNodes, waitForCoreDns])('kubectl waits for whole seconds, never less than asked', (wait) => {
  expect(wait({ kubeconfig: '/k' }, 1.2)).toContain('--timeout=2s')
})
