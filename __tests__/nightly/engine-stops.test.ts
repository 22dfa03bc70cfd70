import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseRunRecord, recordFile } from '../../src/plan/run-record.js'
import { baseImage, engineState, processesOf } from '../e2e/support/engine.js'
import { canHavePrivateEngine, PrivateEngine } from '../e2e/support/private-engine.js'
import { Terminal, type Ended } from '../e2e/support/terminal.js'

jest.setTimeout(900_000)

const clusters = ['stop-east', 'stop-west']
const nodes = clusters.map((cluster) => `${cluster}-control-plane`)
const up = ['up', '--clusters', JSON.stringify(clusters), '--node-image', baseImage, '--wait=5m'] as const

/** When the engine stops: so long after the command has said that. */
interface Moment {
  readonly said: RegExp
  readonly after: number
  readonly signal: 'SIGTERM' | 'SIGKILL'
  /** When it is started again. */
  readonly back: 'at once' | 'after the command'
  /** The engine may be creating or removing a node just then. */
  readonly cutsNode: boolean
}

const moment = (
  said: RegExp,
  longest: number,
  signal: Moment['signal'],
  back: Moment['back'],
  cutsNode = false,
): Moment => ({ said, after: Math.round(Math.random() * longest), signal, back, cutsNode })

const moments = {
  up: [
    moment(/Docker network \S+ made/, 2000, 'SIGTERM', 'after the command', true),
    moment(/Preparing nodes/, 5000, 'SIGKILL', 'at once', true),
    moment(/Starting control-plane/, 20_000, 'SIGTERM', 'at once', true),
    moment(/▸ Connect/, 1000, 'SIGKILL', 'at once'),
  ],
  // these two wait for an engine that may come back
  verify: [moment(/▸ Verify/, 2000, 'SIGTERM', 'at once'), moment(/▸ Verify/, 2000, 'SIGKILL', 'at once')],
  repair: [moment(/▸ Find the nodes/, 2000, 'SIGTERM', 'at once'), moment(/▸ Verify/, 2000, 'SIGKILL', 'at once')],
  down: [
    moment(/▸ Remove/, 1000, 'SIGTERM', 'after the command', true),
    moment(/removing stop-\S+/, 1000, 'SIGKILL', 'at once', true),
  ],
} as const

// in CI there must be one: what is passed over there, nobody sees
const withPrivateEngine = canHavePrivateEngine || process.env['CI'] !== undefined ? describe : describe.skip

