import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { parse } from 'yaml'
import { fileCommands, Machine, messages, onMachine, runnerFiles, type Outcome } from './machine.js'
import { actionNode, installMilliseconds, nodes } from './nodes.js'

const testMilliseconds = 60_000

const initFails = {
  match: '^docker exec --privileged beta-control-plane kubeadm init',
  exit: 1,
  stderr: 'error: context deadline exceeded in wait-control-plane\n',
}
const three = { clusters: '[alpha, beta, gamma]', wait: '30s' }

describe.each(nodes)('main on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  describe('with two clusters of different size', () => {
    let machine: Machine
    let outcome: Outcome
    let outputs: Map<string, string>
    beforeAll(async () => {
      machine = new Machine(node, [])
      outcome = await machine.main(
        {
          clusters: '[{ name: alpha, workers: 1 }, beta]',
          'pod-supernet': '10.40.0.0/14',
          'service-supernet': '10.44.0.0/14',
          wait: '30s',
        },
        // a user's own settings for kind, which must not change what is made
        { KIND_EXPERIMENTAL_PROVIDER: 'podman', KIND_EXPERIMENTAL_DOCKER_NETWORK: 'web_default' },
      )
      outputs = fileCommands(machine.read(runnerFiles.GITHUB_OUTPUT))
    }, testMilliseconds)
    afterAll(() => machine.dispose())

    const output = (name: string) => JSON.parse(outputs.get(name) ?? 'null') as unknown
    const directory = () => machine.saved()?.directory ?? ''

    test('succeeds without an error or a warning', () => {
      expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code: 0, stderr: '' })
      expect([...messages('error', outcome), ...messages('warning', outcome)]).toEqual([])
    })

    test('tells the paths of the kubeconfigs', () => {
      expect(outputs.get('kubeconfig')).toBe(`${directory()}/kubeconfig`)
      expect(output('kubeconfigs')).toEqual({
        alpha: `${directory()}/alpha.kubeconfig`,
        beta: `${directory()}/beta.kubeconfig`,
      })
      expect(dirname(directory())).toBe(machine.path('temp'))
    })

    test('tells the clusters, with subnets from the supernets that were given', () => {
      const own = {
        address: expect.stringMatching(/^172\.21\.0\.\d+$/),
        addresses: [expect.stringMatching(/^172\.21\.0\.\d+$/)],
      }
      const part = (podCIDR: string) => ({ podCIDR, podCIDRs: [podCIDR] })
      expect(output('clusters')).toEqual([
        {
          name: 'alpha',
          context: 'kind-alpha',
          networks: ['default'],
          podSubnet: '10.40.0.0/16',
          podSubnets: ['10.40.0.0/16'],
          serviceSubnet: '10.44.0.0/16',
          serviceSubnets: ['10.44.0.0/16'],
          loadBalancerSubnet: '172.21.254.0/24',
          loadBalancerSubnets: ['172.21.254.0/24'],
          nodes: [
            { name: 'alpha-control-plane', role: 'control-plane', ...own, ...part('10.40.0.0/24') },
            { name: 'alpha-worker', role: 'worker', ...own, ...part('10.40.1.0/24') },
          ],
        },
        {
          name: 'beta',
          context: 'kind-beta',
          networks: ['default'],
          podSubnet: '10.41.0.0/16',
          podSubnets: ['10.41.0.0/16'],
          serviceSubnet: '10.45.0.0/16',
          serviceSubnets: ['10.45.0.0/16'],
          loadBalancerSubnet: '172.21.253.0/24',
          loadBalancerSubnets: ['172.21.253.0/24'],
          nodes: [{ name: 'beta-control-plane', role: 'control-plane', ...own, ...part('10.41.0.0/24') }],
        },
      ])
    })

    test('tells every pair of nodes of different clusters, seen with its own address', () => {
      const pods = {
        'alpha-control-plane': '10.40.0.5',
        'alpha-worker': '10.40.1.5',
        'beta-control-plane': '10.41.0.5',
      }
      const end = (name: keyof typeof pods) => ({ cluster: name.split('-')[0], node: name, address: pods[name] })
      const pair = (from: keyof typeof pods, to: keyof typeof pods) => ({
        from: end(from),
        to: end(to),
        family: 'ipv4',
        joined: true,
        reachable: true,
        source: pods[from],
        ownAddress: true,
        latency: 0.412,
      })
      expect(output('connectivity')).toEqual([
        pair('alpha-control-plane', 'beta-control-plane'),
        pair('alpha-worker', 'beta-control-plane'),
        pair('beta-control-plane', 'alpha-control-plane'),
        pair('beta-control-plane', 'alpha-worker'),
      ])
    })

    test('sets KUBECONFIG for the steps that follow', () => {
      expect(fileCommands(machine.read(runnerFiles.GITHUB_ENV)).get('KUBECONFIG')).toBe(`${directory()}/kubeconfig`)
    })

    test('saved the run before it changed anything', () => {
      const [first] = machine.changes()
      expect(first?.line).toMatch(/^docker volume create .* kind-flat-network-lock$/)
      expect(JSON.parse(first?.record ?? '')).toMatchObject({
        run: first?.run,
        directory: directory(),
        complete: false,
        cleanup: true,
        clusters: [{ name: 'alpha' }, { name: 'beta' }],
      })
      expect(machine.record()).toMatchObject({ run: first?.run, complete: true })
    })

    test('gives every command the id of the run', () => {
      expect(new Set(machine.calls().map(({ run }) => run))).toEqual(new Set([machine.record()?.run]))
    })

    test('writes a job summary with graph, table and matrix', () => {
      const summary = machine.read(runnerFiles.GITHUB_STEP_SUMMARY)
      expect(summary).toMatch(/```mermaid\ngraph LR\n {2}subgraph [^]*alpha-worker[^]*c0 <--> c1\n```/)
      expect(summary).toContain(
        '| alpha | `kind-alpha` | default | 10.40.0.0/16 | 10.44.0.0/16 | alpha-control-plane 172.21.',
      )
      expect(summary).toContain("4/4 pod pairs reachable, 4/4 with the pod's own address")
      expect(summary).toContain('| beta-control-plane | ✓ 0.4 ms | ✓ 0.4 ms | · |')
    })

    test('writes a merged kubeconfig that only its owner can reach, with a context for each cluster', () => {
      const path = outputs.get('kubeconfig') ?? ''
      const mode = (file: string) => (statSync(file).mode & 0o777).toString(8)
      expect({ file: mode(path), directory: mode(dirname(path)) }).toEqual({ file: '600', directory: '700' })
      const config = parse(machine.read(path.slice(machine.root.length + 1))) as { contexts: { name: string }[] }
      expect(config).toMatchObject({ 'current-context': 'kind-alpha' })
      expect(config.contexts.map(({ name }) => name)).toEqual(['kind-alpha', 'kind-beta'])
    })

    test('leaves clusters on a network of the run alone, what it takes in writing, and neither lock nor probe', () => {
      const { containers, networks, volumes, pods } = machine.engine()
      const { run = '' } = machine.record() ?? {}
      const own = containers.filter(({ name }) => /^(alpha|beta)-/.test(name))
      const name = `kind-flat-network-${run}`
      expect(own.map(({ addresses = {} }) => Object.keys(addresses))).toEqual([[name], [name], [name]])
      expect(networks.filter(({ labels }) => 'kind-flat-network.run' in labels)).toMatchObject([{ name }])
      expect(volumes).toMatchObject([{ name }])
      expect(JSON.parse(volumes[0]?.labels['kind-flat-network.reserved'] ?? '')).toEqual({
        version: 1,
        clusters: ['alpha', 'beta'],
        subnets: ['10.40.0.0/16', '10.44.0.0/16', '10.41.0.0/16', '10.45.0.0/16'],
        dockerNetwork: name,
        loadBalancerSubnets: { alpha: ['172.21.254.0/24'], beta: ['172.21.253.0/24'] },
      })
      expect(pods).toEqual([])
    })
  })

  test.each([
    {
      what: 'inputs that cannot be read',
      inputs: {
        workers: '-1',
        wait: 'soon',
        clusters: '[{ name: Alpha, pod-subnet: 10.0.0.1/8, worker: 2 }]',
        verify: 'no',
      },
      problems: [
        'workers: "-1" is not a number of nodes; use a whole number from 0 to 1000',
        'clusters[0].worker: is not a cluster setting; did you mean workers?',
        'clusters[0].pod-subnet: "10.0.0.1/8" has host bits set; the subnet is 10.0.0.0/8',
        'wait: "soon" is no duration; give one such as 90s, 5m or 1h30m',
        'verify: "no" is neither true nor false; give one of them',
        'clusters[0].name: "Alpha" is no DNS label; use lower-case letters, digits and -, with a letter or digit at both ends',
      ],
    },
    {
      what: 'inputs that the machine has no room for',
      inputs: { clusters: '[{ name: theirs }, { name: Beta }, { name: gamma, pod-subnet: 172.20.0.0/16 }]' },
      problems: [
        'clusters[0].name: "theirs" is a kind cluster that exists already; give another name, or remove it with: kind delete cluster --name theirs',
        'clusters[1].name: "Beta" is no DNS label; use lower-case letters, digits and -, with a letter or digit at both ends',
        'clusters[2].pod-subnet: "172.20.0.0/16" overlaps the Docker network web_default (172.20.0.0/16); give a subnet that does not',
      ],
    },
  ])(
    'tells every problem of $what, and makes nothing',
    ({ inputs, problems }) =>
      onMachine(node, async (machine) => {
        const outcome = await machine.main(inputs)
        expect(outcome.code).toBe(1)
        expect(messages('error', outcome)).toEqual([problems.join('\n')])
        expect(machine.saved()).toBeUndefined()
        expect(machine.changes()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'names the cluster that kind could not create, shows what kind said, and removes what was made',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [initFails] })
        const before = machine.engine()
        const outcome = await machine.main(three)
        expect(outcome.code).toBe(1)
        const [message = ''] = messages('error', outcome)
        expect(message).toMatch(/^cluster beta was not created: failed to init node with kubeadm/)
        expect(message).toContain('kind create cluster --name beta')
        expect(message).toContain('exit code 1')
        expect(message).toContain('context deadline exceeded in wait-control-plane')
        expect(machine.engine()).toEqual(before)
        expect(machine.processes()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'names docker when that is missing, and makes nothing',
    () =>
      onMachine(
        node,
        async (machine) => {
          const outcome = await machine.main({})
          expect(outcome.code).toBe(1)
          expect(messages('error', outcome)).toEqual([
            'docker is needed and does not run (no such program on the PATH); put it on the PATH',
          ])
          expect(machine.saved()).toBeUndefined()
          expect(machine.changes()).toEqual([])
        },
        ['docker'],
      ),
    testMilliseconds,
  )
})

