import { describe, expect, test } from '@jest/globals'
import {
  copyOut,
  execScript,
  parseContainers,
  parseCopiedText,
  parseEngineInfo,
  parseEngineRights,
  parseKindContainers,
  parseRunContainers,
  removeContainers,
} from '../../../src/commands/docker.js'

describe('what docker prints', () => {
  test('of the engine: version, cores, memory', () => {
    const output =
      '{"ID":"x","Containers":3,"NCPU":2,"MemTotal":8321499136,"ServerVersion":"20.10.24","OSType":"linux","Architecture":"aarch64","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],"Warnings":null}\n'
    expect(parseEngineInfo(output)).toEqual({
      version: '20.10.24',
      cpus: 2,
      memory: 8321499136,
      platform: 'linux/arm64',
      containerdImageStore: true,
    })
  })

  test('of an engine that tells little is read all the same', () => {
    expect(parseEngineInfo('{"ServerErrors":["x"]}')).toEqual({
      version: '',
      cpus: 1,
      memory: 0,
      platform: 'linux/amd64',
      containerdImageStore: false,
    })
  })

  test.each<[string, object, object]>([
    [
      'of 20.10, with root rights',
      { CgroupDriver: 'cgroupfs', CgroupVersion: '1', MemoryLimit: true, PidsLimit: true, CPUShares: true },
      { rootless: false, cgroupVersion: '1', limits: true },
    ],
    [
      'without root rights',
      {
        CgroupDriver: 'systemd',
        CgroupVersion: '2',
        MemoryLimit: true,
        PidsLimit: true,
        CPUShares: false,
        SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless', 'name=cgroupns'],
      },
      { rootless: true, cgroupVersion: '2', limits: false },
    ],
    [
      'without root rights and without a cgroup driver, which makes its limits meaningless',
      {
        CgroupDriver: 'none',
        CgroupVersion: '2',
        MemoryLimit: true,
        PidsLimit: true,
        CPUShares: true,
        SecurityOptions: ['name=rootless'],
      },
      { rootless: true, cgroupVersion: '2', limits: false },
    ],
    ['that tells nothing', { SecurityOptions: null }, { rootless: false, cgroupVersion: '1', limits: false }],
  ])('of the rights of an engine %s', (_, info, expected) => {
    expect(parseEngineRights(JSON.stringify(info))).toEqual(expected)
  })

  test('of containers: names, and the cluster of those that are kind nodes', () => {
    const output = [
      '["east-worker","east","127.0.0.1:40001-\\u003e6443/tcp"]',
      '["web","",""]',
      '["odd","a, b\\n[\\"c\\"]",""]',
      '',
    ].join('\n')
    expect(parseContainers(output)).toEqual([
      { name: 'east-worker', cluster: 'east', ports: [{ address: '127.0.0.1', port: 40001, protocol: 'TCP' }] },
      { name: 'web' },
      { name: 'odd', cluster: 'a, b\n["c"]' },
    ])
    expect(parseContainers('')).toEqual([])
  })

  test('of containers that are no nodes: those of runs, whatever somebody else labels so', () => {
    const output = ['["c1","r","feedc0de"]', '["c2","s","mine\\nc3 t cafe0001"]', '["c4","u",""]', ''].join('\n')
    expect(parseRunContainers(output)).toEqual([{ id: 'c1', name: 'r', run: 'feedc0de' }])
  })

  test('of kind containers: cluster, role, owner, whether it runs, and the addresses on every network', () => {
    const labels = { 'io.x-k8s.kind.cluster': 'east', 'io.x-k8s.kind.role': 'control-plane' }
    const output = JSON.stringify([
      {
        Id: 'c1',
        Name: '/east-control-plane',
        Config: { Labels: labels },
        Mounts: [
          { Type: 'volume', Destination: '/var' },
          { Type: 'bind', Source: '/dev/null', Destination: '/kind-flat-network/feedc0de', RW: false },
        ],
        State: { Status: 'running', Running: true },
        NetworkSettings: {
          Networks: {
            kind: { IPAddress: '172.18.0.2', GlobalIPv6Address: 'fc00::2' },
            six: { IPAddress: '', GlobalIPv6Address: 'fd00::2' },
            other: { IPAddress: '', GlobalIPv6Address: '' },
            none: {},
          },
        },
      },
      {
        Id: 'c2',
        Name: '/east-external-load-balancer',
        Config: { Labels: { ...labels, 'io.x-k8s.kind.role': 'external-load-balancer' } },
        Mounts: [],
      },
      { Id: 'c3', Name: '/bare', Config: { Labels: null }, Mounts: null, NetworkSettings: { Networks: null } },
    ])
    expect(parseKindContainers(output)).toEqual([
      {
        id: 'c1',
        name: 'east-control-plane',
        cluster: 'east',
        role: 'control-plane',
        run: 'feedc0de',
        running: true,
        addresses: { kind: ['172.18.0.2', 'fc00::2'], six: ['fd00::2'], other: [], none: [] },
      },
      {
        id: 'c2',
        name: 'east-external-load-balancer',
        cluster: 'east',
        role: 'external-load-balancer',
        running: false,
        addresses: {},
      },
      { id: 'c3', name: 'bare', cluster: '', running: false, addresses: {} },
    ])
  })

  test.each(['kind: ClusterConfiguration\n', 'x'.repeat(512), `a: ü\n${'b'.repeat(1000)}\n`])(
    'of a copied text that it is in a tar stream: %j',
    (text) => {
      const header = ['kubeadm.conf'.padEnd(100, '\0'), '0100600\0', '0000000\0', 'ustar\0', '00root']
      const tar = header.join('').padEnd(512, '\0') + text + '\0'.repeat(1024 + (512 - (text.length % 512)))
      expect(parseCopiedText(tar)).toBe(text)
    },
  )

  const withMounts = (...destinations: string[]) => {
    const Mounts = destinations.map((Destination) => ({ Destination }))
    return parseKindContainers(JSON.stringify([{ Id: 'c', Name: '/n', Config: {}, Mounts }]))[0]
  }

  test.each([
    '/kind-flat-network-data/feedc0de',
    '/kind-flat-network-images',
    '/mnt/kind-flat-network/feedc0de',
    '/kind-flat-network/feedc0de/data',
    '/kind-flat-network/data',
    '/kind-flat-network/feedc0d',
    '/kind-flat-network/feedc0deb',
    '/kind-flat-network/FEEDC0DE',
    '/kind-flat-network/feedc0de\n',
    '/kind-flat-network',
    '',
  ])('of a mount that only looks like ours is no owner: %j', (destination) => {
    expect(withMounts(destination)).not.toHaveProperty('run')
  })

  test('of a mount beside ours the owner is still told', () => {
    const mounts = ['/kind-flat-network/data', '/kind-flat-network-images', '/kind-flat-network/feedc0de']
    expect(withMounts(...mounts)).toMatchObject({ run: 'feedc0de' })
    expect(withMounts('/kind-flat-network/feedc0de', '/kind-flat-network/feedc0de')).toMatchObject({ run: 'feedc0de' })
  })

  test('of the marks of two runs neither is the owner', () => {
    expect(withMounts('/kind-flat-network/feedc0de', '/kind-flat-network/cafe0001')).not.toHaveProperty('run')
  })

  test('of a container that says nothing of itself, or something else than kind would, is read all the same', () => {
    const Labels = { 'io.x-k8s.kind.cluster': 'east', 'io.x-k8s.kind.role': 'etcd' }
    const output = JSON.stringify([
      { Id: 'c1', Name: '/a' },
      { Id: 'c2', Name: '/b', Config: { Labels }, Mounts: [{}] },
    ])
    expect(parseKindContainers(output)).toEqual([
      { id: 'c1', name: 'a', cluster: '', running: false, addresses: {} },
      { id: 'c2', name: 'b', cluster: 'east', running: false, addresses: {} },
    ])
  })
})

describe('what docker is told', () => {
  test('containers go with their volumes', () => {
    expect(removeContainers(['a', 'b'])).toEqual(['docker', 'rm', '--force', '--volumes', 'a', 'b'])
  })

  test('a file is copied to standard output', () => {
    expect(copyOut('node', '/kind/kubeadm.conf')).toEqual(['docker', 'cp', 'node:/kind/kubeadm.conf', '-'])
  })

  test('values of a script are its positional parameters, whatever they hold', () => {
    expect(execScript('node', 'echo "$1"', ['a b', '$(id)'])).toEqual([
      ...['docker', 'exec', 'node', 'bash', '-c', 'echo "$1"', 'bash'],
      ...['a b', '$(id)'],
    ])
  })
})
