import { expect, test } from '@jest/globals'
import { removalHint } from '../../../src/report/removal-hint.js'
import { record } from '../../fakes/build.js'

test.each([
  ['in the directory of the run', '', 'rm -r /tmp/run'],
  ['where the user said', '/home/me/config', 'rm -r /home/me/config /tmp/run'],
])('the hint removes clusters, network, volume and files when the kubeconfig is %s', (_, kubeconfig, files) => {
  expect(removalHint(record({ kubeconfig })).split('\n')).toEqual([
    'everything is left in place (cleanup: false); to remove it:',
    '  kind delete cluster --name cluster1',
    '  kind delete cluster --name cluster2',
    '  docker network prune --force --filter label=kind-flat-network.run=feedc0de',
    '  docker volume rm kind-flat-network-feedc0de',
    `  ${files}`,
  ])
})