describe.each([actionNode])('main that fails late on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  test(
    'tells the cause of a failure also when removing fails',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [initFails, { match: '^docker rm ', exit: 1, stderr: 'cannot kill container\n' }] })
        const outcome = await machine.main(three)
        expect(outcome.code).toBe(1)
        expect(messages('error', outcome)).toEqual([expect.stringMatching(/^cluster beta was not created: /)])
        expect(messages('warning', outcome)).toEqual([expect.stringContaining('cannot kill container')])
      }),
    testMilliseconds,
  )

  test.each([
    {
      what: 'that gets no answer',
      fault: { silent: ['alpha-control-plane > beta-control-plane'] },
      seen: /^alpha-control-plane \(pod 10\.128\.0\.5\) → beta-control-plane \(pod 10\.129\.0\.5\): no answer$/,
    },
    {
      what: 'that is seen with another address',
      fault: { masquerading: ['beta-control-plane'] },
      seen: /^beta-control-plane \(pod 10\.129\.0\.5\) → alpha-control-plane \(pod 10\.128\.0\.5\): seen as 172\.21\.0\.\d of beta-control-plane, not as 10\.129\.0\.5$/,
    },
  ])(
    'fails for a pair $what, names both ends, and removes everything',
    ({ fault, seen }) =>
      onMachine(node, async (machine) => {
        machine.script(fault)
        const before = machine.engine()
        const outcome = await machine.main({ clusters: '[alpha, beta]', wait: '30s' })
        expect(outcome.code).toBe(1)
        const [head, ...pairs] = messages('error', outcome).join('\n').split('\n')
        expect(head).toBe('the network is not flat: 1 of 2 pairs of nodes are broken')
        expect(pairs.map((line) => line.trim())).toEqual([expect.stringMatching(seen)])
        expect(fileCommands(machine.read(runnerFiles.GITHUB_OUTPUT)).size).toBe(0)
        expect(machine.engine()).toEqual(before)
      }),
    testMilliseconds,
  )
})
