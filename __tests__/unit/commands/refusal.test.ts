import { expect, test } from '@jest/globals'
import { isConflict, outlookOf } from '../../../src/commands/refusal.js'
import { CommandError } from '../../../src/errors.js'

const failure = (output: string, outcome = 'exit code 1') => new CommandError(['kubectl'], outcome, `${output}\n`)
const rights =
  'nodes is forbidden: User "kubernetes-admin" cannot list resource "nodes" in API group "" at the cluster scope'

test.each([
  'The connection to the server 127.0.0.1:40001 was refused - did you specify the right host or port?',
  'Unable to connect to the server: dial tcp 127.0.0.1:40001: connect: connection refused',
  'Unable to connect to the server: dial tcp 172.18.0.3:6443: i/o timeout',
  'Unable to connect to the server: dial tcp 172.18.0.3:6443: connect: no route to host',
  'Unable to connect to the server: net/http: TLS handshake timeout',
  'Unable to connect to the server: EOF',
  'error: unexpected EOF',
  'Get "https://127.0.0.1:40001/api": read tcp 127.0.0.1:5->127.0.0.1:40001: read: connection reset by peer',
  'Error from server (ServiceUnavailable): the server is currently unable to handle the request',
  'Error from server (Timeout): the server was unable to return a response in the time allotted',
  'Error from server (TooManyRequests): too many requests',
  'Error from server (InternalError): an error on the server ("") has prevented the request from succeeding',
  'Error from server: etcdserver: request timed out',
  'Error from server: etcdserver: leader changed',
  'Error from server (NotFound): configmaps "coredns" not found',
  'Error from server (NotFound): the server could not find the requested resource',
  `error: the server doesn't have a resource type "daemonsets"`,
  'error: no matching resources found',
  'error: timed out waiting for the condition on pods/a',
  'error: no matches for kind "IPAddressPool" in version "metallb.io/v1beta1"',
  'Error from server (Forbidden): daemonsets.apps is forbidden: not yet ready to handle request',
  `Error from server (Forbidden): ${rights}: RBAC: clusterrole.rbac.authorization.k8s.io "cluster-admin" not found`,
  'Error from server (Forbidden): pods "a" is forbidden: unable to create new content in namespace x because it is being terminated',
  'Error from server (InternalError): Internal error occurred: failed calling webhook "x": connect: connection refused',
  'error: error validating "STDIN": error validating data: failed to download openapi: Get "https://127.0.0.1:40001/openapi/v2": EOF',
  'something that nobody knows',
  '',
])('may get better: %s', (output) => {
  expect(outlookOf(failure(output))).toBe('may get better')
})

test.each(['no end within 120 s', 'ended by SIGKILL'])('may get better, when kubectl had %s', (outcome) => {
  expect(outlookOf(failure('', outcome))).toBe('may get better')
})

test.each([
  'Error from server (Invalid): error when creating "STDIN": Service "a" is invalid: spec.ports: Required value',
  'The Service "kube-dns" is invalid: spec.clusterIPs[1]: Invalid value: ["fd00::a"]: provided IP is not in the valid range',
  'Error from server (BadRequest): error when creating "STDIN": DaemonSet in version "v1" cannot be handled',
  'Error from server (Forbidden): services "a" is forbidden: exceeded quota: few',
  'Error from server: admission webhook "v.example.com" denied the request: connection refused',
  'Error from server (Forbidden): error when creating "STDIN": admission webhook "v" denied the request: no',
  'Error from server (Conflict): Operation cannot be fulfilled on configmaps "coredns": the object has been modified',
  'error: You must be logged in to the server (Unauthorized)',
  'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority',
  'error: unknown flag: --nonsense',
  'Error: unknown flag: --nonsense',
  'error: unknown command "gett" for "kubectl"',
  'error: stat /tmp/run/east.kubeconfig: no such file or directory',
  'error: error loading config file "/tmp/run/east.kubeconfig": yaml: line 1: did not find expected node content',
  'Error in configuration: context was not found for specified context: kind-east',
  'error: error parsing STDIN: error converting YAML to JSON: yaml: line 2: mapping values are not allowed',
  'error: error validating "STDIN": error validating data: unknown object type "nil"',
  'Warning: something is deprecated\nError from server (Invalid): no',
])('is final: %s', (output) => {
  expect(outlookOf(failure(output))).toBe('is final')
})

test('is final, when there is no kubectl', () => {
  expect(outlookOf(failure('', 'no such program on the PATH'))).toBe('is final')
})

test('a user without rights may be one whose rights are not read yet', () => {
  expect(outlookOf(failure(`Error from server (Forbidden): ${rights}`))).toBe('is forbidden')
})

test('a conflict is told from other refusals', () => {
  expect(isConflict(failure('Error from server (Conflict): Operation cannot be fulfilled'))).toBe(true)
  expect(isConflict(failure('Error from server (Invalid): a Conflict'))).toBe(false)
})
