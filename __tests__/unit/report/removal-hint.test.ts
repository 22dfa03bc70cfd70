import { expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { removalHint } from '../../../src/report/removal-hint.js'
import { record } from '../../fakes/build.js'

test.each([
  ['in the directory of the run', '', 'rm -r -- /tmp/run'],
  ['where the user said', '/home/me/config', 'rm -r -- /home/me/config /tmp/run'],
])('the hint removes clusters, network, volume and files when the kubeconfig is %s', (_, kubeconfig, files) => {
  expect(removalHint(record({ kubeconfig })).split('\n')).toEqual([
    'to remove by hand what is left:',
    '  kind delete cluster --name cluster1 --kubeconfig /tmp/run/cluster1.kubeconfig',
    '  kind delete cluster --name cluster2 --kubeconfig /tmp/run/cluster2.kubeconfig',
    '  docker ps --all --quiet --filter label=kind-flat-network.run=feedc0de | xargs -r docker rm --force --volumes',
    '  docker network prune --force --filter label=kind-flat-network.run=feedc0de',
    '  docker volume rm --force kind-flat-network-feedc0de',
    `  ${files}`,
  ])
})

test('the hint leaves clusters that were reused, and takes this container off the network', () => {
  const { clusters, ...others } = record({}, { container: { id: 'f00', name: 'job', joins: true } })
  const hint = removalHint({ ...others, clusters: clusters.map((cluster) => ({ ...cluster, reused: true })) })
  expect(hint).not.toContain('delete cluster')
  expect(hint).toContain('  docker network disconnect --force kind-flat-network-feedc0de job\n')
})

test('pasted into a shell, the hint means the files that it names and no others', () => {
  const directory = `/tmp/a b; $(id) 'c' "d" *`
  const hint = removalHint(record({ kubeconfig: '-rf /' }, { directory }))
  const line = hint.split('\n').at(-1) ?? ''
  const words = execFileSync('sh', ['-c', `printf '%s\\n' ${line.trim()}`], { encoding: 'utf8' }).split('\n')
  expect(words).toEqual(['rm', '-r', '--', '-rf /', directory, ''])
})
