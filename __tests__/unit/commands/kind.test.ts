import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { causeOf, createCluster } from '../../../src/commands/kind.js'
import { CommandError } from '../../../src/errors.js'
import { clusters, plan } from '../../fakes/build.js'

test('a cluster is created from the config of the plan, with a kubeconfig of its own', () => {
  const [cluster] = plan({ clusters: clusters(['east', 2, 1]) }).clusters
  if (cluster === undefined) throw new Error('no cluster')
  const { command, input } = createCluster(cluster, '/run/east.kubeconfig')
  expect(command.join(' ')).toBe('kind create cluster --name east --config - --kubeconfig /run/east.kubeconfig')
  expect(parse(input)).toEqual(cluster.kindConfig)
})

describe('the cause of a failure', () => {
  const output = `Creating cluster "east" ...
 • Ensuring node image (kindest/node:v1.34.0) 🖼  ...
 ✗ Preparing nodes 📦
Deleted nodes: ["east-control-plane"]
ERROR: failed to create cluster: could not find a log line that matches "Reached target"

Stack Trace:
sigs.k8s.io/kind/pkg/errors.Errorf
ERROR: something later`

  test.each([
    ['is what kind gives first', output, 'could not find a log line that matches "Reached target"'],
    ['may come without the usual words', 'ERROR: unknown flag: --x', 'unknown flag: --x'],
    ['is how kind ended when it says nothing', 'killed', 'exit code 137'],
  ])('%s', (_, text, cause) => {
    expect(causeOf(new CommandError(['kind'], 'exit code 137', text))).toBe(cause)
  })
})
