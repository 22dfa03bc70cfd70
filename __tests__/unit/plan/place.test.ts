import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { describeProblem } from '../../../src/errors.js'
import { checkPlace, decidePlace, machineOf, type Place, type PlaceFacts } from '../../../src/plan/place.js'
import { Problems } from '../../../src/model/problems.js'

const socket = 'unix:///var/run/docker.sock'

function factsOf(endpoint: string, more: Partial<PlaceFacts> = {}): PlaceFacts {
  return {
    context: { name: 'default', endpoint },
    rootless: false,
    cgroupVersion: '2',
    limits: true,
    addresses: ['127.0.0.1', '::1', '192.168.1.7', 'fd00::7'],
    ...more,
  }
}

const container = { id: 'c1', name: 'job', networks: ['build'] }

describe('the machine of an endpoint', () => {
  test.each([
    ['unix:///var/run/docker.sock', undefined],
    ['npipe:////./pipe/docker_engine', undefined],
    ['fd://', undefined],
    ['tcp://10.0.0.5:2376', '10.0.0.5'],
    ['tcp://[fd00::5]:2376', 'fd00::5'],
    ['tcp://docker:2375/prefix', 'docker'],
    ['ssh://me@there:22', 'there'],
    ['https://engine.example', 'engine.example'],
    ['', undefined],
  ])('%s: %s', (endpoint, expected) => {
    expect(machineOf(endpoint)).toBe(expected)
  })
})

describe('what names the endpoint', () => {
  test.each([
    ['default', socket, 'the Docker context default'],
    ['default', 'unix:///run/user/1000/docker.sock', 'DOCKER_HOST'],
    ['rootless', 'unix:///run/user/1000/docker.sock', 'the Docker context rootless'],
  ])('context %s with %s: %s', (name, endpoint, expected) => {
    expect(decidePlace(factsOf('', { context: { name, endpoint } })).named).toBe(expected)
  })
})

describe('an engine is', () => {
  test.each<[string, string, string | undefined]>([
    ['of this machine by its socket', socket, undefined],
    ['of this machine by its loopback', 'tcp://127.0.0.1:2375', undefined],
    ['of this machine by the other loopback', 'tcp://[::1]:2375', undefined],
    ['of this machine by a name of loopback', 'ssh://me@localhost', '127.0.1.1'],
    ['of this machine by the address for any', 'tcp://0.0.0.0:2375', undefined],
    ['of this machine by its own address', 'tcp://192.168.1.7:2376', '192.168.1.7'],
    ['of this machine by its own address, written otherwise', 'tcp://[fd00:0:0::7]:2376', undefined],
    ['of this machine by its own name', 'ssh://runner', '192.168.1.7'],
  ])('%s', (_, endpoint, resolved) => {
    const place = decidePlace(factsOf(endpoint, resolved === undefined ? {} : { resolved }))
    expect(place).toEqual({ endpoint, named: expect.any(String), rootless: false })
  })

  test.each<[string, string, string | undefined, string]>([
    ['by address', 'tcp://10.0.0.5:2376', '10.0.0.5', '10.0.0.5'],
    ['by name', 'tcp://docker:2375', '172.18.0.2', '172.18.0.2'],
    ['by a name that only ssh knows', 'ssh://build', undefined, 'build'],
  ])('remote %s', (_, endpoint, resolved, remote) => {
    expect(decidePlace(factsOf(endpoint, resolved === undefined ? {} : { resolved })).remote).toBe(remote)
  })
})

describe('in a container', () => {
  test('of the engine nothing of it is remote', () => {
    expect(
      decidePlace(factsOf('tcp://172.17.0.1:2375', { container: { ...container, networkMode: 'build' } })),
    ).toEqual({
      endpoint: 'tcp://172.17.0.1:2375',
      named: 'DOCKER_HOST',
      rootless: false,
      container,
    })
  })

  test("with the network of the engine's machine it is as outside", () => {
    const place = decidePlace(factsOf(socket, { container: { ...container, networks: ['host'], networkMode: 'host' } }))
    expect(place).toEqual({ endpoint: socket, named: 'the Docker context default', rootless: false })
  })
})

