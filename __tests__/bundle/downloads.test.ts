import { beforeAll, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cut, LoopbackServer, plain, stalled, whole } from '../fakes/loopback-server.js'
import { messages, onMachine, type Machine, type Running } from './machine.js'
import { installMilliseconds, nodes } from './nodes.js'

const testMilliseconds = 60_000

const platform = arch() === 'x64' ? 'amd64' : arch()
const paths = {
  kind: `/kubernetes-sigs/kind/releases/download/v0.33.0/kind-linux-${platform}`,
  kubectl: `/release/v1.34.4/bin/linux/${platform}/kubectl`,
} as const

const sumOf = (content: string) => createHash('sha256').update(content).digest('hex')

/** A machine whose kind and kubectl are on a mirror alone. */
class Mirrored {
  readonly kind: string
  readonly kubectl: string
  readonly inputs: Readonly<Record<string, string>>

  constructor(
    readonly machine: Machine,
    readonly server: LoopbackServer,
  ) {
    this.kind = this.take('kind')
    this.kubectl = this.take('kubectl')
    this.inputs = {
      clusters: '[alpha, beta]',
      wait: '30s',
      'download-mirror': server.address,
      'kind-version': '0.33.0',
      'kind-sha256': sumOf(this.kind),
      'kubectl-version': '1.34.4',
      'kubectl-sha256': sumOf(this.kubectl),
    }
    writeFileSync(machine.path('path.txt'), '')
  }

  private take(tool: keyof typeof paths): string {
    const content = this.machine.read(`bin/${tool}`)
    rmSync(this.machine.path(`bin/${tool}`))
    this.server.on(paths[tool], whole(content))
    return content
  }

  startMain(inputs: Readonly<Record<string, string>> = {}): Running {
    const env = { RUNNER_TOOL_CACHE: this.machine.path('tools'), GITHUB_PATH: this.machine.path('path.txt') }
    return this.machine.startMain({ ...this.inputs, ...inputs }, env)
  }

  /** What kept tools there are under a directory. */
  kept(directory = 'tools'): string[] {
    const root = this.machine.path(directory)
    if (!existsSync(root)) return []
    return (readdirSync(root, { recursive: true }) as string[])
      .filter((path) => statSync(join(root, path)).isFile())
      .sort()
  }

  expectNothingLeft(): void {
    expect(this.kept()).toEqual([])
    expect(this.machine.read('path.txt')).toBe('')
    expect(this.machine.changes()).toEqual([])
  }
}

async function mirrored(node: string, test: (mirror: Mirrored) => Promise<void>): Promise<void> {
  const server = await LoopbackServer.start()
  await onMachine(node, (machine) => test(new Mirrored(machine, server))).finally(() => server.close())
}

