import { beforeEach, describe, expect, test } from '@jest/globals'
import { CommandError } from '../../../src/errors.js'
import { askEngine } from '../../../src/steps/engine-trouble.js'
import { fails, type PlainReply } from '../../fakes/recording-runner.js'
import { fakeWorld, type FakeWorld } from '../../fakes/world.js'

let world: FakeWorld

beforeEach(() => {
  world = fakeWorld()
  at('unix:///var/run/docker.sock')
})

function at(endpoint: string, name = 'default'): void {
  const context = { Name: name, Endpoints: { docker: { Host: endpoint } } }
  world.runner.on('docker context inspect', JSON.stringify(context))
}

/** What is told when `docker info` ends so. */
async function explain(reply: PlainReply): Promise<Error> {
  world.runner.on('docker info', reply)
  const failure = await askEngine(world).catch((error: unknown) => error)
  if (!(failure instanceof Error)) throw new Error('there is an engine')
  return failure
}

const told = async (reply: PlainReply) => (await explain(reply)).message

/** As clients of 23 to 29 print it: words on standard error, and a document that tells nothing. */
const failsToday = (words: string) =>
  fails(`${words}\n{"ID":"","ServerVersion":"","ClientInfo":{"Version":"28.2.2"}}\n`)
/** As those of 20.10 print it, with success; and all where somebody answers who is no engine. */
const succeeds = (words: string) => JSON.stringify({ ServerErrors: [words], ClientInfo: {} })

test('an engine that answers is asked once, within bounds', async () => {
  world.runner.on('docker info', '{"ServerVersion":"28.3.0"}')
  expect(await askEngine(world)).toBe('{"ServerVersion":"28.3.0"}')
  expect(world.runner.lines()).toEqual(['docker info --format {{json .}}'])
  expect(world.runner.calls[0]?.options.timeoutSeconds).toBe(20)
})

test('what docker said is the cause', async () => {
  const words = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'
  const { cause } = await explain(failsToday(words))
  expect(cause).toBeInstanceOf(CommandError)
  expect((cause as CommandError).output).toContain(words)
  expect(((await explain(succeeds(words))).cause as CommandError).output).toBe(words)
})

describe('nobody listens at a socket', () => {
  const socket = 'unix:///var/run/docker.sock'
  const here = `the Docker engine at ${socket} (the Docker context default) is not there`
  const daemon = `Cannot connect to the Docker daemon at ${socket}. Is the docker daemon running?`

  test.each([
    ['20.10', succeeds(daemon)],
    ['28', failsToday(daemon)],
    [
      '29',
      failsToday(
        `failed to connect to the docker API at ${socket}; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory`,
      ),
    ],
  ])('as docker %s tells it', async (_, reply) => {
    expect(await told(reply)).toBe(
      `${here}: nobody listens; start it with "sudo systemctl start docker", or name another in DOCKER_HOST`,
    )
  })

  test('of a user', async () => {
    at('unix:///run/user/1000/docker.sock', 'rootless')
    expect(await told(failsToday(daemon))).toContain(
      '(the Docker context rootless) is not there: nobody listens; start it with "systemctl --user start docker"',
    )
  })

  test('in a container', async () => {
    world.files.content.set('/proc/self/mountinfo', '5 4 0:1 /hosts /etc/hosts rw - tmpfs tmpfs rw\n')
    expect(await told(failsToday(daemon))).toBe(
      `${here}; start this container with --volume /var/run/docker.sock:/var/run/docker.sock, or name an engine in DOCKER_HOST`,
    )
  })

  test.each(['darwin/arm64', 'win32/x64'])('on %s', async (platform) => {
    world = { ...world, platform }
    expect(await told(failsToday(daemon))).toBe(
      `${here}; GitHub's runners for macOS and Windows have none, so use runs-on: ubuntu-latest, or start one, such as Docker Desktop`,
    )
  })
})

