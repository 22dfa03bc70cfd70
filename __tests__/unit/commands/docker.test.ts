import { describe, expect, test } from '@jest/globals'
import {
  copyOut,
  createNetwork,
  createVolume,
  execScript,
  listNetworks,
  parseContainers,
  parseCopiedText,
  parseEngineInfo,
  parseEngineRights,
  parseKindContainers,
  parseNetworks,
  parseVolumes,
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
      '{"Command":"\\"/usr/local/bin/entr…\\"","ID":"9f1","Image":"kindest/node:v1.34.0","Labels":"io.x-k8s.kind.cluster=east,io.x-k8s.kind.role=worker","Names":"east-worker","State":"running"}',
      '{"ID":"0c2","Labels":"maintainer=a, b <c@d>,x.io.x-k8s.kind.cluster=no","Names":"web","State":"exited"}',
      '{"ID":"1d3","Labels":"","Names":"bare"}',
      '',
    ].join('\n')
    expect(parseContainers(output)).toEqual([
      { name: 'east-worker', cluster: 'east' },
      { name: 'web' },
      { name: 'bare' },
    ])
    expect(parseContainers('')).toEqual([])
  })

  test('of networks: subnets of every family, what Docker gives addresses out of, who has which, and how many', () => {
    const output = JSON.stringify([
      {
        Name: 'kind',
        Id: 'aa',
        EnableIPv6: true,
        IPAM: {
          Driver: 'default',
          Config: [{ Subnet: 'fc00:f853:ccd:e793::/64' }, { Subnet: '172.18.0.0/16', Gateway: '172.18.0.1' }],
        },
        Containers: {
          c1: { Name: 'east-worker', IPv4Address: '172.18.0.2/16', IPv6Address: 'fc00:f853:ccd:e793::2/64' },
          c2: { Name: 'west-worker', IPv4Address: '172.18.0.3/16', IPv6Address: '' },
        },
      },
      { Name: 'host', Id: 'bb', IPAM: { Driver: 'default', Config: [] }, Containers: {} },
      { Name: 'swarm', Id: 'cc', IPAM: { Config: null }, Containers: null },
      {
        Name: 'lab',
        Id: 'ee',
        IPAM: {
          Config: [
            {
              Subnet: '10.9.0.0/24',
              IPRange: '10.9.0.0/26',
              Gateway: '10.9.0.254',
              AuxiliaryAddresses: { router: '10.9.0.200' },
            },
          ],
        },
      },
      { Name: 'odd', Id: 'dd', IPAM: { Config: [{ Gateway: '10.0.0.1' }] } },
    ])
    expect(parseNetworks(output)).toEqual([
      {
        id: 'aa',
        name: 'kind',
        subnets: ['fc00:f853:ccd:e793::/64', '172.18.0.0/16'],
        ranges: [],
        used: ['172.18.0.1', '172.18.0.2', 'fc00:f853:ccd:e793::2', '172.18.0.3'],
        attached: [
          { id: 'c1', name: 'east-worker' },
          { id: 'c2', name: 'west-worker' },
        ],
      },
      { id: 'bb', name: 'host', subnets: [], ranges: [], used: [], attached: [] },
      { id: 'cc', name: 'swarm', subnets: [], ranges: [], used: [], attached: [] },
      {
        id: 'ee',
        name: 'lab',
        subnets: ['10.9.0.0/24'],
        ranges: ['10.9.0.0/26'],
        used: ['10.9.0.254', '10.9.0.200'],
        attached: [],
      },
      { id: 'dd', name: 'odd', subnets: [], ranges: [], used: ['10.0.0.1'], attached: [] },
    ])
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
      { id: 'c3', name: 'bare', cluster: '', role: '', running: false, addresses: {} },
    ])
  })

  test('of volumes: name, run, and the reservation of those that hold one', () => {
    const output = [
      'kind-flat-network-lock feedc0de ',
      'kind-flat-network-cafe0001 cafe0001 {"clusters":["east","west"],"subnets":["10.128.0.0/16","fd00::/56"]}',
      '',
    ].join('\n')
    expect(parseVolumes(output)).toEqual([
      { name: 'kind-flat-network-lock', run: 'feedc0de' },
      {
        name: 'kind-flat-network-cafe0001',
        run: 'cafe0001',
        reservation: { clusters: ['east', 'west'], subnets: ['10.128.0.0/16', 'fd00::/56'] },
      },
    ])
    expect(parseVolumes('')).toEqual([])
  })

  test.each(['kind: ClusterConfiguration\n', 'x'.repeat(512), `a: ü\n${'b'.repeat(1000)}\n`])(
    'of a copied text that it is in a tar stream: %j',
    (text) => {
      const header = ['kubeadm.conf'.padEnd(100, '\0'), '0100600\0', '0000000\0', 'ustar\0', '00root']
      const tar = header.join('').padEnd(512, '\0') + text + '\0'.repeat(1024 + (512 - (text.length % 512)))
      expect(parseCopiedText(tar)).toBe(text)
    },
  )

  test('of a mount elsewhere that only looks like ours is no owner', () => {
    const container = (Destination: string) =>
      parseKindContainers(JSON.stringify([{ Id: 'c', Name: '/n', Config: {}, Mounts: [{ Destination }] }]))[0]
    expect(container('/kind-flat-network-data/x')).not.toHaveProperty('run')
    expect(container('/mnt/kind-flat-network/x')).not.toHaveProperty('run')
  })
})

describe('what docker is told', () => {
  test.each([
    [{}, []],
    [{ name: 'kind' }, ['--filter', 'name=^kind$']],
    [{ run: 'feedc0de' }, ['--filter', 'label=kind-flat-network.run=feedc0de']],
  ])('networks are listed by %j', (filter, expected) => {
    expect(listNetworks(filter).slice(6)).toEqual(expected)
  })

  test('a network is made as kind makes it, with MTU and IPv6 only where there are any', () => {
    const bare = createNetwork('kind', 'feedc0de', {})
    expect(bare.slice(3)).toEqual([
      '--driver=bridge',
      '--opt=com.docker.network.bridge.enable_ip_masquerade=true',
      '--label=kind-flat-network.run=feedc0de',
      'kind',
    ])
    const full = createNetwork('kind', 'feedc0de', { mtu: 1450, ipv6Subnet: 'fc00::/64' })
    expect(full.filter((word) => !bare.includes(word))).toEqual([
      '--opt=com.docker.network.driver.mtu=1450',
      '--ipv6',
      '--subnet=fc00::/64',
    ])
  })

  test('containers go with their volumes', () => {
    expect(removeContainers(['a', 'b'])).toEqual(['docker', 'rm', '--force', '--volumes', 'a', 'b'])
  })

  test('a volume carries its run, and what the run takes as one word', () => {
    expect(createVolume('v', 'feedc0de')).toEqual([
      ...['docker', 'volume', 'create', '--label=kind-flat-network.run=feedc0de', 'v'],
    ])
    expect(createVolume('v', 'feedc0de', { clusters: ['a', 'b'], subnets: ['fd00::/56'] }).slice(4)).toEqual([
      '--label=kind-flat-network.reserved={"clusters":["a","b"],"subnets":["fd00::/56"]}',
      'v',
    ])
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
