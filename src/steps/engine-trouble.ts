import { engineInfo, inspectContext, parseContext, parseEngineTrouble } from '../commands/docker.js'
import { isInContainer } from '../commands/mountinfo.js'
import { CancelledError, CommandError, shellCommand } from '../errors.js'
import { nameOfEndpoint } from '../plan/place.js'
import type { World } from '../ports.js'

/** An engine that is there answers at once; one behind a firewall that drops packets never does. */
const patienceSeconds = 20

/**
 * Asks the engine about itself.
 * @returns what `docker info` printed
 * @throws {Error} one sentence with the remedy
 */
export function askEngine(world: World): Promise<string> {
  const ask = async () => {
    const info = await world.runner.run(engineInfo, { timeoutSeconds: patienceSeconds })
    const trouble = parseEngineTrouble(info)
    if (trouble !== undefined) throw new CommandError(engineInfo, 'no engine', trouble)
    return info
  }
  return explained(world, ask())
}

/** The result of a command that fails where there is no engine to be used; then that is explained. */
export async function explained<T>(world: World, result: Promise<T>): Promise<T> {
  return result.catch(async (error: unknown) => {
    throw error instanceof CommandError ? await explainEngine(world, error) : error
  })
}

/** One sentence with the remedy instead of what docker said, which stays its cause. */
export async function explainEngine(world: World, error: CommandError): Promise<Error> {
  const context = await world.runner.run(inspectContext).then(parseContext, (trouble: unknown) => {
    if (trouble instanceof CancelledError) throw trouble
    return undefined
  })
  const words = wordsOf(error)
  const where: Where = {
    world,
    words,
    endpoint: context?.endpoint ?? '',
    named: context === undefined ? 'DOCKER_HOST' : nameOfEndpoint(context),
    inContainer: isInContainer(await world.files.read('/proc/self/mountinfo').catch(() => '')),
  }
  const engine = context === undefined ? 'the Docker engine' : `the Docker engine at ${where.endpoint} (${where.named})`
  for (const [pattern, explain] of troubles) {
    const match = pattern.exec(words)
    if (match !== null) return new Error(`${engine} ${await explain(where, match)}`, { cause: error })
  }
  return new Error(`${engine} cannot be used: ${words}`, { cause: error })
}

interface Where {
  readonly world: World
  readonly words: string
  readonly endpoint: string
  readonly named: string
  readonly inContainer: boolean
}

/** docker's own words in one line: without the JSON that newer clients print all the same, or those in it. */
function wordsOf({ output, outcome }: CommandError): string {
  const told = output
    .split('\n')
    .filter((line) => !line.startsWith('{"') && !line.startsWith('[]'))
    .map((line) =>
      line
        .trim()
        .replace(/^(?:(?:Failed to initialize|unable to resolve docker endpoint|error during connect): )+/, ''),
    )
    .filter((line) => line !== '')
  return told.length === 0 ? outcome : told.join(' ')
}

/**
 * What docker says, and what it means; the first that fits counts. The texts are those of moby's client
 * (`client/request.go`, `client/errors.go`), of the command line (`cli/context/store`, `cli/connhelper`, `opts/hosts.go`)
 * from 20.10 to 29, and of Go's `net` and `crypto/tls`.
 */
