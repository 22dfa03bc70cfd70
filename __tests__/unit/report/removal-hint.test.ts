import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { removalHint } from '../../../src/report/removal-hint.js'
import { clusters, record } from '../../fakes/build.js'

const commands = [
  'to remove by hand what is left:',
  '  docker ps --all --quiet --filter volume=/kind-flat-network/feedc0de | xargs -r docker rm --force --volumes',
  '  docker ps --all --quiet --filter label=kind-flat-network.run=feedc0de | xargs -r docker rm --force --volumes',
  '  docker network prune --force --filter label=kind-flat-network.run=feedc0de',
  '  docker volume rm --force kind-flat-network-feedc0de',
]

test('the hint removes nodes by their mark, what else bears the id, and the files', () => {
  expect(removalHint(record()).split('\n')).toEqual([...commands, '  rm -r -- /tmp/run'])
})

describe('a kubeconfig where the user said', () => {
  const made = record({ kubeconfig: '/home/me/config' })

  test('is removed when the run created it, and it still is that file', () => {
    expect(removalHint({ ...made, kubeconfigFile: 'file 1' }).split('\n')).toEqual([
      ...commands,
      "  grep -qF -- '# Written by kind-flat-network, run feedc0de' /home/me/config && rm -- /home/me/config",
      '  rm -r -- /tmp/run',
    ])
  })

  test('is not named when the run came to another one there', () => {
    expect(removalHint(made)).not.toContain('/home/me/config')
  })
})

test('the hint removes what kind puts before several control planes; of a run that failed it may be of others', () => {
  const made = record({ clusters: clusters(['east', 3, 0], ['west', 1, 1]) })
  const line = '  docker rm --force --volumes east-external-load-balancer'
  expect(removalHint({ ...made, complete: true }).split('\n')).toContain(line)
  expect(removalHint({ ...made, complete: false }).split('\n')).toContain(
    `${line} # unless its cluster is somebody else's`,
  )
  expect(removalHint(made)).not.toContain('west')
})

test('the hint leaves clusters that were reused, and takes this container off the network', () => {
  const { clusters: all, ...others } = record(
    { clusters: clusters(['east', 3, 0]) },
    { container: { id: 'f00', name: 'job', joins: true } },
  )
  const hint = removalHint({ ...others, clusters: all.map((cluster) => ({ ...cluster, reused: true })) })
  expect(hint).not.toContain('east')
  expect(hint).toContain('  docker network disconnect --force kind-flat-network-feedc0de job\n')
})

test('pasted into a shell, the hint means the files that it names and no others', () => {
  const directory = `/tmp/a b; $(id) 'c' "d" *`
  const hint = removalHint(record({ kubeconfig: '-rf /' }, { directory, kubeconfigFile: 'file 1' }))
  const [check = '', line = ''] = hint.split('\n').slice(-2)
  const wordsOf = (command: string) =>
    execFileSync('sh', ['-c', `printf '%s\\n' ${command.trim()}`], { encoding: 'utf8' })
      .split('\n')
      .slice(0, -1)
  expect(check.split('&&').map(wordsOf)).toEqual([
    ['grep', '-qF', '--', '# Written by kind-flat-network, run feedc0de', '-rf /'],
    ['rm', '--', '-rf /'],
  ])
  expect(wordsOf(line)).toEqual(['rm', '-r', '--', directory])
})
