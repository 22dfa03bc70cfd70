import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDownloads } from '../../../src/adapters/downloads.js'
import { createExecRunner } from '../../../src/adapters/exec-runner.js'
import { createToolStore } from '../../../src/adapters/tool-store.js'
import { CancelledError } from '../../../src/errors.js'
import type { PlannedTool, ToolDownload } from '../../../src/plan/tools.js'
import { installTools } from '../../../src/steps/install-tools.js'
import { cut, dead, inTurn, LoopbackServer, plain, stalled, whole, type Answer } from '../../fakes/loopback-server.js'
import { fakeWorld } from '../../fakes/world.js'

/** Programs that tell their version, as the real ones do. */
const kindProgram = (version: string) =>
  `#!/bin/sh\n[ "$*" = 'version --quiet' ] && echo ${version}\n${'#'.repeat(9000)}`
const kind = kindProgram('0.33.0')
const kubectl =
  '#!/bin/sh\n[ "$*" = "version --client --output=json" ] && echo \'{"clientVersion":{"gitVersion":"v1.34.4"}}\'\n'
const sumOf = (content: string) => createHash('sha256').update(content).digest('hex')

/** The real adapters on a server and directories of the test's own; the clock and the log are told by nobody. */
class Machine {
  readonly root = mkdtempSync(join(tmpdir(), 'kfn-install-'))
  readonly path: string[] = []
  readonly world = {
    ...fakeWorld(),
    runner: createExecRunner({}, () => undefined),
    downloads: createDownloads({ stallSeconds: 0.4, tries: 2, pauseSeconds: 0.01 }),
    tools: createToolStore(this.root, (directory) => this.path.push(directory)),
  }

  constructor(readonly server: LoopbackServer) {
    server.on('/kind', whole(kind)).on('/kubectl', whole(kubectl))
    server
      .on('/kubectl.sha256', whole(`${sumOf(kubectl)}\n`))
      .on('/kind.sum', whole(`${sumOf(kind)}  kind-linux-amd64\n`))
  }

  kind(check: ToolDownload['check'] = { sha256: sumOf(kind), seenIn: 'somewhere/public kind.yml' }): ToolDownload {
    return { name: 'kind', version: '0.33.0', from: 'download', url: `${this.server.address}/kind`, check }
  }

  kubectl(): ToolDownload {
    const url = `${this.server.address}/kubectl`
    return { name: 'kubectl', version: '1.34.4', from: 'download', url, check: { sha256File: `${url}.sha256` } }
  }

  directory(name: string, version: string): string {
    return join(this.root, name, version, arch())
  }

  install(...planned: PlannedTool[]) {
    return installTools(this.world, planned)
  }

  /** The message of the failure, which must have left nothing. */
  async refusal(...planned: PlannedTool[]): Promise<string> {
    const error = await this.install(...planned).then(
      () => new Error('it did not fail'),
      (thrown: unknown) => thrown as Error,
    )
    expect(this.path).toEqual([])
    expect(readdirSync(this.root)).toEqual([])
    return error.message.replaceAll(this.server.address, 'http://server')
  }
}

let server: LoopbackServer
let machine: Machine
beforeEach(async () => {
  server = await LoopbackServer.start()
  machine = new Machine(server)
})
afterEach(async () => {
  await server.close()
  rmSync(machine.root, { recursive: true })
})

const remedy = 'put kind 0.33.0 on the PATH, or give a download-mirror that has it'

test('tools on the PATH are left to it', async () => {
  const onPath: PlannedTool[] = [
    { name: 'kind', version: '0.33.0', from: 'path' },
    { name: 'kubectl', version: '1.34.4', from: 'path' },
  ]
  expect(await machine.install(...onPath)).toEqual(onPath)
  expect(server.requests).toEqual([])
  expect(machine.path).toEqual([])
})

