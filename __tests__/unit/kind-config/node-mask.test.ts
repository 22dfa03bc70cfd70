import { describe, expect, test } from '@jest/globals'
import { nodeMasks } from '../../../src/kind-config/node-mask.js'

const patch = (...lines: string[]) => lines.join('\n')
const masks = (...kubeadmConfigPatches: unknown[]) => nodeMasks({ kubeadmConfigPatches }, [])

/** extraArgs as a map. */
const v1beta3 = patch(
  'kind: ClusterConfiguration',
  'apiVersion: kubeadm.k8s.io/v1beta3',
  'controllerManager:',
  '  extraArgs:',
  '    node-cidr-mask-size: "26"',
)
/** extraArgs as a list. */
const v1beta4 = patch(
  'kind: ClusterConfiguration',
  'apiVersion: kubeadm.k8s.io/v1beta4',
  'controllerManager:',
  '  extraArgs:',
  '  - name: v',
  '    value: "4"',
  '  - name: node-cidr-mask-size-ipv4',
  '    value: "25"',
  '  - {name: node-cidr-mask-size-ipv6, value: "72"}',
)

describe('the masks of the nodes', () => {
  test.each<[string, readonly unknown[], number, number]>([
    ["are kube-controller-manager's own without patches", [], 24, 64],
    ['are those of a map, which is v1beta3', [v1beta3], 26, 26],
    ['are those of a list, which is v1beta4', [v1beta4], 25, 72],
    ['are those of the last patch that has any', [v1beta4, v1beta3, 'kind: InitConfiguration'], 26, 26],
    ['are found in any document of a patch', [`kind: InitConfiguration\n---\n${v1beta4}`], 25, 72],
    ['are numbers without quotes too', ['controllerManager: {extraArgs: {node-cidr-mask-size-ipv6: 80}}'], 24, 80],
    ['are not those of other components', ['apiServer: {extraArgs: {node-cidr-mask-size: "26"}}'], 24, 64],
    [
      'are not what cannot be read, which kind refuses',
      [
        7,
        null,
        '',
        '- a',
        '[',
        'controllerManager:',
        'controllerManager: {extraArgs: 3}',
        'controllerManager: {extraArgs: [3, null]}',
        'controllerManager: {extraArgs: {node-cidr-mask-size: many}}',
        'controllerManager: {extraArgs: {node-cidr-mask-size: 24.5}}',
        'controllerManager: {extraArgs: {constructor: 20}}',
        'controllerManager: *nobody',
        'controllerManager: {extraArgs: {node-cidr-mask-size: 0}}',
        'controllerManager: {extraArgs: {node-cidr-mask-size-ipv4: 33, node-cidr-mask-size-ipv6: 129}}',
      ],
      24,
      64,
    ],
  ])('%s', (_, patches, ipv4, ipv6) => {
    expect(masks(...patches)).toEqual({ ipv4, ipv6 })
  })

  test('may come from the patches of a node', () => {
    expect(nodeMasks({}, [{ role: 'control-plane', kubeadmConfigPatches: [v1beta4] }])).toEqual({ ipv4: 25, ipv6: 72 })
  })

  test('are not looked for in patches that are no list', () => {
    expect(nodeMasks({ kubeadmConfigPatches: v1beta4 }, [])).toEqual({ ipv4: 24, ipv6: 64 })
  })
})