const troubles: readonly (readonly [RegExp, (where: Where, match: RegExpExecArray) => string | Promise<string>])[] = [
  [
    /Emulate Docker CLI using podman|unrecognized command .podman/i,
    () => 'is needed, and docker on the PATH is podman; install Docker, or put its client first on the PATH',
  ],
  [
    /context "([^"]*)":? (?:context not found|does not exist)/,
    (_, [, name = '']) =>
      `cannot be found: there is no Docker context ${name}; choose one that "docker context ls" lists with "docker context use" or DOCKER_CONTEXT`,
  ],
  [
    /(\S+\.pem): no such file/,
    ({ named }, [, file = '']) =>
      `needs a certificate that is not there: ${file}; put ca.pem, cert.pem and key.pem in the directory that DOCKER_CERT_PATH names, or unset DOCKER_TLS_VERIFY where ${named} is meant without TLS`,
  ],
  [
    /invalid bind address|unable to parse docker host|no Host in request URL|protocol not available|SSH URL|ssh host connection is not valid|parse "[^"]*": /i,
    ({ named, words }) =>
      `cannot be found: what ${named} says is no address of an engine (${words}); give one such as unix:///var/run/docker.sock, tcp://192.0.2.1:2376 or ssh://192.0.2.1`,
  ],
  [
    /client version \S+ is too (?:old|new).*|API version \S+ is not supported by this client.*/,
    (_, [versions]) =>
      `and the docker client do not fit (${String(versions)}); update the older of both, and unset DOCKER_API_VERSION if it is set`,
  ],
  [
    /HTTP request to an HTTPS server/,
    () => 'wants TLS; set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory with ca.pem, cert.pem and key.pem',
  ],
  [
    /not look like a TLS handshake|HTTP response to HTTPS client/,
    ({ named }) => `speaks no TLS; unset DOCKER_TLS_VERIFY, or give ${named} the port with TLS, usually 2376`,
  ],
  [
    /(?:x509|tls): .*/,
    (_, [trouble]) =>
      `and the certificates of the client do not fit (${trouble}); put the right ca.pem, cert.pem and key.pem in the directory that DOCKER_CERT_PATH names`,
  ],
  [
    /"ssh": executable file not found/,
    () => 'is reached by ssh, and there is no ssh on the PATH; install the OpenSSH client',
  ],
  [
    /command \[(ssh .*?) docker system dial-stdio\] .*?(?:stderr="?(.*?)"?)?$/,
    (_, [, ssh = '', trouble = '']) =>
      `cannot be reached by ssh (${trouble}); "${ssh} docker version" has to succeed without asking anything, so check name, keys and known_hosts`,
  ],
  [
    /lookup (\S+?):? /,
    ({ named }, [, name = '']) => `cannot be found: ${name} does not resolve; correct the name in ${named}`,
  ],
  [/permission denied/, explainPermission],
  [
    /no end within (\d+) s/,
    ({ named }, [, seconds = '']) =>
      `gives no answer for ${seconds} s; check that its machine is up and that no firewall is between, or correct ${named}`,
  ],
  [
    /no route to host|network is unreachable/,
    ({ named }, [trouble]) => `is out of reach (${trouble}); connect to its network, or correct ${named}`,
  ],
  [/Cannot connect to the Docker daemon|failed to connect to the docker API/, explainSilence],
  [
    /Error reading remote info|malformed HTTP|server closed|connection reset|\bEOF\b|<(?:!doctype|html)/i,
    ({ named }) => `is something else: what answers there is no Docker engine; correct ${named}`,
  ],
]

async function explainPermission({ world, endpoint, inContainer }: Where): Promise<string> {
  const { name, uid } = world.machine.user()
  const socket = endpoint.replace(/^unix:\/\//, '')
  const group = await world.machine.groupOf(socket)
  const who = `is not for the user ${name} (${String(uid)})`
  if (group === undefined) return `${who}; run as the user whose engine it is, or name your own in DOCKER_HOST`
  if (inContainer) {
    return `${who}: ${socket} belongs to the group ${String(group)}; start the container with --group-add ${String(group)}`
  }
  const groups = await world.files.read('/etc/group').catch(() => '')
  const called = new RegExp(`^([^:]+):[^:]*:${String(group)}:`, 'm').exec(groups)?.[1] ?? String(group)
  const join =
    group === 0
      ? 'run as root, or have the engine give it to another group (dockerd --group docker)'
      : `run "${shellCommand(['sudo', 'usermod', '--append', '--groups', called, name])}" and log in again`
  return `${who}: ${socket} belongs to the group ${called}; ${join}`
}

function explainSilence({ world, endpoint, named, inContainer }: Where): string {
  if (!/^(unix|npipe):/.test(endpoint)) {
    return `is not there: nobody listens; start it with that address (dockerd --host), or correct ${named}`
  }
  if (!world.platform.startsWith('linux/')) {
    return `is not there; GitHub's runners for macOS and Windows have none, so use runs-on: ubuntu-latest, or start one, such as Docker Desktop`
  }
  if (inContainer) {
    return `is not there; start this container with --volume /var/run/docker.sock:/var/run/docker.sock, or name an engine in DOCKER_HOST`
  }
  const own = endpoint.startsWith('unix:///run/user/') ? 'systemctl --user' : 'sudo systemctl'
  return `is not there: nobody listens; start it with "${own} start docker", or ${named === 'DOCKER_HOST' ? 'correct' : 'name another in'} DOCKER_HOST`
}
