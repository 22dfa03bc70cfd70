import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { execa } from 'execa'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineState, nodeImage } from './support/engine.js'
import { Terminal } from './support/terminal.js'

jest.setTimeout(600_000)

const patch = 'kind: ClusterConfiguration\nnetworking: {podSubnet: 10.50.0.0/16, serviceSubnet: 10.60.0.0/16}\n'
const config = JSON.stringify({ kubeadmConfigPatches: [patch] })

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flat-network-kind-'))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

test('a kubeadm patch that gives all clusters the same subnets is refused in the plan', async () => {
  const terminal = await Terminal.open()
  try {
    const { code, stderr } = await terminal.run('up', '--clusters', '2', '--config', config)
    expect({ code, problems: stderr.trim().split('\n').slice(-2) }).toEqual({
      code: 2,
      problems: [
        expect.stringMatching(
          /^config\.kubeadmConfigPatches\[0\]: sets networking\.podSubnet to 10\.50\.0\.0\/16 in every cluster/,
        ),
        expect.stringMatching(/^config\.kubeadmConfigPatches\[0\]: sets networking\.serviceSubnet to 10\.60\.0\.0\/16/),
      ],
    })
  } finally {
    await terminal.close()
  }
})

test('the same patch, unseen by the plan, is found on the nodes', async () => {
  const { stdout: kind } = await execa('bash', ['-c', 'command -v kind'])
  // stands before kind on the PATH, and adds to the config what the plan did not see
  const script = [
    '#!/usr/bin/env bash',
    `if [[ $1 != create ]]; then exec '${kind}' "$@"; fi`,
    `{ cat; printf '%s\\n' "kubeadmConfigPatches: $PATCHES"; } | '${kind}' "$@"`,
  ]
  await writeFile(join(directory, 'kind'), script.join('\n'), { mode: 0o755 })
  const before = await engineState()
  const PATH = `${directory}:${process.env['PATH'] ?? ''}`
  const terminal = await Terminal.open({ PATH, PATCHES: JSON.stringify([patch]) })
  try {
    const { code, stderr } = await terminal.run('up', '--clusters', '[plan-a, plan-b]', '--node-image', nodeImage)
    expect(code).toBe(1)
    const said = stderr.slice(stderr.indexOf('clusters use other addresses than planned'))
    for (const [cluster, pods, services] of [
      ['plan-a', '10.128.0.0/16', '10.192.0.0/16'],
      ['plan-b', '10.129.0.0/16', '10.193.0.0/16'],
    ]) {
      expect(said).toContain(
        `node ${String(cluster)}-control-plane has the podCIDR 10.50.0.0/24, outside the planned pod subnet ${String(pods)} of cluster ${String(cluster)}`,
      )
      expect(said).toContain(
        `the DNS service of cluster ${String(cluster)} has the address 10.60.0.10, outside its planned service subnet ${String(services)}`,
      )
    }
    expect(await engineState()).toEqual(before)
  } finally {
    await terminal.close()
  }
})
