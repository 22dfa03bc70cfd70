import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseRunRecord, recordFile, type RunRecord } from '../../../src/plan/run-record.js'

const dist = fileURLToPath(new URL('../../../dist/', import.meta.url))
const commandFiles = ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'] as const
type CommandFile = (typeof commandFiles)[number]

export interface Ended {
  readonly code: number | null
  readonly log: string
}

/** A job with one step that uses the action: main and post are started as a runner starts them. */
export class Job {
  private constructor(private readonly directory: string) {}

  static async create(): Promise<Job> {
    const directory = await mkdtemp(join(tmpdir(), 'flat-network-job-'))
    await mkdir(join(directory, 'temp'))
    await Promise.all(commandFiles.map((file) => writeFile(join(directory, file), '')))
    return new Job(directory)
  }

  /** Starts main; `ended` tells how it went. */
  startMain(inputs: Readonly<Record<string, string>>): { process: ChildProcess; ended: Promise<Ended> } {
    const environment = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value] as const)
    return this.start('main', Object.fromEntries(environment))
  }

  async post(): Promise<Ended> {
    const state = await this.file('GITHUB_STATE')
    const environment = Object.entries(state).map(([name, value]) => [`STATE_${name}`, value] as const)
    return this.start('post', Object.fromEntries(environment)).ended
  }

  /** Values that were written to a command file; the last of a name counts. */
  async file(name: Exclude<CommandFile, 'GITHUB_STEP_SUMMARY'>): Promise<Record<string, string>> {
    const text = await readFile(join(this.directory, name), 'utf8')
    const entries = text.matchAll(/^(\S+)<<(\S+)\n([\s\S]*?)\n\2$/gm)
    return Object.fromEntries([...entries].map(([, key = '', , value = '']) => [key, value]))
  }

  /** Id of the run; `undefined` when main began none. */
  async runId(): Promise<string | undefined> {
    return (await this.file('GITHUB_STATE'))['run']
  }

  /** The record of the run, as main left it. */
  async record(): Promise<RunRecord> {
    const { directory = '' } = await this.file('GITHUB_STATE')
    return parseRunRecord(await readFile(join(directory, recordFile), 'utf8'))
  }

  summary(): Promise<string> {
    return readFile(join(this.directory, 'GITHUB_STEP_SUMMARY'), 'utf8')
  }

  /** What the step left in the runner's temporary directory. */
  leftFiles(): Promise<string[]> {
    return readdir(join(this.directory, 'temp'))
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true })
  }

  private start(
    entry: 'main' | 'post',
    environment: Record<string, string>,
  ): { process: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(process.execPath, [join(dist, entry, 'index.js')], {
      env: {
        ...process.env,
        ...Object.fromEntries(commandFiles.map((file) => [file, join(this.directory, file)])),
        RUNNER_TEMP: join(this.directory, 'temp'),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let log = ''
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        resolve({ code, log })
      })
      // what a killed main left running holds its output open
      child.once('exit', (code) => {
        setTimeout(() => {
          resolve({ code, log })
        }, 1000)
      })
    })
    return { process: child, ended }
  }
}
