import { execa } from 'execa'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const prompt = '$'
const atPrompt = new RegExp(`(^|\\n)\\${prompt}\\s*$`)

interface Ended {
  /** Lines as they wrap on the screen, and those that have left it at the top. */
  readonly shown: string[]
  /** The same with escape codes. */
  readonly colored: string
  readonly cursorVisible: boolean
  readonly code: number
}

/** A person's terminal of 80 columns and 24 rows with a shell in it, kind-flat-network on its PATH, and a home of its own. */
export class TmuxTerminal {
  private constructor(readonly directory: string) {}

  /** @param files what lies in the working directory */
  static async open(files: Readonly<Record<string, string>>): Promise<TmuxTerminal> {
    const terminal = new TmuxTerminal(await mkdtemp(join(tmpdir(), 'flat-network-tty-')))
    const { directory } = terminal
    const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> }
    const program = join(directory, 'bin/kind-flat-network')
    await mkdir(join(directory, 'bin'))
    await writeFile(program, `#!/bin/sh\nexec ${process.execPath} ${join(root, bin['kind-flat-network'] ?? '')} "$@"\n`)
    await chmod(program, 0o755)
    await writeFile(join(directory, 'bashrc'), `PS1='${prompt} '; unset HISTFILE\n`)
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content)
    // whoever runs the tests may be no person
    const foreign = /^(CI|NO_COLOR|FORCE_COLOR|TMUX|XDG_.*)$/
    const environment = Object.entries(process.env).filter(
      (entry): entry is [string, string] => !foreign.test(entry[0]),
    )
    await execa(
      'tmux',
      terminal.command('-f', '/dev/null', 'new-session', '-d', '-x', '80', '-y', '24', 'bash --rcfile bashrc'),
      {
        cwd: directory,
        extendEnv: false,
        env: {
          ...Object.fromEntries(environment),
          HOME: directory,
          LC_ALL: 'C.UTF-8',
          PATH: `${directory}/bin:${process.env['PATH'] ?? ''}`,
        },
      },
    )
    try {
      await terminal.untilPrompt(10)
      return terminal
    } catch (error) {
      await terminal.close()
      throw error
    }
  }

  /** Types a line, which clears the screen first. */
  async type(line: string): Promise<void> {
    await this.tmux('send-keys', '-R', ';', 'clear-history')
    await this.tmux('send-keys', '-l', line)
    await this.tmux('send-keys', 'Enter')
  }

  async press(key: string): Promise<void> {
    await this.tmux('send-keys', key)
  }

  /** Types a line and waits until it is done. */
  async run(line: string, seconds: number): Promise<Ended> {
    await this.type(line)
    return this.ended(seconds)
  }

  /** Waits until what was typed is done. */
  async ended(seconds: number): Promise<Ended> {
    await this.untilPrompt(seconds)
    const [shown, colored] = [await this.shown(), await this.shown('-e')]
    const cursor = await this.tmux('display-message', '-p', '#{cursor_flag}')
    await this.type('echo "code $?"')
    const [, code] = await this.until(/^code (\d+)$/m, 10)
    return { shown, colored: colored.join('\n'), cursorVisible: cursor.trim() === '1', code: Number(code) }
  }

  /** The lines on the screen as they wrap there, and those that have left it at the top. */
  async shown(...options: readonly string[]): Promise<string[]> {
    const lines = (await this.tmux('capture-pane', '-p', '-S', '-', ...options)).split('\n')
    while (lines.at(-1) === '') lines.pop()
    return lines
  }

  /** The same, each line whole. */
  unwrapped(): Promise<string[]> {
    return this.shown('-J')
  }

  /** Waits until that is to be seen. */
  async until(text: RegExp, seconds: number): Promise<RegExpExecArray> {
    for (const deadline = Date.now() + seconds * 1000; ;) {
      const shown = (await this.unwrapped()).join('\n')
      const found = text.exec(shown)
      if (found !== null) return found
      if (Date.now() > deadline) throw new Error(`no ${String(text)} within ${String(seconds)} s:\n${shown}`)
      await sleep(100)
    }
  }

  /** The flat networks that were made here and not removed. */
  runs(): Promise<string[]> {
    return readdir(join(this.directory, '.local/state/kind-flat-network')).catch(() => [])
  }

  async close(): Promise<void> {
    await this.tmux('kill-server')
    await rm(this.directory, { recursive: true, force: true })
  }

  private untilPrompt(seconds: number): Promise<RegExpExecArray> {
    return this.until(atPrompt, seconds)
  }

  private async tmux(...parameters: readonly string[]): Promise<string> {
    return (await execa('tmux', this.command(...parameters), { timeout: 10_000 })).stdout
  }

  private command(...parameters: readonly string[]): string[] {
    return ['-u', '-S', join(this.directory, 'tmux'), ...parameters]
  }
}