describe.each(nodes)('kind and kubectl from a mirror, on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  const directories = [`kind/0.33.0/${arch()}`, `kubectl/1.34.4/${arch()}`]
  const files = ['kind', 'kubectl']
    .flatMap((name, index) =>
      ['.complete', `/${name}`, `/${name}.sha256`].map((end) => `${directories[index] ?? ''}${end}`),
    )
    .sort()

  test(
    'are downloaded, kept, used, and on the PATH of later steps; the next run downloads nothing',
    () =>
      mirrored(node, async (mirror) => {
        const { machine, server } = mirror
        const first = await mirror.startMain().ended
        expect({ code: first.code, errors: messages('error', first) }).toEqual({ code: 0, errors: [] })
        expect(first.stdout).toMatch(
          /^kind 0\.33\.0 downloaded \(\d+ bytes in \S+ s\), SHA-256 seen in the input kind-sha256$/m,
        )
        expect(first.stdout).toMatch(/^kubectl 1\.34\.4 downloaded /m)
        expect(mirror.kept()).toEqual(files)
        expect(machine.read('path.txt').trim().split('\n').sort()).toEqual(
          directories.map((directory) => machine.path(`tools/${directory}`)),
        )
        expect(machine.calls().map(({ line }) => line)).toContainEqual(expect.stringMatching(/^kind create cluster/))
        expect(server.requests.map(({ path }) => path).sort()).toEqual([paths.kind, paths.kubectl].sort())

        await machine.post()
        const second = await mirror.startMain().ended
        expect({ code: second.code, errors: messages('error', second) }).toEqual({ code: 0, errors: [] })
        expect(second.stdout).toMatch(/^kind 0\.33\.0 kept in \S+\/tools\/kind\//m)
        expect(server.requests).toHaveLength(2)
      }),
    testMilliseconds,
  )

  test(
    'are for the command line under its own cache, and plan asks for nothing',
    () =>
      mirrored(node, async (mirror) => {
        const { machine, server, inputs } = mirror
        const flags = Object.entries(inputs).flatMap(([name, value]) => [`--${name}`, value])
        const plan = await machine.cli('plan', ...flags)
        expect({ code: plan.code, requests: server.requests }).toEqual({ code: 0, requests: [] })
        expect((JSON.parse(plan.stdout) as { tools: unknown }).tools).toMatchObject([
          { name: 'kind', version: '0.33.0', from: 'download', url: `${server.address}${paths.kind}` },
          { name: 'kubectl', version: '1.34.4', from: 'download', url: `${server.address}${paths.kubectl}` },
        ])

        const up = await machine.cli('up', ...flags)
        expect({ code: up.code, stderr: up.code === 0 ? '' : up.stderr }).toEqual({ code: 0, stderr: '' })
        expect(mirror.kept('.cache/kind-flat-network/tools')).toEqual(files)
        expect(server.requests).toHaveLength(2)
      }),
    testMilliseconds,
  )

  test(
    'are found by the later commands of the command line',
    () =>
      mirrored(node, async ({ machine, server, inputs }) => {
        await machine.cli('up', ...Object.entries(inputs).flatMap(([name, value]) => [`--${name}`, value]))
        for (const command of ['verify', 'repair', 'down']) {
          const outcome = await machine.cli(command)
          expect({ command, code: outcome.code, stderr: outcome.code === 0 ? '' : outcome.stderr }).toEqual({
            command,
            code: 0,
            stderr: '',
          })
        }
        expect(server.requests).toHaveLength(2)
      }),
    testMilliseconds,
  )

  describe('are refused before anything is made, and nothing is kept or put on the PATH:', () => {
    const refusals = [
      ['what is not there', () => plain(404), '404 Not Found (tried once)'],
      ['what is forbidden', () => plain(403), '403 Forbidden (tried once)'],
      ['what is cut off', (kind: string) => cut(kind, 10), /cut off after \S+ bytes of \d+ bytes \(tried 4 times\)/],
      [
        'what was tampered with',
        (kind: string) => whole(`${kind}\n`),
        /has SHA-256 \w{64}, expected \w{64} \(seen in the input kind-sha256\) \(tried once\)/,
      ],
    ] as const
    test.each(refusals)(
      '%s',
      (_, answer, reason) =>
        mirrored(node, async (mirror) => {
          mirror.server.on(paths.kind, answer(mirror.kind))
          const outcome = await mirror.startMain().ended
          expect(outcome.code).toBe(1)
          const [message = '', ...more] = messages('error', outcome)
          expect(more).toEqual([])
          expect(message.startsWith(`${mirror.server.address}${paths.kind}: `)).toBe(true)
          expect(message).toMatch(reason)
          expect(message).toMatch(/; put kind 0\.33\.0 on the PATH, or give a download-mirror that has it$/)
          expect(mirror.kept().filter((file) => file.includes('kind/'))).toEqual([])
          expect(mirror.machine.read('path.txt')).toBe('')
          expect(mirror.machine.changes()).toEqual([])
        }),
      testMilliseconds,
    )

    test(
      'a program of another version',
      () =>
        mirrored(node, async (mirror) => {
          mirror.server.on(paths.kind.replace('0.33.0', '0.32.0'), whole(mirror.kind))
          const outcome = await mirror.startMain({ 'kind-version': '0.32.0' }).ended
          expect(messages('error', outcome)).toEqual([expect.stringContaining(': is kind 0.33.0, not 0.32.0 (')])
          expect(mirror.machine.read('path.txt')).toBe('')
          expect(mirror.machine.changes()).toEqual([])
        }),
      testMilliseconds,
    )

    test(
      'what nobody knows the SHA-256 of, from a mirror without TLS',
      () =>
        mirrored(node, async (mirror) => {
          const outcome = await mirror.startMain({ 'kind-version': '0.99.0', 'kind-sha256': '' }).ended
          expect(outcome.code).toBe(1)
          expect(messages('error', outcome)).toEqual([
            expect.stringMatching(/^download-mirror: "http:.* no SHA-256 of kind 0\.99\.0 .*; give kind-sha256 /),
          ])
          expect(mirror.server.requests).toEqual([])
          mirror.expectNothingLeft()
        }),
      testMilliseconds,
    )
  })

  test(
    'SIGTERM ends a download, and nothing of it is left',
    () =>
      mirrored(node, async (mirror) => {
        mirror.server.on(paths.kind, stalled(mirror.kind, 10)).on(paths.kubectl, stalled(mirror.kubectl, 10))
        const main = mirror.startMain()
        for (let look = 0; look < 200 && mirror.server.requests.length < 2; look++) await sleep(50)
        const told = performance.now()
        main.kill('SIGTERM')
        const outcome = await main.ended
        expect(performance.now() - told).toBeLessThan(10_000)
        expect({ code: outcome.code, errors: messages('error', outcome) }).toEqual({
          code: 1,
          errors: ['stopped by SIGTERM'],
        })
        mirror.expectNothingLeft()
      }),
    testMilliseconds,
  )
})
