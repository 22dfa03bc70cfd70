import { execa } from 'execa'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Outputs } from '../../../src/report/flat-network.js'
import { nodeImage } from './engine.js'

const cli = fileURLToPath(new URL('../../../dist/cli/kind-flat-network.mjs', import.meta.url))

/** The command line as a person uses it, with a home of its own. */
export class Terminal {
  private constructor(
    readonly home: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** @param environment variables that every command gets besides its own home */
  static async open(environment: Readonly<Record<string, string>> = {}): Promise<Terminal> {
    return new Terminal(await mkdtemp(join(tmpdir(), 'flat-network-cli-')), environment)
  }

  /** Runs a command to its end, whatever that is. */
  async run(...parameters: string[]): Promise<{ code: number | undefined; stdout: string; stderr: string }> {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [cli, ...parameters], {
      env: { ...this.environment, XDG_STATE_HOME: this.home },
      reject: false,
      timeout: 600_000,
    })
    return { code: exitCode, stdout, stderr }
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
