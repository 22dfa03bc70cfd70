import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programs } from './machine.js'

const home = mkdtempSync(join(tmpdir(), 'kfn-completion-'))
const environment = { ...process.env, HOME: home, XDG_STATE_HOME: join(home, 'state'), TERM: 'dumb' }

function cli(...args: string[]): string {
  return execFileSync(process.execPath, [programs.cli, ...args], { encoding: 'utf8', env: environment })
}

beforeAll(() => {
  for (const shell of ['bash', 'zsh']) writeFileSync(join(home, `completion.${shell}`), cli('completion', shell))
  for (const run of ['0a1b2c3d', 'feedbeef', 'no-run']) {
    mkdirSync(join(environment.XDG_STATE_HOME, 'kind-flat-network', run), { recursive: true })
  }
  writeFileSync(join(home, 'team.yaml'), '')
}, 30_000)

afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

/** What bash suggests for the last word, and the milliseconds that it takes. */
function suggested(...words: string[]): { suggestions: string[]; milliseconds: number } {
  return suggestedIn(environment, words)
}

function suggestedIn(
  env: NodeJS.ProcessEnv,
  words: readonly string[],
): { suggestions: string[]; milliseconds: number } {
  const script = `source completion.bash
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    before=\${EPOCHREALTIME/[.,]/}
    _kind_flat_network
    echo $((\${EPOCHREALTIME/[.,]/} - before))
    printf '%s\n' "\${COMPREPLY[@]}"`
  const output = execFileSync('bash', ['--norc', '-c', script, 'bash', 'kind-flat-network', ...words], {
    cwd: home,
    env,
    encoding: 'utf8',
  })
  const [microseconds, ...suggestions] = output.split('\n').filter((line) => line !== '')
  return { suggestions: suggestions.sort(), milliseconds: Number(microseconds) / 1000 }
}

describe('bash', () => {
  const commands = [...cli('--help').matchAll(/^ {2}([a-z]+) [<[]/gm)].map(([, name = '']) => name)

  test('suggests every command', () => {
    expect(commands).toEqual(expect.arrayContaining(['up', 'down', 'completion', 'help']))
    expect(suggested('').suggestions).toEqual([...commands, '--help', '--version', '-V', '-h'].sort())
  })

  test.each(commands.filter((command) => command !== 'help'))(
    'suggests every option of %s that its help shows',
    (command) => {
      const options = [...cli(command, '--help').matchAll(/^ {2}(-\w)?(?:, )?(--[\w-]+)/gm)]
      const flags = options.flatMap(([, short = [], long = []]) => [short, long].flat())
      expect(flags).toContain('--help')
      expect(suggested(command, '-').suggestions).toEqual(flags.sort())
    },
  )

  test.each([
    { words: ['up', '--ip-family', ''], suggestions: ['dual', 'ipv4', 'ipv6'] },
    { words: ['up', '--ip-family', '=', 'ipv'], suggestions: ['ipv4', 'ipv6'] },
    { words: ['up', '--load-balancer', '='], suggestions: ['cloud-provider-kind', 'metallb', 'none'] },
    { words: ['up', '--verify', ''], suggestions: ['false', 'true'] },
    { words: ['up', '--verify', '--reu'], suggestions: ['--reuse'] },
    { words: ['up', '--workers', ''], suggestions: [] },
    { words: ['down', '--run', ''], suggestions: ['0a1b2c3d', 'feedbeef'] },
    { words: ['completion', ''], suggestions: ['bash', 'zsh'] },
    { words: ['no-command', ''], suggestions: [] },
  ])('suggests $suggestions after $words', ({ words, suggestions }) => {
    expect(suggested(...words).suggestions).toEqual(suggestions)
  })

  test.each(['', 'state'])('takes runs from the home directory where XDG_STATE_HOME is %j', (value) => {
    mkdirSync(join(home, '.local/state/kind-flat-network/cafe0000'), { recursive: true })
    expect(suggestedIn({ ...environment, XDG_STATE_HOME: value }, ['down', '--run', '']).suggestions).toEqual([
      'cafe0000',
    ])
  })

  test('takes no time that a person notices', () => {
    expect(suggested('down', '--run', '').milliseconds).toBeLessThan(200)
  })
})

const shells = {
  bash: { start: 'bash --norc --noprofile -i', load: 'source ./completion.bash' },
  zsh: { start: 'zsh -f -i', load: 'autoload -Uz compinit && compinit -u -D && source ./completion.zsh' },
} as const

/**
 * Types lines into a shell on a terminal of its own, in which the command only prints its words; each line once the
 * one before has been carried out.
 */
async function typed(shell: keyof typeof shells, lines: readonly string[]): Promise<string[]> {
  const { start, load } = shells[shell]
  const told = '() { local IFS="|"; printf "{%s}\\n" "$*"; }'
  const input = [`PS1=; kind-flat-network${told}; ${load}; kind-flat-network ready`, ...lines]
  const terminal = spawn('script', ['--quiet', '--return', '--command', start, '/dev/null'], {
    cwd: home,
    env: environment,
  })
  const limit = setTimeout(() => terminal.kill('SIGKILL'), 20_000)
  let output = ''
  let sent = 0
  const seen = () => [...output.matchAll(/^\{([\w=|./-]*)\}\r?$/gm)].map(([, words = '']) => words)
  const send = () => {
    const line = input[sent++]
    terminal.stdin.write(line === undefined ? 'exit\n' : `${line}\n`)
  }
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (seen().length === sent && sent <= input.length) send()
  })
  send()
  await new Promise((resolve) => terminal.once('exit', resolve))
  clearTimeout(limit)
  const [ready, ...rest] = seen()
  if (ready !== 'ready' || rest.length !== lines.length) throw new Error(`${shell} said:\n${output}`)
  return rest
}

const hasZsh = spawnSync('zsh', ['--version']).status === 0

describe.each([
  { shell: 'bash', run: test, why: '' },
  { shell: 'zsh', run: hasZsh ? test : test.skip, why: hasZsh ? '' : ' (there is no zsh here)' },
] as const)('$shell on a terminal$why', ({ shell, run }) => {
  run(
    'completes commands, options and values',
    async () => {
      const lines = [
        ['kind-flat-network comp\tb\t', 'completion|bash'],
        ['kind-flat-network up --ip-family du\t', 'up|--ip-family|dual'],
        ['kind-flat-network up --load-balancer=me\t', 'up|--load-balancer=metallb'],
        ['kind-flat-network up --verify f\t--debug', 'up|--verify|false|--debug'],
        ['kind-flat-network plan -f te\t', 'plan|-f|team.yaml'],
        ['kind-flat-network plan --kubeconfig=te\t', 'plan|--kubeconfig=team.yaml'],
        ['kind-flat-network down --run fe\t', 'down|--run|feedbeef'],
        ['kind-flat-network verify --run=0\t--js\t', 'verify|--run=0a1b2c3d|--json'],
        ['kind-flat-network help rep\t', 'help|repair'],
      ] as const
      expect(
        await typed(
          shell,
          lines.map(([line]) => line),
        ),
      ).toEqual(lines.map(([, words]) => words))
    },
    30_000,
  )
})
