import { describe, expect, test } from '@jest/globals'
import { parseClusterState, parsePods, waitForCoreDns, waitForNodes } from '../../../src/commands/kubectl.js'

const list = (...items: unknown[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
const conditions = (...all: object[]) => ({ conditions: all })

describe('the state of a cluster', () => {
  const deployment = (status: object) => ({
    kind: 'Deployment',
    metadata: { name: 'coredns', namespace: 'kube-system' },
    spec: { replicas: 2, template: { spec: { containers: [{ image: 'registry.k8s.io/coredns/coredns:v1.12.1' }] } } },
    status,
  })

  test('is read from nodes and the deployment of CoreDNS', () => {
    const output = list(
      {
        kind: 'Node',
        metadata: { name: 'east-control-plane' },
        spec: { podCIDR: '10.128.0.0/24', podCIDRs: ['10.128.0.0/24'] },
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
      deployment(conditions({ type: 'Available', status: 'True', message: 'Deployment has minimum availability.' })),
    )
    expect(parseClusterState(output)).toEqual({
      nodes: [
        { name: 'east-control-plane', podCIDR: '10.128.0.0/24', ready: true, why: 'kubelet is posting ready status' },
        { name: 'east-worker', ready: false, why: 'cni plugin not initialized' },
      ],
      coreDns: {
        available: true,
        why: 'Deployment has minimum availability.',
        image: 'registry.k8s.io/coredns/coredns:v1.12.1',
      },
    })
  })

  test.each([
    ['nothing is known yet', {}, 'no condition Available yet'],
    ['only a reason is given', conditions({ type: 'Available', status: 'False', reason: 'Min' }), 'Min'],
    ['the state is unknown', conditions({ type: 'Available', status: 'Unknown', message: 'lost' }), 'lost'],
  ])('is not ready when %s', (_, status, why) => {
    expect(parseClusterState(list(deployment(status))).coreDns).toMatchObject({ available: false, why })
  })

  test('says when there is no CoreDNS at all', () => {
    expect(parseClusterState(list())).toEqual({
      nodes: [],
      coreDns: { available: false, why: 'there is no deployment coredns' },
    })
  })
})

test('pods are read with node and address, without those that are being deleted', () => {
  const output = list(
    { metadata: { name: 'a' }, spec: { nodeName: 'east-worker' }, status: { podIP: '10.128.1.2', phase: 'Running' } },
    {
      metadata: { name: 'b', deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { nodeName: 'n' },
      status: { podIP: 'x' },
    },
    { metadata: { name: 'c' }, spec: {}, status: {} },
    { metadata: { name: 'd' }, spec: { nodeName: 'east-control-plane' } },
  )
  expect(parsePods(output)).toEqual([
    { node: 'east-worker', address: '10.128.1.2' },
    { node: '', address: '' },
    { node: 'east-control-plane', address: '' },
  ])
})

test.each([waitForNodes, waitForCoreDns])('kubectl waits for whole seconds, never less than asked', (wait) => {
  expect(wait({ kubeconfig: '/k' }, 1.2)).toContain('--timeout=2s')
})