describe('a user without permission', () => {
  const request =
    'Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.50/info": dial unix /var/run/docker.sock: connect: permission denied'
  const old = `permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: ${request}`
  const who =
    'the Docker engine at unix:///var/run/docker.sock (the Docker context default) is not for the user me (1000)'

  beforeEach(() => {
    world.machine.groups.set('/var/run/docker.sock', 117)
    world.files.content.set('/etc/group', 'root:x:0:\ndocker:x:117:you\nmore:x:1170:\n')
  })

  test.each([
    ['20.10', succeeds(old)],
    ['28', failsToday(old)],
    ['29', failsToday('permission denied while trying to connect to the docker API at unix:///var/run/docker.sock')],
  ])('joins the group of the socket, as docker %s tells it', async (_, reply) => {
    expect(await told(reply)).toBe(
      `${who}: /var/run/docker.sock belongs to the group docker; run "sudo usermod --append --groups docker me" and log in again`,
    )
  })

  test('joins a group that has no name by its number', async () => {
    world.files.content.delete('/etc/group')
    expect(await told(failsToday(old))).toContain('--groups 117 me')
  })

  test('gets the group with the container', async () => {
    world.files.content.set('/proc/self/mountinfo', '5 4 0:1 /hosts /etc/hosts rw - tmpfs tmpfs rw\n')
    expect(await told(failsToday(old))).toBe(
      `${who}: /var/run/docker.sock belongs to the group 117; start the container with --group-add 117`,
    )
  })

  test("is not told to join root's group", async () => {
    world.machine.groups.set('/var/run/docker.sock', 0)
    expect(await told(failsToday(old))).toBe(
      `${who}: /var/run/docker.sock belongs to the group root; run as root, or have the engine give it to another group (dockerd --group docker)`,
    )
  })

  test('that cannot even see the socket has the engine of another', async () => {
    world.machine.groups.clear()
    expect(await told(failsToday(old))).toBe(
      `${who}; run as the user whose engine it is, or name your own in DOCKER_HOST`,
    )
  })
})

const lookup = 'lookup no-such-name.invalid on 10.255.255.53:53: no such host'
const certificates = 'put the right ca.pem, cert.pem and key.pem in the directory that DOCKER_CERT_PATH names'

