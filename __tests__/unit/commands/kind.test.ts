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
    [
      'is what docker says when a node does not start',
      `ERROR: failed to create cluster: command "docker run --name east-control-plane kindest/node:v1.34.0" failed with error: exit status 125

Command Output: 0f58dc6b41fdd616ee663b2a1bc0734588799a3815b6d6ee4e38029b1addc0b0
docker: Error response from daemon: driver failed programming external connectivity on endpoint east-control-plane: Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use

Run 'docker run --help' for more information`,
      'docker: Error response from daemon: driver failed programming external connectivity on endpoint east-control-plane: Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use',
    ],
    [
      'is the phase that kubeadm did not get through',
      `ERROR: failed to create cluster: failed to init node with kubeadm: command "docker exec --privileged east-control-plane kubeadm init --v=6" failed with error: exit status 1

Command Output: I1125 16:23:12.592434     151 initconfiguration.go:260] loading configuration from "/kind/kubeadm.conf"
W1125 16:23:12.593202     151 common.go:100] your configuration file uses a deprecated API spec
[init] Using Kubernetes version: v1.34.4
A control plane component may have crashed or exited when started by the container runtime.
error execution phase wait-control-plane: failed while waiting for the control plane to start: kube-apiserver check failed
github.com/spf13/cobra.(*Command).Execute`,
      'failed to init node with kubeadm: error execution phase wait-control-plane: failed while waiting for the control plane to start: kube-apiserver check failed',
    ],
    [
      'is what kubeadm does not take in its config',
      `ERROR: failed to create cluster: failed to init node with kubeadm: command "docker exec east-control-plane kubeadm init" failed with error: exit status 1

Command Output: I1125 16:13:18.643613     153 initconfiguration.go:260] loading configuration from "/kind/kubeadm.conf"
networking.dnsDomain: Invalid value: "-bad-": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters
k8s.io/kubernetes/cmd/kubeadm/app/cmd.NewCmdInit`,
      'failed to init node with kubeadm: networking.dnsDomain: Invalid value: "-bad-": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters',
    ],
    [
      'is why an image cannot be pulled',
      `ERROR: failed to create cluster: failed to pull image "kindest/no-such:v1": command "docker pull kindest/no-such:v1" failed with error: exit status 1

Command Output: Error response from daemon: pull access denied for kindest/no-such`,
      'failed to pull image "kindest/no-such:v1": Error response from daemon: pull access denied for kindest/no-such',
    ],
    [
      'is the command where its output tells nothing',
      'ERROR: failed to create cluster: failed to join node: command "docker exec a" failed with error: exit status 1',
      'failed to join node: command "docker exec a" failed with error: exit status 1',
    ],
    ['may come without the usual words', 'ERROR: unknown flag: --x', 'unknown flag: --x'],
    ['is how kind ended when it says nothing', 'killed', 'exit code 137'],
  ])('%s', (_, text, cause) => {
    expect(causeOf(new CommandError(['kind'], 'exit code 137', text))).toBe(cause)
  })
})
