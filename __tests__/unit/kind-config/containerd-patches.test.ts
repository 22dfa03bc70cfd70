import { describe, expect, test } from '@jest/globals'
import { checkContainerdPatches, mirrorPatches } from '../../../src/kind-config/containerd-patches.js'

describe('patches that containerd cannot take', () => {
  test('are reported with their place', () => {
    const problems = checkContainerdPatches({ containerdConfigPatches: ['version = 2', 'a = '] })
    expect(problems).toEqual([
      {
        path: 'containerdConfigPatches[1]',
        value: undefined,
        message: expect.stringMatching(/^is not TOML: [^\n]* at line \d+, column \d+$/) as unknown,
      },
    ])
  })

  test.each(['{}', 'x', '[null]', '[1]', '- op: add'])('are no operations in JSON: %j', (patch) => {
    expect(checkContainerdPatches({ containerdConfigPatchesJSON6902: ['[]', patch] })).toEqual([
      {
        path: 'containerdConfigPatchesJSON6902[1]',
        value: patch,
        message: 'must be a list of operations in JSON (RFC 6902)',
      },
    ])
    expect(mirrorPatches({ containerdConfigPatchesJSON6902: [patch] })).toEqual([])
  })
})

describe('mirrors', () => {
  test.each([
    '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."localhost:5001"]\nendpoint = ["http://registry:5000"]',
    '[plugins."io.containerd.cri.v1.images".registry]\nmirrors = {}',
    'plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io".endpoint = []',
  ])('are found in a patch: %j', (patch) => {
    expect(mirrorPatches({ containerdConfigPatches: ['version = 2', patch] })).toEqual(['containerdConfigPatches[1]'])
  })

  test('are found in a JSON patch', () => {
    const path = '/plugins/io.containerd.grpc.v1.cri/registry/mirrors/docker.io'
    expect(
      mirrorPatches({ containerdConfigPatchesJSON6902: [JSON.stringify([{ op: 'add', path, value: {} }])] }),
    ).toEqual(['containerdConfigPatchesJSON6902[0]'])
  })

  test.each([
    '[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"',
    'mirrors = 1',
    'plugins = 1',
    '[plugins]\nx.registry = 1979-05-27T07:32:00Z',
    'a = ',
  ])('are not there: %j', (patch) => {
    expect(mirrorPatches({ containerdConfigPatches: [patch] })).toEqual([])
  })
})
