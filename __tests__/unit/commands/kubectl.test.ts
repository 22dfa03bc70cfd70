import { describe, expect, test } from '@jest/globals'
import {
  parseClusterState,
  parseReadyPods,
  waitForCoreDns,
  waitForNodes,
  waitForPods,
} from '../../../src/commands/kubectl.js'

const list = (...items: unknown[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
const conditions = (...all: object[]) => ({ conditions: all })

describe('the state of a cluster', () => {
  const deployment = (status: object) => ({
    kind: 'Deployment',
    metadata: { name: 'coredns', namespace: 'kube-system', generation: 3 },
    spec: { replicas: 2 },
    status,
  })
  const rolledOut = { observedGeneration: 3, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }

  test('is read from nodes and the deployment of CoreDNS', () => {
    const output = list(
      {
        kind: 'Node',
        metadata: { name: 'east-control-plane' },
        spec: { podCIDR: '10.128.0.0/24', podCIDRs: ['10.128.0.0/24', 'fd00:10:128::/64'] },
        status: conditions(
          { type: 'MemoryPressure', status: 'False' },
          { type: 'Ready', status: 'True', message: 'kubelet is posting ready status' },
        ),
      },
      {
        kind: 'Node',
        metadata: { name: 'east-worker' },
        spec: {},
        status: conditions({
          type: 'Ready',
          status: 'False',
          reason: 'KubeletNotReady',
          message: 'cni plugin not initialized',
        }),
      },
      { kind: 'Deployment', metadata: { name: 'other' }, spec: {}, status: {} },
      deployment(rolledOut),
    )
    expect(parseClusterState(output)).toEqual({
      nodes: [
        {
          name: 'east-control-plane',
          podCIDRs: ['10.128.0.0/24', 'fd00:10:128::/64'],
          ready: true,
          why: 'kubelet is posting ready status',
        },
        { name: 'east-worker', podCIDRs: [], ready: false, why: 'cni plugin not initialized' },
      ],
      coreDns: {
        available: true,
        why: 'of 2 pods 2 are of its newest version, and 2 of all 2 are available',
      },
    })
  })

  // as the API tells it: without what is zero
  test.each([
    ['nothing has looked at it yet', {}, 'of 2 pods 0 are of its newest version, and 0 of all 0 are available'],
    ['its newest version has not been looked at', { ...rolledOut, observedGeneration: 2 }, 'of 2 pods 2 are'],
    ['a pod of its newest version is still to come', { ...rolledOut, replicas: 1, updatedReplicas: 1 }, 'of 2 pods 1'],
    ['a pod of an older version is still there', { ...rolledOut, replicas: 3 }, 'of all 3 are available'],
    ['no pod is available', { ...rolledOut, availableReplicas: 0 }, 'and 0 of all 2 are available'],
  ])('is not ready when %s', (_, status, why) => {
    const { coreDns } = parseClusterState(list(deployment(status)))
    expect(coreDns).toMatchObject({ available: false, why: expect.stringContaining(why) })
  })

  test('is ready when one of the new pods answers', () => {
    const { coreDns } = parseClusterState(list(deployment({ ...rolledOut, availableReplicas: 1 })))
    expect(coreDns.available).toBe(true)
  })

  test('says when there is no CoreDNS at all', () => {
    expect(parseClusterState(list())).toEqual({
      nodes: [],
      coreDns: { available: false, why: 'there is no deployment coredns' },
    })
  })
})

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