test('both are downloaded, verified, kept and put on the PATH, and that is told', async () => {
  expect(await machine.install(machine.kind(), machine.kubectl())).toEqual([
    { name: 'kind', version: '0.33.0', from: 'downloaded' },
    { name: 'kubectl', version: '1.34.4', from: 'downloaded' },
  ])
  const directories = [machine.directory('kind', '0.33.0'), machine.directory('kubectl', '1.34.4')]
  expect(machine.path).toEqual(directories)
  expect(readFileSync(join(directories[0] ?? '', 'kind'), 'utf8')).toBe(kind)
  expect(machine.world.log.infos.sort()).toEqual([
    `kind 0.33.0 downloaded (${(kind.length / 1000).toFixed(1)} kB in 0.0 s), SHA-256 seen in somewhere/public kind.yml`,
    `kubectl 1.34.4 downloaded (${String(kubectl.length)} bytes in 0.0 s), checked against the release's own checksum file over TLS`,
  ])
  expect(machine.world.log.warnings).toEqual([])
})

test('both come at the same time', async () => {
  let waiting: (() => void)[] = []
  const together =
    (content: string): Answer =>
    (response) => {
      waiting.push(() => response.end(content))
      if (waiting.length === 2) for (const answer of waiting.splice(0)) answer()
    }
  server.on('/kind', together(kind)).on('/kubectl', together(kubectl))
  await machine.install(machine.kind(), machine.kubectl())
  waiting = []
})

test('what is kept is used without a request, whether its SHA-256 is known here or not', async () => {
  await machine.install(machine.kind(), machine.kubectl())
  const asked = server.requests.length
  machine.world.log.infos.length = 0
  expect(await machine.install(machine.kind(), machine.kubectl())).toEqual([
    { name: 'kind', version: '0.33.0', from: 'kept' },
    { name: 'kubectl', version: '1.34.4', from: 'kept' },
  ])
  expect(server.requests).toHaveLength(asked)
  expect(machine.path).toHaveLength(4)
  const program = (name: string, version: string) => join(machine.directory(name, version), name)
  expect(machine.world.log.infos.sort()).toEqual([
    `kind 0.33.0 kept in ${program('kind', '0.33.0')}, SHA-256 seen in somewhere/public kind.yml`,
    `kubectl 1.34.4 kept in ${program('kubectl', '1.34.4')}, unchanged since it was verified`,
  ])
})

test('what is kept and is not what it was is replaced', async () => {
  await machine.install(machine.kind())
  const program = join(machine.directory('kind', '0.33.0'), 'kind')
  writeFileSync(program, '#!/bin/sh\necho 0.33.0; exit # and something else\n')
  expect(await machine.install(machine.kind())).toMatchObject([{ from: 'downloaded' }])
  expect(readFileSync(program, 'utf8')).toBe(kind)
  expect(machine.world.log.warnings).toEqual([
    `kind 0.33.0 in ${program} is not what it should be by its SHA-256; it is replaced`,
  ])
})

test('a failure that passes is told and tried again', async () => {
  server.on('/kind', inTurn(plain(503), whole(kind)))
  await machine.install(machine.kind())
  expect(machine.world.log.infos[0]).toBe('kind: 503 Service Unavailable; tried again')
})