describe('a rootless engine lacks', () => {
  test.each<[string, Partial<PlaceFacts>, Place['rootlessLacks']]>([
    ['nothing', {}, undefined],
    ['cgroup v2', { cgroupVersion: '1' }, 'cgroup v2'],
    ['delegation', { limits: false }, 'delegated cgroup controllers'],
  ])('%s', (_, facts, lacks) => {
    expect(decidePlace(factsOf(socket, { rootless: true, ...facts })).rootlessLacks).toBe(lacks)
  })

  test('what one with root rights may lack', () => {
    expect(decidePlace(factsOf(socket, { cgroupVersion: '1', limits: false }))).not.toHaveProperty('rootlessLacks')
  })
})

describe('problems', () => {
  const endpoint = 'tcp://10.0.0.5:2376'
  const here: Place = { endpoint, named: 'DOCKER_HOST', rootless: false }
  const remote: Place = { ...here, remote: '10.0.0.5' }
  const problemsOf = (place: Place, ...addresses: unknown[]) => {
    const problems = new Problems()
    checkPlace(
      place,
      addresses.map((apiServerAddress, index) => ({ name: `cluster${String(index + 1)}`, apiServerAddress })),
      problems,
    )
    return problems.found.map(describeProblem)
  }

  test('there are none at home, whatever is published', () => {
    expect(problemsOf(here, undefined, '127.0.0.1')).toEqual([])
  })

  test('API servers that a remote machine would publish on its loopback are one problem', () => {
    expect(problemsOf(remote, undefined, '10.0.0.5', '127.0.0.1')).toEqual([
      'DOCKER_HOST: "tcp://10.0.0.5:2376" is another machine, and the API servers of cluster1, cluster3 would be published on its loopback alone; give config: "networking: { apiServerAddress: 10.0.0.5 }", or run there',
    ])
  })

  test.each(['::1', '0.0.0.0', '::', '0:0:0:0:0:0:0:0', 'docker', '', 10])(
    '%p is no address to publish on',
    (address) => {
      expect(problemsOf(remote, address)).toHaveLength(1)
    },
  )

  test.each(['10.0.0.5', 'fd00::5'])('%s is one', (address) => {
    expect(problemsOf(remote, address)).toEqual([])
  })

  test('the remedy is YAML, for each family, and names a machine whose address nobody knows', () => {
    const remedy = (machine: string) =>
      parse(/config: "(.*)"/.exec(problemsOf({ ...remote, remote: machine }, undefined)[0] ?? '')?.[1] ?? '') as unknown
    expect(remedy('fd00::5')).toEqual({ networking: { apiServerAddress: 'fd00::5' } })
    expect(remedy('build')).toEqual({ networking: { apiServerAddress: '<address of build>' } })
  })

  test('a rootless engine that cannot run nodes is named with what it takes', () => {
    const rootless = { endpoint, named: 'the Docker context rootless', rootless: true } as const
    expect(problemsOf({ ...rootless, rootlessLacks: 'cgroup v2' })).toEqual([
      'the Docker context rootless: "tcp://10.0.0.5:2376" is a rootless engine without cgroup v2; boot its machine with it, or use an engine that is not rootless (https://kind.sigs.k8s.io/docs/user/rootless/)',
    ])
    expect(problemsOf({ ...rootless, rootlessLacks: 'delegated cgroup controllers' })).toEqual([
      expect.stringContaining('set Delegate=yes for user@.service of systemd'),
    ])
  })

  test('a container without a network is told', () => {
    expect(problemsOf({ ...here, container: { ...container, networks: ['none'] } })).toEqual([
      expect.stringContaining('this container job'),
    ])
  })
})