describe('an endpoint in DOCKER_HOST', () => {
  test.each<[string, string, PlainReply, string]>([
    [
      'whose name does not resolve, 20.10',
      'tcp://no-such-name.invalid:2375',
      succeeds(`error during connect: Get "http://no-such-name.invalid:2375/v1.24/info": dial tcp: ${lookup}`),
      'cannot be found: no-such-name.invalid does not resolve; correct the name in DOCKER_HOST',
    ],
    [
      'whose name does not resolve, 29',
      'tcp://no-such-name.invalid:2375',
      failsToday(
        'failed to connect to the docker API at tcp://no-such-name.invalid:2375: lookup no-such-name.invalid: no such host',
      ),
      'cannot be found: no-such-name.invalid does not resolve; correct the name in DOCKER_HOST',
    ],
    [
      'where nobody listens',
      'tcp://127.0.0.1:1',
      failsToday('Cannot connect to the Docker daemon at tcp://127.0.0.1:1. Is the docker daemon running?'),
      'is not there: nobody listens; start it with that address (dockerd --host), or correct DOCKER_HOST',
    ],
    [
      'that never answers',
      'tcp://192.0.2.1:2375',
      fails('', 'no end within 20 s'),
      'gives no answer for 20 s; check that its machine is up and that no firewall is between, or correct DOCKER_HOST',
    ],
    [
      'without a way to it',
      'tcp://[2001:db8::1]:2375',
      failsToday(
        'error during connect: Get "http://[2001:db8::1]:2375/v1.50/info": dial tcp [2001:db8::1]:2375: connect: no route to host',
      ),
      'is out of reach (no route to host); connect to its network, or correct DOCKER_HOST',
    ],
    [
      'that wants TLS',
      'tcp://10.0.0.5:2376',
      failsToday('Error response from daemon: Client sent an HTTP request to an HTTPS server.'),
      'wants TLS; set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory with ca.pem, cert.pem and key.pem',
    ],
    [
      'that speaks no TLS',
      'tcp://localhost:2375',
      failsToday(
        'error during connect: Get "https://localhost:2375/v1.50/info": tls: first record does not look like a TLS handshake',
      ),
      'speaks no TLS; unset DOCKER_TLS_VERIFY, or give DOCKER_HOST the port with TLS, usually 2376',
    ],
    [
      'that speaks no TLS, in other words',
      'tcp://localhost:2375',
      failsToday(
        'error during connect: Get "https://localhost:2375/v1.24/info": http: server gave HTTP response to HTTPS client',
      ),
      'speaks no TLS; unset DOCKER_TLS_VERIFY, or give DOCKER_HOST the port with TLS, usually 2376',
    ],
    [
      'with a certificate of somebody else, 20.10',
      'tcp://localhost:2376',
      succeeds(
        'error during connect: Get "https://localhost:2376/v1.24/info": x509: certificate signed by unknown authority',
      ),
      `and the certificates of the client do not fit (x509: certificate signed by unknown authority); ${certificates}`,
    ],
    [
      'with a certificate of somebody else, 28',
      'tcp://localhost:2376',
      failsToday(
        'error during connect: Get "https://localhost:2376/v1.50/info": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      ),
      `and the certificates of the client do not fit (tls: failed to verify certificate: x509: certificate signed by unknown authority); ${certificates}`,
    ],
    [
      'of somebody who answers with a page',
      'tcp://127.0.0.1:8080',
      succeeds("Error reading remote info: invalid character '<' looking for beginning of value"),
      'is something else: what answers there is no Docker engine; correct DOCKER_HOST',
    ],
    [
      'of somebody who answers with an error',
      'tcp://127.0.0.1:8080',
      succeeds('Error response from daemon: <html><body>It works!</body></html>'),
      'is something else: what answers there is no Docker engine; correct DOCKER_HOST',
    ],
    [
      'of somebody who answers with JSON',
      'tcp://127.0.0.1:8080',
      '{"ID":"","ServerVersion":"","ClientInfo":{}}',
      'is something else: what answers there is no Docker engine; correct DOCKER_HOST',
    ],
    [
      'of somebody who speaks no HTTP',
      'tcp://127.0.0.1:22',
      failsToday(
        'Get "http://127.0.0.1:22/v1.50/info": net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-OpenSSH_9.2".\n* Are you trying to connect to a TLS-enabled daemon without TLS?',
      ),
      'is something else: what answers there is no Docker engine; correct DOCKER_HOST',
    ],
    ...[
      'error during connect: Get "http://127.0.0.1:22/v1.50/info": http: server closed idle connection',
      'error during connect: Get "http://127.0.0.1:22/v1.24/info": read tcp 127.0.0.1:40552->127.0.0.1:22: read: connection reset by peer',
      'error during connect: Get "http://127.0.0.1:22/v1.24/info": EOF',
    ].map((words): [string, string, PlainReply, string] => [
      `of somebody who hangs up: ${words}`,
      'tcp://127.0.0.1:22',
      failsToday(words),
      'is something else: what answers there is no Docker engine; correct DOCKER_HOST',
    ]),
    [
      'without any network',
      'tcp://10.0.0.5:2375',
      failsToday(
        'error during connect: Get "http://10.0.0.5:2375/v1.50/info": dial tcp 10.0.0.5:2375: connect: network is unreachable',
      ),
      'is out of reach (network is unreachable); connect to its network, or correct DOCKER_HOST',
    ],
    [
      'that does not take the certificate of the client, 29',
      'tcp://10.0.0.5:2376',
      failsToday(
        'the server probably has client authentication (--tlsverify) enabled; check your TLS client certification settings: Get "https://10.0.0.5:2376/v1.51/info": remote error: tls: handshake failure',
      ),
      `and the certificates of the client do not fit (tls: handshake failure); ${certificates}`,
    ],
    [
      'that ssh does not reach, 20.10',
      'ssh://me@127.0.0.1:1',
      succeeds(
        'error during connect: Get "http://docker.example.com/v1.24/info": command [ssh -l me -p 1 -- 127.0.0.1 docker system dial-stdio] has exited with exit status 255, please make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n',
      ),
      'cannot be reached by ssh (ssh: connect to host 127.0.0.1 port 1: Connection refused); "ssh -l me -p 1 -- 127.0.0.1 docker version" has to succeed without asking anything, so check name, keys and known_hosts',
    ],
    [
      'that ssh does not reach, 28',
      'ssh://me@there',
      failsToday(
        'error during connect: Get "http://docker.example.com/v1.50/info": command [ssh -o ConnectTimeout=30 -T -l me -- there docker system dial-stdio] has exited with exit status 255, make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=me@there: Permission denied (publickey).\n',
      ),
      'cannot be reached by ssh (me@there: Permission denied (publickey).); "ssh -o ConnectTimeout=30 -T -l me -- there docker version" has to succeed without asking anything, so check name, keys and known_hosts',
    ],
    [
      'that needs an ssh that is not there',
      'ssh://me@there',
      failsToday(
        'error during connect: Get "http://docker.example.com/v1.50/info": exec: "ssh": executable file not found in $PATH',
      ),
      'is reached by ssh, and there is no ssh on the PATH; install the OpenSSH client',
    ],
    [
      'whose engine is older than the client takes, 20.10 and 28',
      'tcp://10.0.0.5:2375',
      succeeds('Error response from daemon: client version 1.50 is too new. Maximum supported API version is 1.41'),
      'and the docker client do not fit (client version 1.50 is too new. Maximum supported API version is 1.41); update the older of both, and unset DOCKER_API_VERSION if it is set',
    ],
    [
      'whose engine wants a newer client',
      'tcp://10.0.0.5:2375',
      succeeds(
        'Error response from daemon: client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version',
      ),
      'and the docker client do not fit (client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version); update the older of both, and unset DOCKER_API_VERSION if it is set',
    ],
    [
      'whose engine is older than the client takes, 29',
      'tcp://10.0.0.5:2375',
      succeeds('API version 1.24 is not supported by this client: the minimum supported API version is 1.40'),
      'and the docker client do not fit (API version 1.24 is not supported by this client: the minimum supported API version is 1.40); update the older of both, and unset DOCKER_API_VERSION if it is set',
    ],
    [
      'that fails in a way nobody thought of',
      'tcp://10.0.0.5:2375',
      failsToday('Error response from daemon: the moon is full'),
      'cannot be used: Error response from daemon: the moon is full',
    ],
  ])('%s', async (_, endpoint, reply, expected) => {
    at(endpoint)
    expect(await told(reply)).toBe(`the Docker engine at ${endpoint} (DOCKER_HOST) ${expected}`)
  })
})

describe('an endpoint that is none', () => {
  const address = (words: string) =>
    `the Docker engine cannot be found: what DOCKER_HOST says is no address of an engine (${words}); give one such as unix:///var/run/docker.sock, tcp://192.0.2.1:2376 or ssh://192.0.2.1`
  const unknown = (name: string) =>
    `the Docker engine cannot be found: there is no Docker context ${name}; choose one that "docker context ls" lists with "docker context use" or DOCKER_CONTEXT`

  test.each<[string, string]>([
    [
      'Failed to initialize: unable to resolve docker endpoint: context "nope": context not found: open /home/me/.docker/contexts/meta/ca37/meta.json: no such file or directory',
      unknown('nope'),
    ],
    ['unable to resolve docker endpoint: context "nope" does not exist', unknown('nope')],
    [
      'Failed to initialize: unable to resolve docker endpoint: invalid bind address format: foo://bar',
      address('invalid bind address format: foo://bar'),
    ],
    [
      'unable to resolve docker endpoint: Invalid bind address format: foo://bar',
      address('Invalid bind address format: foo://bar'),
    ],
    [
      `unable to resolve docker endpoint: parse "tcp://[::1": missing ']' in host`,
      address(`parse "tcp://[::1": missing ']' in host`),
    ],
    [
      'Failed to initialize: ssh host connection is not valid: invalid SSH URL: hostname is empty',
      address('ssh host connection is not valid: invalid SSH URL: hostname is empty'),
    ],
    ['Failed to initialize: protocol not available', address('protocol not available')],
    [
      'error during connect: Get "http:///v1.24/info": http: no Host in request URL',
      address('Get "http:///v1.24/info": http: no Host in request URL'),
    ],
    [
      'unable to resolve docker endpoint: open /home/me/.docker/ca.pem: no such file or directory',
      'the Docker engine needs a certificate that is not there: /home/me/.docker/ca.pem; put ca.pem, cert.pem and key.pem in the directory that DOCKER_CERT_PATH names, or unset DOCKER_TLS_VERIFY where DOCKER_HOST is meant without TLS',
    ],
  ])('%s', async (words, expected) => {
    world.runner.on('docker context inspect', fails(words))
    expect(await told(fails(words))).toBe(expected)
  })
})

test('podman in the place of docker is named', async () => {
  const words = 'Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.\nError: cannot connect'
  expect(await told(fails(words))).toContain('docker on the PATH is podman; install Docker')
})