describe('is refused, and leaves nothing on the PATH or kept:', () => {
  test.each([
    ['what is not there', plain(404), '404 Not Found (tried once)'],
    ['what is forbidden', plain(403), '403 Forbidden (tried once)'],
    ['what is cut off', cut(kind, 10), /^cut off after \S+ \S+ of 9.1 kB \(tried 2 times\)$/],
    ['what stalls', stalled(kind, 10), 'no bytes for 0.4 s (tried 2 times)'],
    ['what never answers', dead, 'no answer for 0.4 s (tried 2 times)'],
    ['a failing server', plain(500), '500 Internal Server Error (tried 2 times)'],
    ['a loop of redirects', plain(301, { location: '/kind' }), 'more than 5 redirects (tried once)'],
    [
      'what was tampered with',
      whole(`${kind}!`),
      `has SHA-256 ${sumOf(`${kind}!`)}, expected ${sumOf(kind)} (seen in somewhere/public kind.yml) (tried once)`,
    ],
  ])('%s', async (_, answer, reason) => {
    server.on('/kind', answer)
    const message = await machine.refusal(machine.kind())
    expect(message.startsWith('http://server/kind: ')).toBe(true)
    expect(message.endsWith(`; ${remedy}`)).toBe(true)
    expect(message.slice('http://server/kind: '.length, -`; ${remedy}`.length)).toEqual(
      typeof reason === 'string' ? reason : expect.stringMatching(reason),
    )
  })

  test.each([
    ['does not run', 'no program', /does not run \(.+\)/],
    ['fails', '#!/bin/sh\nexit 3\n', /does not run \(exit code 3\)/],
    [
      'is another version',
      kindProgram('0.32.0'),
      /^http:\/\/server\/kind: is kind 0\.32\.0, not 0\.33\.0 \(tried once\)/,
    ],
    ['tells no version', '#!/bin/sh\necho\n', /is kind , not 0.33.0/],
  ])('what is verified, and %s', async (_, program, reason) => {
    server.on('/kind', whole(program))
    expect(await machine.refusal(machine.kind({ sha256: sumOf(program), seenIn: 'the input kind-sha256' }))).toMatch(
      reason,
    )
  })

  test.each([
    ['a page', '<html>please log in</html>', 'holds no SHA-256 where one is expected (tried once)'],
    ['nothing', '', 'holds no SHA-256 where one is expected (tried once)'],
  ])('what has a checksum file with %s', async (_, text, reason) => {
    server.on('/kind.sum', whole(text))
    const message = await machine.refusal(machine.kind({ sha256File: `${server.address}/kind.sum` }))
    expect(message).toBe(`http://server/kind.sum: ${reason}; ${remedy}`)
    expect(server.paths('/kind')).toEqual([])
  })

  test('what has no checksum file', async () => {
    server.on('/kind.sum', plain(404))
    const message = await machine.refusal(machine.kind({ sha256File: `${server.address}/kind.sum` }))
    expect(message).toBe(`http://server/kind.sum: 404 Not Found (tried once); ${remedy}`)
  })

  test('what has the checksum of something else', async () => {
    server.on('/kind.sum', whole(`${sumOf('else')}  kind-linux-amd64\n`))
    const message = await machine.refusal(machine.kind({ sha256File: `${server.address}/kind.sum` }))
    expect(message).toBe(
      `http://server/kind: has SHA-256 ${sumOf(kind)}, expected ${sumOf('else')} (seen in http://server/kind.sum) ` +
        `(tried once); ${remedy}`,
    )
  })
})

test('the failure of one ends the other at once; nothing is put on the PATH', async () => {
  server.on('/kind', plain(404)).on('/kubectl', stalled(kubectl, 10))
  machine.world.downloads = createDownloads({ stallSeconds: 20 })
  const started = performance.now()
  expect(await machine.refusal(machine.kind(), machine.kubectl())).toMatch(/^http:\/\/server\/kind: 404 Not Found/)
  expect(performance.now() - started).toBeLessThan(5000)
})

test('where one is refused the other is kept, but not put on the PATH', async () => {
  server.on('/kubectl', (response) => {
    // when kind is there, which is when its directory is complete
    const timer = setInterval(() => {
      if (!existsSync(`${machine.directory('kind', '0.33.0')}.complete`)) return
      clearInterval(timer)
      response.writeHead(404).end()
    }, 20)
    response.on('close', () => {
      clearInterval(timer)
    })
  })
  machine.world.downloads = createDownloads({ stallSeconds: 20 })
  await expect(machine.install(machine.kind(), machine.kubectl())).rejects.toThrow(/kubectl: 404 Not Found/)
  expect(machine.path).toEqual([])
  expect(readdirSync(machine.root)).toEqual(['kind'])
})

test('being stopped ends it, with the reason given', async () => {
  server.on('/kind', stalled(kind, 10))
  const stop = new AbortController()
  const { world } = machine
  const downloads = createDownloads({ stallSeconds: 20 }).until(stop.signal)
  const installed = installTools({ ...world, downloads, runner: world.runner.until(stop.signal) }, [machine.kind()])
  setTimeout(() => {
    stop.abort(new CancelledError('SIGTERM'))
  }, 200)
  await expect(installed).rejects.toThrow(new CancelledError('SIGTERM'))
  expect(readdirSync(machine.root)).toEqual([])
})