withPrivateEngine('the engine stops and comes back', () => {
  let engine: PrivateEngine
  let terminal: Terminal

  beforeAll(async () => {
    engine = await PrivateEngine.create()
    terminal = await Terminal.open(engine.environment, engine.through)
  })

  afterAll(async () => {
    try {
      await (terminal as Terminal | undefined)?.close()
    } finally {
      await (engine as PrivateEngine | undefined)?.remove()
    }
  })

  const onlyRun = async (): Promise<string> => {
    const runs = await terminal.runs()
    expect(runs).toHaveLength(1)
    return runs[0] ?? ''
  }

  const expectRecord = async (run: string) => {
    const text = await readFile(join(terminal.home, 'kind-flat-network', run, recordFile), 'utf8')
    expect(parseRunRecord(text).run).toBe(run)
  }

  const expectListed = async (run: string) => {
    const { code, stdout, stderr } = await terminal.run('list', '--json')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const { runs } = JSON.parse(stdout) as { runs: { run: string; here: boolean }[] }
    expect(runs).toMatchObject([{ run, here: true }])
  }

  /**
   * @param cutsNode an engine that stops while it creates or removes a container may leave its anonymous volume. Nothing
   * on it says whose it is, so only its owner can remove it, who is this test here.
   */
  const expectNothingLeft = async (run: string, { cutsNode }: Pick<Moment, 'cutsNode'>) => {
    const named = await engine.docker('volume', 'ls', '--format', '{{.Name}} {{.Labels}}')
    expect(named.split('\n').filter((line) => line.includes('kind-flat-network'))).toEqual([])
    if (cutsNode) await engine.docker('volume', 'prune', '--force')
    const { containers, networks, volumes } = await engineState((...words) => engine.docker(...words))
    // Docker makes its own networks anew when it starts
    const names = networks.map((network) => network.split(' ')[1])
    expect({ containers, names: names.sort(), volumes }).toEqual({
      containers: [],
      names: ['bridge', 'host', 'none'],
      volumes: [],
    })
    expect(await readdir(join(terminal.home, 'kind-flat-network'), { recursive: true })).toEqual([])
    expect(await processesOf(run)).toBe(0)
  }

  /** Runs a command, and stops the engine at that moment of it. `kept` are the runs that are recorded when it has ended. */
  const stopDuring = async (command: readonly string[], { said, signal, after, back }: Moment) => {
    const { ended, untilSaid } = terminal.start(...command)
    const hasSaid = await untilSaid(said)
    if (!hasSaid) throw new Error(`${command[0] ?? ''} ended early:\n${(await ended).stderr}`)
    const run = await onlyRun()
    await sleep(after)
    await engine.stop(signal)
    if (back === 'at once') await engine.start()
    const end = await ended
    const kept = await terminal.runs()
    if (back === 'after the command') await engine.start()
    return { run, kept, end }
  }

  /** One more `down`; also when nothing is left to remove, which must then be so. */
  const removeRest = async (run: string, when: Moment) => {
    const { code, stdout, stderr } = await terminal.run('down')
    expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' })
    await expectNothingLeft(run, when)
    // nothing arrives later either
    await sleep(3000)
    await expectNothingLeft(run, when)
  }

  const succeed = async (...command: string[]): Promise<Ended> => {
    const end = await terminal.run(...command)
    expect({ code: end.code, said: end.code === 0 ? '' : end.stdout + end.stderr }).toEqual({ code: 0, said: '' })
    return end
  }

  /** A command may have failed, have been ready before the engine stopped, or have gone on when it was back. */
  const expectEnded = ({ code, stderr }: Ended) => {
    const isOver = code === 0 || code === 1
    expect({ isOver, said: isOver ? '' : stderr }).toEqual({ isOver: true, said: '' })
  }

  /** The checks whose probes are in the clusters, each with the second in which it put them there. */
  const probes = async () => {
    const format = '--output=jsonpath={range .items[*]}{.metadata.name} {.metadata.creationTimestamp}{"\\n"}{end}'
    const admin = ['--kubeconfig=/etc/kubernetes/admin.conf', '--namespace=kube-system']
    const lists = await Promise.all(
      nodes.map((node) => engine.docker('exec', node, 'kubectl', ...admin, 'get', 'daemonsets,services', format)),
    )
    const found = lists.join('\n').matchAll(/^kind-flat-network-probe-(\S+) (\S+)$/gm)
    return [...found].map(([, check = '', at = '']) => ({ check, at: Date.parse(at) }))
  }

  /** Of the checks that began since then, only that of the command that was interrupted may have left its probe. */
  const expectNoProbes = async (began: number, ended: number) => {
    const left = (await probes()).filter(({ at }) => at >= began)
    expect(left.filter(({ at }) => at > ended)).toEqual([])
    expect(new Set(left.map(({ check }) => check)).size).toBeLessThanOrEqual(1)
  }

  /** kind lets Docker start a node again once; a user starts the others. */
  const repairs = async () => {
    await engine.docker('start', ...nodes)
    expect((await succeed('repair')).stdout).toContain("2/2 pod pairs reachable, 2/2 with the pod's own address")
    expect((await succeed('verify')).stdout).toContain("2/2 pod pairs reachable, 2/2 with the pod's own address")
  }

  test.each(moments.up)('up, $signal $after ms after $said, back $back: down removes the rest', async (when) => {
    const { run, kept, end } = await stopDuring(up, when)
    expectEnded(end)
    if (kept.length > 0) {
      expect(kept).toEqual([run])
      expect(end.stdout + end.stderr).toContain(`kind-flat-network down --run ${run}`)
      await expectRecord(run)
      await expectListed(run)
    } else {
      await expectNothingLeft(run, when)
    }
    await removeRest(run, when)
  })

  test.each([
    ...moments.verify.map((when) => ({ command: 'verify', ...when })),
    ...moments.repair.map((when) => ({ command: 'repair', ...when })),
  ])(
    '$command, $signal $after ms after $said, back $back: repair and verify work again',
    async ({ command, ...when }) => {
      if ((await terminal.runs()).length === 0) await succeed(...up)
      // objects know their time in whole seconds
      const began = Math.floor(Date.now() / 1000) * 1000
      const { run, kept, end } = await stopDuring([command], when)
      const ended = Date.now()
      expectEnded(end)
      expect(kept).toEqual([run])
      await expectRecord(run)
      await expectListed(run)
      await repairs()
      await expectNoProbes(began, ended)
    },
  )

  test.each(moments.down)(
    'down, $signal $after ms after $said, back $back: one more down removes the rest',
    async (when) => {
      if ((await terminal.runs()).length === 0) await succeed(...up)
      const { run, kept, end } = await stopDuring(['down'], when)
      if (kept.length > 0) {
        expect({ code: end.code, kept }).toEqual({ code: 1, kept: [run] })
        expect(end.stderr).toContain(`kind-flat-network down --run ${run}`)
        await expectRecord(run)
        await expectListed(run)
      } else {
        expect(end.code).toBe(0)
        await expectNothingLeft(run, when)
      }
      await removeRest(run, when)
    },
  )
})
