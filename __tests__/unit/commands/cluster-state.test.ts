import { describe, expect, test } from '@jest/globals'
import { parseClusterState } from '../../../src/commands/cluster-state.js'

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
      { kind: 'Service', metadata: { name: 'kube-dns' }, spec: { clusterIPs: ['10.96.0.10', 'fd00::a'] } },
      { kind: 'Service', metadata: { name: 'other' }, spec: { clusterIPs: ['10.96.0.11'] } },
    )
    expect(parseClusterState(output)).toEqual({
      nodes: [
        {
          name: 'east-control-plane',
          podCIDRs: ['10.128.0.0/24', 'fd00:10:128::/64'],
          ready: true,
          why: 'kubelet is posting ready status',
          images: [],
        },
        { name: 'east-worker', podCIDRs: [], ready: false, why: 'cni plugin not initialized', images: [] },
      ],
      dnsAddresses: ['10.96.0.10', 'fd00::a'],
      podTroubles: [],
      probes: [],
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

  test('tells the probes of checks, and how old they are by the newest sign of a kubelet', () => {
    const service = (labels: object, creationTimestamp: string) => ({
      kind: 'Service',
      metadata: { name: 'a', labels, creationTimestamp },
      spec: {},
    })
    const of = (check: string) => ({
      'app.kubernetes.io/name': 'kind-flat-network-probe',
      'app.kubernetes.io/instance': check,
    })
    const node = (...times: string[]) => ({
      kind: 'Node',
      metadata: { name: 'a' },
      spec: {},
      status: conditions(...times.map((lastHeartbeatTime) => ({ type: 'Ready', lastHeartbeatTime }))),
    })
    const items = [
      service(of('aaaa0001'), '2030-01-01T10:00:00Z'),
      service({ 'app.kubernetes.io/instance': 'release' }, '2030-01-01T10:00:00Z'),
      service(of('aaaa0002'), '2030-01-01T12:01:00Z'),
    ]
    const nodes = [node('2030-01-01T11:59:00Z', '2030-01-01T12:00:00Z'), node('2030-01-01T08:00:00Z'), node()]
    expect(parseClusterState(list(...items, ...nodes)).probes).toEqual([
      { check: 'aaaa0001', ageSeconds: 7200 },
      { check: 'aaaa0002', ageSeconds: -60 },
    ])
    expect(parseClusterState(list(...items)).probes.every(({ ageSeconds }) => ageSeconds < 0)).toBe(true)
  })

  test('says when there is no CoreDNS at all', () => {
    expect(parseClusterState(list())).toEqual({
      nodes: [],
      coreDns: { available: false, why: 'there is no deployment coredns' },
      dnsAddresses: [],
      podTroubles: [],
      probes: [],
    })
  })
})

describe('pods that do not run', () => {
  const troubles = (...pods: object[]) =>
    parseClusterState(list(...pods.map((pod) => ({ kind: 'Pod', ...pod })))).podTroubles
  const kubeProxy = { metadata: { name: 'kube-proxy-1', labels: { 'k8s-app': 'kube-proxy' } } }
  const crashing = (restartCount: number, backOff = '1m20s') => ({
    phase: 'Running',
    containerStatuses: [
      {
        name: 'kube-proxy',
        ready: false,
        restartCount,
        state: { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${backOff} restarting failed container` } },
        lastState: { terminated: { exitCode: 1, reason: 'Error' } },
      },
    ],
  })

  test('are named with their reason; a part of Kubernetes that has crashed often will not get better', () => {
    expect(troubles({ ...kubeProxy, status: crashing(4) })).toEqual([
      {
        pod: 'kube-proxy-1',
        why: 'CrashLoopBackOff, 4 restarts, last exit code 1',
        crashed: 'kube-proxy',
        isFinal: false,
      },
    ])
    expect(troubles({ ...kubeProxy, status: crashing(5, '2m40s') })[0]).toMatchObject({ isFinal: true })
    expect(troubles({ ...kubeProxy, status: crashing(9, '5m0s') })[0]).toMatchObject({ isFinal: true })
    // its node was restarted as often
    expect(troubles({ ...kubeProxy, status: crashing(9, '10s') })[0]).toMatchObject({ isFinal: false })
    const ended = {
      name: 'kube-proxy',
      ready: false,
      restartCount: 5,
      state: { terminated: { reason: 'Error', exitCode: 2 } },
    }
    expect(troubles({ ...kubeProxy, status: { phase: 'Running', containerStatuses: [ended] } })[0]).toMatchObject({
      why: 'Error, 5 restarts, last exit code 2',
      isFinal: false,
    })
  })

  test('of somebody else may crash as often as they like', () => {
    expect(troubles({ metadata: { name: 'theirs' }, status: crashing(50, '5m0s') })[0]).toMatchObject({
      isFinal: false,
    })
  })

  const waiting = (reason: string, message: string) => ({
    phase: 'Pending',
    containerStatuses: [{ name: 'coredns', ready: false, restartCount: 0, state: { waiting: { reason, message } } }],
  })
  const coreDns = { metadata: { name: 'coredns-1', labels: { 'k8s-app': 'kube-dns' } } }

  test.each([
    ['ErrImagePull', 'rpc error: code = NotFound desc = coredns:v9: not found', true],
    ['ImagePullBackOff', 'manifest unknown', true],
    ['ErrImagePull', 'dial tcp: lookup registry.k8s.io: no such host', false],
    ['InvalidImageName', "couldn't parse image name", true],
    ['ErrImageNeverPull', 'Container image is not present with pull policy of Never', true],
    ['CreateContainerConfigError', 'configmap "coredns" not found', false],
  ])('wait for %s: %s', (reason, message, isFinal) => {
    expect(troubles({ ...coreDns, status: waiting(reason, message) })).toEqual([
      { pod: 'coredns-1', why: `${reason}: ${message}`, isFinal },
    ])
  })

  test('may not be scheduled, or only be starting', () => {
    const unscheduled = {
      phase: 'Pending',
      ...conditions({
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/1 nodes are available',
      }),
    }
    expect(troubles({ ...coreDns, status: unscheduled })).toEqual([
      { pod: 'coredns-1', why: 'Unschedulable: 0/1 nodes are available', isFinal: false },
    ])
    const starting = {
      phase: 'Pending',
      containerStatuses: [{ name: 'a', ready: false, state: { waiting: { reason: 'ContainerCreating' } } }],
    }
    expect(troubles({ ...coreDns, status: starting })[0]?.why).toBe('ContainerCreating')
    expect(troubles(coreDns)[0]?.why).toBe('not Ready')
  })

  test('are none when they are ready, done or going', () => {
    const ready = { phase: 'Running', ...conditions({ type: 'Ready', status: 'True' }) }
    const going = { metadata: { ...coreDns.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }, status: crashing(9) }
    expect(troubles({ ...coreDns, status: ready }, { ...coreDns, status: { phase: 'Succeeded' } }, going)).toEqual([])
  })
})
