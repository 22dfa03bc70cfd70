import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Job } from './support/action.js'
import { docker, engineState, nodeImage } from './support/engine.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(600_000)

const directoryOverFile =
  'config: {nodes: [{role: control-plane, extraMounts: [{hostPath: /no/such, containerPath: /etc/hostname}]}]}'
const impossibleDomain =
  'config: {kubeadmConfigPatches: ["{kind: ClusterConfiguration, networking: {dnsDomain: -bad-}}"]}'

test.each([
  [
    'a node that docker does not start',
    directoryOverFile,
    /^::error::cluster flat-bad was not created: docker: Error response from daemon: .*\/etc\/hostname/m,
  ],
  [
    'a config that kubeadm does not take',
    impossibleDomain,
    /^::error::cluster flat-bad was not created: failed to init node with kubeadm: networking\.dnsDomain: Invalid value/m,
  ],
  [
    'a node image that cannot be had',
    'node-image: "localhost:1/no/such:image"',
    /^::error::the node image localhost:1\/no\/such:image cannot be pulled: /m,
  ],
])('%s: its cause comes first, and nothing is left', async (_, bad, message) => {
  const before = await engineState()
  const job = await Job.create()
  try {
    const clusters = `[flat-good, {name: flat-bad, ${bad}}]`
    const { code, log } = await job.startMain({ clusters, 'node-image': nodeImage }).ended
    expect(code).toBe(1)
    expect(log).toMatch(message)
    expect(await engineState()).toEqual(before)
    expect(await job.leftFiles()).toEqual([])
    expect((await job.post()).code).toBe(0)
  } finally {
    await job.post()
    await job.remove()
  }
})

describe('a flat network that was broken by hand', () => {
  let terminal: Terminal
  let before: Awaited<ReturnType<typeof engineState>>
  let serviceSubnet: string

  beforeAll(async () => {
    before = await engineState()
    terminal = await Terminal.open()
    const { clusters } = await terminal.up('[flat-one, flat-two]')
    serviceSubnet = clusters[1]?.serviceSubnet ?? ''
  })

  afterAll(() => terminal.close())

  const node = 'flat-one-control-plane'

  test("verify names the nodes that do not reach a cluster's ClusterIPs", async () => {
    // kube-proxy puts its own rules right again, and knows nothing of this one
    const rule = ['PREROUTING', '--destination', serviceSubnet, '--jump', 'ACCEPT']
    await docker('exec', 'flat-two-control-plane', 'iptables', '-t', 'nat', '-I', ...rule)
    try {
      const { code, stderr } = await terminal.run('verify')
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /the network is not flat: 1 of 2 Services are not as they should be\n {2}flat-one-control-plane .* → a Service of cluster flat-two .*: no answer/,
      )
    } finally {
      await docker('exec', 'flat-two-control-plane', 'iptables', '-t', 'nat', '-D', ...rule)
    }
    expect((await terminal.run('verify')).code).toBe(0)
  })

  test.each([
    [
      'masquerade',
      ['iptables', '-t', 'nat', '-F', 'KIND-FLAT-NETWORK'],
      /flat-one-control-plane .* → flat-two-control-plane .*: seen as \S+ of flat-one-control-plane, not as 10\./,
    ],
    [
      'a lost route',
      ['ip', 'route', 'flush', 'proto', '171'],
      /flat-one-control-plane .* → flat-two-control-plane .*: no answer/,
    ],
  ])('verify names the pair that is broken by %s, with both ends', async (_, breakIt, message) => {
    await docker('exec', node, ...breakIt)
    const { code, stderr } = await terminal.run('verify')
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
  })

  test('down removes everything', async () => {
    expect((await terminal.run('down', '--json')).code).toBe(0)
    expect(await engineState()).toEqual(before)
    expect(await terminal.runs()).toEqual([])
  })
})
