import { execa } from 'execa'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Outputs } from '../../../src/report/flat-network.js'
import { nodeImage } from './engine.js'

const cli = fileURLToPath(new URL('../../../dist/cli/kind-flat-network.mjs', import.meta.url))

export interface Ended {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly ended: Promise<Ended>
  /** Waits until the command has said that on standard error; false when it ended without. */
  readonly untilSaid: (text: RegExp) => Promise<boolean>
}

/** The command line as a person uses it, with a home of its own. */
export class Terminal {
  private constructor(
    readonly home: string,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly through: readonly string[],
  ) {}

  /**
   * @param environment variables that every command gets besides its own home
   * @param through what starts every command
   */
  static async open(
    environment: Readonly<Record<string, string>> = {},
    through: readonly string[] = [],
  ): Promise<Terminal> {
    return new Terminal(await mkdtemp(join(tmpdir(), 'flat-network-cli-')), environment, through)
  }

  /** Runs a command to its end, whatever that is. */
  run(...parameters: string[]): Promise<Ended> {
    return this.start(...parameters).ended
  }

  /** Starts a command and does not wait for it. */
  start(...parameters: string[]): Started {
    const [file = '', ...words] = [...this.through, process.execPath, cli, ...parameters]
    const command = execa(file, words, {
      env: { ...this.environment, XDG_STATE_HOME: this.home },
      reject: false,
      timeout: 600_000,
    })
    let stderr = ''
    command.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const ended = command.then((result) => ({ code: result.exitCode, stdout: result.stdout, stderr: result.stderr }))
    let isOver = false
    const over = () => (isOver = true)
    ended.then(over, over)
    const untilSaid = async (text: RegExp) => {
      while (!text.test(stderr) && !isOver) await sleep(50)
      return text.test(stderr)
    }
    return { ended, untilSaid }
  }

  /** `up`, which must succeed. */
  async up(clusters: string, ...parameters: string[]): Promise<Outputs> {
    const up = await this.run('up', '--clusters', clusters, '--node-image', nodeImage, '--json', ...parameters)
    if (up.code !== 0) throw new Error(`up failed:\n${up.stdout}`)
    // the last line is the result
    return JSON.parse(up.stdout.trim().split('\n').at(-1) ?? '') as Outputs
  }

  /** The flat networks that were made here and not removed. */
  runs(): Promise<string[]> {
    return readdir(join(this.home, 'kind-flat-network')).catch(() => [])
  }

  /** Removes every flat network that was made here. */
  async close(): Promise<void> {
    for (const run of await this.runs()) await this.run('down', '--run', run)
    await rm(this.home, { recursive: true, force: true })
  }
}
