import { execa } from 'execa'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { baseImage, dockerOf } from './engine.js'

/** A process that ends when it is killed. */
interface Daemon extends PromiseLike<unknown> {
  kill(signal: NodeJS.Signals): boolean
}

/** Only root makes network namespaces. */
export const canHavePrivateEngine = process.platform === 'linux' && process.getuid?.() === 0

/**
 * A Docker engine that belongs to one test, so that the test may stop it. It shares nothing with the machine's engine but
 * the kernel: it has a network namespace, a containerd, data and cgroups of its own. What an engine publishes on loopback
 * is reachable in its namespace alone.
 */
export class PrivateEngine {
  private containerd: Daemon | undefined
  private dockerd: Daemon | undefined

  private constructor(private readonly directory: string) {}

  /** Starts an engine that has the node image. */
  static async create(): Promise<PrivateEngine> {
    // the path of a socket has 107 characters at most; data on a tmpfs would cost memory
    const engine = new PrivateEngine(await mkdtemp('/var/tmp/fn-engine-'))
    try {
      await execa('ip', ['netns', 'add', engine.name])
      await execa('ip', ['-n', engine.name, 'link', 'set', 'lo', 'up'])
      await writeFile(engine.path('containerd.toml'), 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
      await engine.start()
      await engine.takeImage(baseImage)
      return engine
    } catch (error) {
      await engine.remove()
      throw error
    }
  }

  /** What a command gets to use this engine. */
  get environment(): Readonly<Record<string, string>> {
    return { DOCKER_HOST: `unix://${this.path('docker.sock')}` }
  }

  /** What starts a command in the engine's network namespace. `ip netns exec` would hide the cgroups. */
  get through(): readonly string[] {
    return ['nsenter', `--net=/run/netns/${this.name}`]
  }

  docker(...parameters: string[]): Promise<string> {
    return dockerOf(this.environment, ...parameters)
  }

  async start(): Promise<void> {
    // an engine that was killed leaves them, and their numbers may be those of other processes by now
    for (const file of ['docker.pid', 'docker.sock', 'containerd.sock']) await rm(this.path(file), { force: true })
    const containerdSocket = this.path('containerd.sock')
    this.containerd = this.spawn(
      'containerd',
      `--config=${this.path('containerd.toml')}`,
      `--root=${this.path('containerd-data')}`,
      `--state=${this.path('containerd-state')}`,
      `--address=${containerdSocket}`,
    )
    await until(60, `containerd answers`, () => execa('ctr', ['--address', containerdSocket, 'version']))
    this.dockerd = this.spawn(
      'dockerd',
      `--containerd=${containerdSocket}`,
      `--host=${this.environment['DOCKER_HOST'] ?? ''}`,
      `--data-root=${this.path('data')}`,
      `--exec-root=${this.path('exec')}`,
      `--pidfile=${this.path('docker.pid')}`,
      '--exec-opt=native.cgroupdriver=cgroupfs',
      `--cgroup-parent=/${this.name}`,
      ...(await runtimeOfMachine()),
    )
    await until(120, 'dockerd answers', () => this.docker('version'))
  }

  /** SIGTERM lets the engine stop its containers; SIGKILL leaves them to themselves. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    for (const daemon of [this.dockerd, this.containerd]) {
      daemon?.kill(signal)
      if (signal === 'SIGTERM') await daemon
    }
    await Promise.all([this.dockerd, this.containerd])
    this.dockerd = this.containerd = undefined
  }

  /** Ends the engine and everything that runs on it, however far it came. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL')
    await until(60, 'no process of the engine is left', async () => {
      const pids = [...(await this.shims()), ...(await this.processesInCgroups())]
      for (const pid of pids) killIfThere(pid)
      if (pids.length > 0) throw new Error(pids.join(' '))
    })
    for (const cgroup of await this.cgroups()) await execa('rmdir', [cgroup], { reject: false })
    for (const target of await this.mounts()) await execa('umount', ['--lazy', target], { reject: false })
    await execa('ip', ['netns', 'delete', this.name], { reject: false })
    await rm(this.directory, { recursive: true, force: true })
  }

  private get name(): string {
    return this.directory.replace(/^.*\//, '')
  }

  private path(file: string): string {
    return join(this.directory, file)
  }

  private spawn(program: string, ...parameters: string[]): Daemon {
    const [enter = '', ...into] = this.through
    const log = { file: this.path(`${program}.log`), append: true } as const
    return execa(enter, [...into, program, ...parameters], { stdin: 'ignore', stdout: log, stderr: log, reject: false })
  }

  private async takeImage(image: string): Promise<void> {
    const here = await execa('docker', ['image', 'inspect', image], { reject: false })
    if (here.exitCode !== 0) await execa('docker', ['pull', image])
    await execa('docker', ['save', image], { buffer: false }).pipe('docker', ['load'], { env: this.environment })
  }

  private async shims(): Promise<number[]> {
    const { stdout } = await execa('pgrep', ['--full', `^\\S*containerd-shim.* -address ${this.directory}/`], {
      reject: false,
    })
    return numbers(stdout)
  }

  private async processesInCgroups(): Promise<number[]> {
    const files = (await this.cgroups()).map((cgroup) => join(cgroup, 'cgroup.procs'))
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
    return [...new Set(numbers(texts.join('\n')))]
  }

  /** The innermost first. */
  private async cgroups(): Promise<string[]> {
    const { stdout } = await execa(
      'find',
      ['/sys/fs/cgroup', '-depth', '-type', 'd', '(', '-name', this.name, '-o', '-path', `*/${this.name}/*`, ')'],
      { reject: false },
    )
    return stdout.split('\n').filter((line) => line !== '')
  }

  /** The innermost first. */
  private async mounts(): Promise<string[]> {
    const targets = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '')
    return targets.filter((target) => target.startsWith(`${this.directory}/`)).reverse()
  }
}

/** The testbed's engine has a runtime for machines that lack a capability; a second engine needs it too. */
async function runtimeOfMachine(): Promise<string[]> {
  const { DefaultRuntime: name, Runtimes } = JSON.parse(await dockerOf({}, 'info', '--format', '{{json .}}')) as {
    DefaultRuntime: string
    Runtimes: Record<string, { path?: string }>
  }
  const path = Runtimes[name]?.path
  return path === undefined || name === 'runc' ? [] : [`--add-runtime=${name}=${path}`, `--default-runtime=${name}`]
}

function numbers(text: string): number[] {
  return text.split('\n').flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : []))
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function until(seconds: number, what: string, holds: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; ;) {
    try {
      await holds()
      return
    } catch (cause) {
      if (Date.now() > deadline) throw new Error(`not within ${String(seconds)} s: ${what}`, { cause })
      await sleep(200)
    }
  }
}
