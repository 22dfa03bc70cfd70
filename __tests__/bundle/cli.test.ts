import { beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inputNames } from '../../src/plan/inputs.js'
import { jsonLines, onMachine, projectRoot, resultOf, type Machine } from './machine.js'
import { actionNode, installMilliseconds, nodes } from './nodes.js'

const testMilliseconds = 60_000

const commands = ['plan', 'up', 'verify', 'repair', 'list', 'down', 'prune', 'completion']

const two = ['--clusters', '[alpha, beta]', '--wait', '30s']

describe.each(nodes)('the command line on $name', ({ program }) => {
  let node: string
  beforeAll(() => {
    node = program()
  }, installMilliseconds)

  test(
    '--help lists the commands and succeeds',
    () =>
      onMachine(node, async (machine) => {
        const { code, stdout, stderr } = await machine.cli('--help')
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        for (const command of commands) expect(stdout).toMatch(new RegExp(`^ +${command}\\b`, 'm'))
      }),
    testMilliseconds,
  )

  test.each([
    { what: 'a flag that does not exist', args: ['up', '--cluster', '2'], seen: ["error: unknown option '--cluster'"] },
    { what: 'a command that does not exist', args: ['create'], seen: ["error: unknown command 'create'"] },
    {
      what: 'inputs that cannot be read, each of them named',
      args: ['up', '--workers', 'many', '--clusters', '0', '--cleanup', 'maybe'],
      seen: [
        'workers: "many" is not a number of nodes; use a whole number from 0 to 1000',
        'clusters: "0" is out of range; give a count from 1 to 1000, or a YAML list',
        'cleanup: "maybe" is neither true nor false; give one of them',
      ],
    },
    {
      what: 'a run that does not exist',
      args: ['down', '--run', 'feedbeef'],
      seen: ['run: "feedbeef" is no flat network here; there are none'],
    },
  ])(
    'exit code 2 for $what',
    ({ args, seen }) =>
      onMachine(node, async (machine) => {
        const { code, stdout, stderr } = await machine.cli(...args)
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
        const lines = stderr.split('\n')
        for (const line of seen) expect(lines).toContainEqual(expect.stringContaining(line))
        expect(machine.changes()).toEqual([])
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'plan prints what up would make as JSON, and makes nothing',
    () =>
      onMachine(node, async (machine) => {
        const { code, stdout } = await machine.cli('plan', ...two, '--workers', '1')
        expect(code).toBe(0)
        expect(JSON.parse(stdout)).toMatchObject({
          dockerNetwork: expect.stringMatching(/^kind-flat-network-[0-9a-f]{8}$/),
          clusters: [
            {
              name: 'alpha',
              podSubnets: ['10.128.0.0/16'],
              nodes: [{ name: 'alpha-control-plane' }, { name: 'alpha-worker' }],
            },
            { name: 'beta', podSubnets: ['10.129.0.0/16'], kindConfig: { kind: 'Cluster', name: 'beta' } },
          ],
        })
        expect(machine.changes()).toEqual([])
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'up makes, verify proves again and sees what broke, down removes',
    () =>
      onMachine(node, async (machine) => {
        const before = machine.engine()
        const up = await machine.cli('up', ...two, '--json')
        expect({ code: up.code, stderr: up.stderr }).toEqual({ code: 0, stderr: '' })
        const outputs = resultOf<{ kubeconfig: string; connectivity: unknown[] }>(up)
        expect(outputs).toMatchObject({
          clusters: [{ name: 'alpha' }, { name: 'beta' }],
          connectivity: [{ ownAddress: true }, { ownAddress: true }],
        })
        expect(existsSync(outputs.kubeconfig)).toBe(true)
        const lines = jsonLines(up)
        expect(lines).toContainEqual({ type: 'phase', title: 'Verify', state: 'started' })
        expect(lines).toContainEqual({ type: 'phase', title: 'Verify', state: 'done', seconds: expect.any(Number) })
        expect(lines).toContainEqual({ type: 'progress', of: 'beta', line: expect.stringMatching(/\S/) })
        expect(lines.at(-1)).toMatchObject({ type: 'result' })
        const [run = ''] = machine.recorded()
        expect(outputs.kubeconfig).toBe(machine.path(`state/kind-flat-network/${run}/kubeconfig`))

        const proof = await machine.cli('verify', '--json')
        expect({ code: proof.code, seen: resultOf(proof) }).toEqual({ code: 0, seen: outputs })
        machine.script({ masquerading: ['alpha-control-plane'] })
        const broken = await machine.cli('verify')
        expect(broken.code).toBe(1)
        expect(broken.stdout).toContain('≠ seen as 172.21.')
        expect(broken.stderr).toMatch(
          /alpha-control-plane \(pod 10\.128\.0\.5\) → beta-control-plane .*: seen as 172\.21\./,
        )
        expect(machine.engine().pods).toEqual([])

        const down = await machine.cli('down', '--json')
        expect({ code: down.code, seen: resultOf(down) }).toEqual({ code: 0, seen: { removed: [run] } })
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'up prints for a person what was made and how to go on',
    () =>
      onMachine(node, async (machine) => {
        const { code, stdout } = await machine.cli('up', ...two, '--kubeconfig', 'here.kubeconfig')
        expect(code).toBe(0)
        expect(stdout).toMatch(/kind-alpha .*10\.128\.0\.0\/16/)
        expect(stdout).toContain("2/2 pod pairs reachable, 2/2 with the pod's own address")
        expect(stdout).toContain('export KUBECONFIG=~/work/here.kubeconfig\n')
        const [run = ''] = machine.recorded()
        expect(stdout).toContain(`kind-flat-network down --run ${run}\n`)
      }),
    testMilliseconds,
  )

  test(
    'up that fails exits with 1, tells the cause and leaves nothing',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [{ match: '^docker exec --privileged beta', exit: 1, stderr: 'no space left\n' }] })
        const before = machine.engine()
        const { code, stdout, stderr } = await machine.cli('up', ...two)
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
        expect(stderr).toMatch(/^cluster beta was not created: [^]*no space left/m)
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  const kubeadm = /^docker exec --privileged \S+ kubeadm init/

  test(
    'Ctrl-C during up says so, removes everything and exits with 130',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [{ match: kubeadm.source, delaySeconds: 50 }] })
        const before = machine.engine()
        const up = machine.startCli('up', ...two)
        await machine.until(kubeadm, 2)
        const [run = ''] = machine.recorded()
        up.kill('SIGINT')
        const { code, stdout, stderr } = await up.ended
        expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
        expect(stderr).toContain(
          `  stopped by SIGINT: removing what was made; press Ctrl-C again to leave it to: kind-flat-network down --run ${run}\n`,
        )
        expect(stderr).toMatch(/^stopped by SIGINT$/m)
        expect(machine.processes()).toEqual([])
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'down removes what a killed up had made and left running',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [{ match: kubeadm.source, delaySeconds: 50 }] })
        const before = machine.engine()
        const up = machine.startCli('up', ...two)
        await machine.until(kubeadm, 2)
        up.kill('SIGKILL')
        await up.ended
        expect((await machine.cli('down')).code).toBe(0)
        expect(machine.processes()).toEqual([])
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  test(
    'down without a run says that there is nothing and succeeds',
    () =>
      onMachine(node, async (machine) => {
        expect(await machine.cli('down')).toMatchObject({ code: 0, stdout: 'there is no flat network to remove\n' })
        expect(machine.changes()).toEqual([])
      }),
    testMilliseconds,
  )
})

describe('the command line', () => {
  let node: string
  beforeAll(() => {
    node = actionNode.program()
  }, installMilliseconds)

  /** A run that was made here, of which nobody knows more than its directory. */
  function addRunOfHere(machine: Machine, run: string, cluster: string): void {
    machine.addRun(run, cluster)
    mkdirSync(machine.path(`state/kind-flat-network/${run}`), { recursive: true })
  }

  test(
    'explains every command and option within 80 columns',
    () =>
      onMachine(node, async (machine) => {
        const helps = await Promise.all(
          [[], ...commands.map((command) => [command])].map((args) => machine.cli(...args, '--help')),
        )
        for (const { code, stdout } of helps) {
          expect(code).toBe(0)
          expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
          expect(stdout).toMatch(/^Usage: .*\n\n[A-Z][^]*\nExamples:\n {2}# /)
          // an option, an argument or a command without a word on it
          expect(stdout.match(/^ {2}(-|\w+ ?<|\w+ \[)\S*( \S+)?$/gm)).toBeNull()
        }
        for (const said of [
          'Exit codes:',
          'DOCKER_HOST',
          'NO_COLOR',
          'XDG_STATE_HOME',
          '~/.cache/kind-flat-network/',
        ]) {
          expect(helps[0]?.stdout).toContain(said)
        }
        const up = helps[commands.indexOf('up') + 1]?.stdout
        for (const name of inputNames) expect(up).toMatch(new RegExp(`^  --${name} [<[]`, 'm'))
      }),
    testMilliseconds,
  )

  test(
    '--version prints that of the package',
    () =>
      onMachine(node, async (machine) => {
        const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string }
        expect(await machine.cli('--version')).toMatchObject({ code: 0, stdout: `${version}\n` })
      }),
    testMilliseconds,
  )

  test.each([
    {
      args: ['up', '--cluster', '2'],
      lines: ["error: unknown option '--cluster'", '(Did you mean --clusters?)', '(see: kind-flat-network up --help)'],
    },
    {
      args: ['dwn'],
      lines: ["error: unknown command 'dwn'", '(Did you mean down?)', '(see: kind-flat-network --help)'],
    },
    {
      args: ['down', '--all', '--run', 'feedbeef'],
      lines: ["error: option '--all' cannot be used with option '--run <id>'", '(see: kind-flat-network down --help)'],
    },
  ])(
    'what is wrong with $args is all it says',
    ({ args, lines }) =>
      onMachine(node, async (machine) => {
        const { code, stdout, stderr } = await machine.cli(...args)
        expect({ code, stdout, lines: stderr.trimEnd().split('\n') }).toEqual({ code: 2, stdout: '', lines })
        const asJson = await machine.cli(...args, '--json')
        expect({ code: asJson.code, stderr: asJson.stderr }).toEqual({ code: 2, stderr: '' })
        const message = expect.stringContaining(String(lines[0]).replace('error: ', ''))
        expect(jsonLines(asJson)).toEqual([{ type: 'error', message, exitCode: 2 }])
      }),
    testMilliseconds,
  )

  test(
    '--json tells problems of the inputs each, and a failure last',
    () =>
      onMachine(node, async (machine) => {
        const wrong = await machine.cli('up', '--workers', 'many', '--cleanup', 'maybe', '--json')
        expect({ code: wrong.code, stderr: wrong.stderr }).toEqual({ code: 2, stderr: '' })
        expect(jsonLines(wrong).at(-1)).toMatchObject({
          type: 'error',
          exitCode: 2,
          message: expect.stringMatching(/^workers: "many" is not a number .*\ncleanup: "maybe" is neither /),
          problems: [
            { input: 'workers', value: 'many' },
            { input: 'cleanup', value: 'maybe' },
          ],
        })

        machine.script({ rules: [{ match: '^docker exec --privileged beta', exit: 1, stderr: 'no space left\n' }] })
        const failed = await machine.cli('up', ...two, '--json')
        expect({ code: failed.code, stderr: failed.stderr }).toEqual({ code: 1, stderr: '' })
        const lines = jsonLines(failed)
        const phases = lines.flatMap((line) => (line.type === 'phase' ? [`${line.title} ${line.state}`] : []))
        expect(phases.slice(-4)).toEqual([
          'Create 2 clusters started',
          'Create 2 clusters failed',
          'Remove started',
          'Remove done',
        ])
        const message = expect.stringMatching(/^cluster beta was not created: [^]*no space left/)
        expect(lines.at(-1)).toEqual({ type: 'error', message, exitCode: 1 })
        expect(resultOf(failed)).toBeUndefined()
      }),
    testMilliseconds,
  )

  test(
    'list tells of flat networks made here and elsewhere, and a broken one is a result and then an error',
    () =>
      onMachine(node, async (machine) => {
        expect(await machine.cli('up', ...two)).toMatchObject({ code: 0 })
        const [run = ''] = machine.recorded()
        machine.addRun('feedbeef', 'elder')
        const list = await machine.cli('list')
        expect({ code: list.code, stderr: list.stderr }).toEqual({ code: 0, stderr: '' })
        for (const each of [run, 'feedbeef']) expect(list.stdout).toMatch(new RegExp(`^${each}\\b`, 'm'))
        const own = {
          run,
          state: 'ready',
          clusters: ['alpha', 'beta'],
          dockerNetwork: `kind-flat-network-${run}`,
          kubeconfig: machine.path(`state/kind-flat-network/${run}/kubeconfig`),
          here: true,
        }
        const others = { run: 'feedbeef', state: 'no record', clusters: ['elder'], here: false }
        const seen = resultOf<{ runs: { run: string }[] }>(await machine.cli('list', '--json'))
        expect(seen.runs).toHaveLength(2)
        expect(seen.runs).toEqual(expect.arrayContaining([own, others]))

        machine.script({ silent: ['alpha-control-plane > beta-control-plane'] })
        const broken = await machine.cli('verify', '--json')
        expect({ code: broken.code, stderr: broken.stderr }).toEqual({ code: 1, stderr: '' })
        expect(jsonLines(broken).slice(-2)).toMatchObject([
          { type: 'result', connectivity: [{ reachable: false }, { reachable: true }] },
          { type: 'error', exitCode: 1 },
        ])
      }),
    testMilliseconds,
  )

  test(
    'the config file is read, said, and overridden by options',
    () =>
      onMachine(node, async (machine) => {
        writeFileSync(machine.path('work/kind-flat-network.yaml'), 'clusters: [east, west]\nworkers: 1\n')
        mkdirSync(machine.path('work/other'))
        writeFileSync(machine.path('work/other/team.yaml'), 'clusters: 1\nkubeconfig: flat.yaml\n')
        const nodes = ({ stdout }: { stdout: string }) =>
          (JSON.parse(stdout) as { clusters: { name: string; nodes: unknown[] }[] }).clusters.map(
            ({ name, nodes }) => `${name} ${String(nodes.length)}`,
          )

        const found = await machine.cli('plan')
        expect(found).toMatchObject({
          code: 0,
          stderr: expect.stringMatching(/^ {2}inputs from kind-flat-network\.yaml\n/),
        })
        expect(nodes(found)).toEqual(['east 2', 'west 2'])
        expect(nodes(await machine.cli('plan', '--workers', '0'))).toEqual(['east 1', 'west 1'])

        const named = await machine.cli('plan', '-f', 'other/team.yaml', '--workers=2', '--reuse')
        expect(named).toMatchObject({ code: 0, stderr: expect.stringMatching(/^ {2}inputs from other\/team\.yaml\n/) })
        expect(nodes(named)).toEqual(['cluster1 3'])
        expect(JSON.parse(named.stdout)).toMatchObject({ kubeconfig: machine.path('work/other/flat.yaml') })
        const overridden = await machine.cli('plan', '-f', 'other/team.yaml', '--kubeconfig', 'mine.yaml')
        expect(JSON.parse(overridden.stdout)).toMatchObject({ kubeconfig: machine.path('work/mine.yaml') })

        expect(await machine.cli('plan', '--file', 'none.yaml')).toMatchObject({ code: 2, stdout: '' })
        writeFileSync(machine.path('work/kind-flat-network.yaml'), 'cluster: 2\n')
        const wrong = await machine.cli('up', '--json')
        expect(wrong.code).toBe(2)
        expect(jsonLines(wrong).at(-1)).toMatchObject({
          type: 'error',
          message: expect.stringMatching(/^kind-flat-network\.yaml:1: cluster: .*did you mean clusters\?/),
        })
      }),
    testMilliseconds,
  )

  test(
    'a boolean input is true when it is given alone',
    () =>
      onMachine(node, async (machine) => {
        const domains = async (...args: string[]) =>
          (JSON.parse((await machine.cli('plan', ...args)).stdout) as { clusters: { domain?: string }[] }).clusters.map(
            ({ domain }) => domain,
          )
        expect(await domains('--cross-cluster-dns', '--clusters', '1')).toEqual(['cluster1.local'])
        expect(await domains('--cross-cluster-dns', 'false', '--clusters', '1')).toEqual([undefined])
      }),
    testMilliseconds,
  )

  test(
    'down without an engine ends with the command that repeats it, however the run is named, and keeps the record',
    () =>
      onMachine(node, async (machine) => {
        expect((await machine.cli('up', '--clusters', '[one]', '--wait', '30s')).code).toBe(0)
        const [run = ''] = machine.recorded()
        const stderr =
          'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n'
        machine.script({ rules: [{ match: '^docker (?!context)', exit: 1, stderr }] })
        for (const args of [[], ['--run', run], ['--all']]) {
          const down = await machine.cli('down', ...args)
          expect({ args, code: down.code }).toEqual({ args, code: 1 })
          expect(down.stderr).toMatch(new RegExp(`\\nto remove it: kind-flat-network down --run ${run}\\n$`))
        }
        const all = jsonLines(await machine.cli('down', '--all', '--json'))
        expect(all.find(({ type }) => type === 'result')).toMatchObject({ removed: [], failed: [{ run }] })
        expect(machine.recorded()).toEqual([run])
        machine.script({})
        expect(await machine.cli('down')).toMatchObject({ code: 0, stdout: `flat network ${run} removed\n` })
      }),
    testMilliseconds,
  )

  test(
    'down says that the records cannot be read, and not that there are none',
    () =>
      onMachine(node, async (machine) => {
        writeFileSync(machine.path('a-file'), '')
        const down = await machine.run('cli', { args: ['down'], env: { XDG_STATE_HOME: machine.path('a-file') } })
        expect(down).toMatchObject({ code: 1, stdout: '' })
        expect(down.stderr).toMatch(/a-file\/kind-flat-network: not a directory \(ENOTDIR\)/)
      }),
    testMilliseconds,
  )

  test(
    'down leaves alone what others made, unless that is named',
    () =>
      onMachine(node, async (machine) => {
        machine.addRun('feedbeef', 'elder')
        const elder = machine.engine()
        machine.addRun('cafe0000', 'younger')
        const { code, stdout, stderr } = await machine.cli('down')
        expect({ code, stdout }).toEqual({ code: 0, stdout: 'there is no flat network to remove\n' })
        expect(stderr).toMatch(/not made here and left in place: (cafe0000|feedbeef), (cafe0000|feedbeef);/)
        expect(machine.changes()).toEqual([])

        expect((await machine.cli('down', '--run', 'cafe0000')).code).toBe(0)
        expect(machine.engine()).toEqual(elder)
      }),
    testMilliseconds,
  )

  test(
    'down --all removes what was made here, whatever fails, and nothing of others',
    () =>
      onMachine(node, async (machine) => {
        machine.addRun('feedbeef', 'foreign')
        const theirs = machine.engine()
        for (const [run, cluster] of [
          ['aaaa0000', 'one'],
          ['bbbb0000', 'two'],
          ['cccc0000', 'three'],
        ] as const) {
          addRunOfHere(machine, run, cluster)
        }
        const unclear = await machine.cli('down')
        expect(unclear.stderr).toContain(
          'name one with --run, or remove all with --all: aaaa0000, bbbb0000, cccc0000\n',
        )

        machine.script({ rules: [{ match: '^docker rm .*id-of-two', exit: 1, stderr: 'device or resource busy\n' }] })
        const { code, stdout, stderr } = await machine.cli('down', '--all')
        expect({ code, stdout }).toEqual({
          code: 1,
          stdout: 'flat network aaaa0000 removed\nflat network cccc0000 removed\n',
        })
        expect(stderr).toMatch(/^flat network bbbb0000: not everything was removed:[^]*device or resource busy/m)
        expect(stderr).toContain('not made here and left in place: feedbeef;')
        const left = machine.engine().containers.map(({ name }) => name)
        expect(left).toEqual(['foreign-control-plane', 'theirs-control-plane', 'two-control-plane', 'web-1'])

        machine.script({})
        expect(stderr).toContain('to remove it: kind-flat-network down --run bbbb0000\n')
        const again = await machine.cli('down', '--run', 'bbbb0000', '--json')
        expect(again).toMatchObject({ code: 0, stderr: '' })
        expect(resultOf(again)).toEqual({ removed: ['bbbb0000'] })
        expect(machine.recorded()).toEqual([])
        expect(resultOf(await machine.cli('down', '--all', '--json'))).toEqual({ removed: [], failed: [] })
        expect(machine.engine()).toEqual(theirs)
      }),
    testMilliseconds,
  )

  test(
    'up whose output nobody reads any more removes everything',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [{ match: '^docker exec --privileged \\S+ kubeadm init', delaySeconds: 50 }] })
        const before = machine.engine()
        const up = machine.startCli('up', ...two, '--json')
        await machine.until(/^docker network create/)
        up.closeOutput()
        expect((await up.ended).code).toBe(141)
        expect(machine.processes()).toEqual([])
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )
})
