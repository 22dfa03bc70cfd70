import { beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { onMachine } from './machine.js'
import { installMilliseconds, nodes } from './nodes.js'

const testMilliseconds = 60_000

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
        for (const command of ['plan', 'up', 'verify', 'repair', 'down'])
          expect(stdout).toMatch(new RegExp(`^ +${command}\\b`, 'm'))
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
        'workers: "many" is no number of nodes; give a whole number from 0 to 9999',
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
        expect(up.code).toBe(0)
        const outputs = JSON.parse(up.stdout) as { kubeconfig: string; connectivity: unknown[] }
        expect(outputs).toMatchObject({
          clusters: [{ name: 'alpha' }, { name: 'beta' }],
          connectivity: [{ ownAddress: true }, { ownAddress: true }],
        })
        expect(existsSync(outputs.kubeconfig)).toBe(true)
        expect(up.stderr).toMatch(/✓ Verify/)
        const [run = ''] = machine.recorded()
        expect(outputs.kubeconfig).toBe(machine.path(`state/kind-flat-network/${run}/kubeconfig`))

        const proof = await machine.cli('verify', '--json')
        expect({ code: proof.code, seen: JSON.parse(proof.stdout) as unknown }).toEqual({ code: 0, seen: outputs })
        machine.script({ masquerading: ['alpha-control-plane'] })
        const broken = await machine.cli('verify')
        expect(broken.code).toBe(1)
        expect(broken.stdout).toContain('≠ seen as 172.21.')
        expect(broken.stderr).toMatch(
          /alpha-control-plane \(pod 10\.128\.0\.5\) → beta-control-plane .*: seen as 172\.21\./,
        )
        expect(machine.engine().pods).toEqual([])

        const down = await machine.cli('down', '--json')
        expect({ code: down.code, seen: JSON.parse(down.stdout) as unknown }).toEqual({
          code: 0,
          seen: { removed: [run] },
        })
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
        expect(stdout).toContain(`export KUBECONFIG=${machine.path('work/here.kubeconfig')}\n`)
        expect(stdout).toContain(`kind-flat-network down --run ${String(machine.recorded()[0])}\n`)
      }),
    testMilliseconds,
  )

  test(
    'up that fails exits with 1, tells the cause and leaves nothing',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [{ match: '^docker exec --privileged beta', exit: 1, stderr: 'no space left\n' }] })
        const before = machine.engine()
        const { code, stdout, stderr } = await machine.cli('up', ...two, '--json')
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
        expect(stderr).toMatch(/^cluster beta was not created: [^]*no space left/m)
        expect(machine.engine()).toEqual(before)
        expect(machine.recorded()).toEqual([])
      }),
    testMilliseconds,
  )

  const kubeadm = /^docker exec --privileged \S+ kubeadm init/

  test(
    'Ctrl-C during up removes everything and exits with 130',
    () =>
      onMachine(node, async (machine) => {
        machine.script({ rules: [{ match: kubeadm.source, delaySeconds: 50 }] })
        const before = machine.engine()
        const up = machine.startCli('up', ...two)
        await machine.until(kubeadm, 2)
        up.kill('SIGINT')
        const { code, stdout, stderr } = await up.ended
        expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
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

  test(
    'down asks which of several runs, and removes the one that is named',
    () =>
      onMachine(node, async (machine) => {
        machine.addRun('feedbeef', 'elder')
        const elder = machine.engine()
        machine.addRun('cafe0000', 'younger')
        const unclear = await machine.cli('down')
        expect({ code: unclear.code, stdout: unclear.stdout }).toEqual({ code: 2, stdout: '' })
        expect(unclear.stderr).toContain('name one with --run: cafe0000, feedbeef\n')
        expect(machine.changes()).toEqual([])

        expect((await machine.cli('down', '--run', 'cafe0000')).code).toBe(0)
        expect(machine.engine()).toEqual(elder)
      }),
    testMilliseconds,
  )
})
