import { spawn, type ChildProcess } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { JsonLine } from '../../src/cli/json-log.js'
import { nodeImage } from '../fakes/build.js'

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url))

export const dist = join(projectRoot, 'dist')

/** The bundles, and what is started of each. */
export const programs = {
  main: join(dist, 'main/index.js'),
  post: join(dist, 'post/index.js'),
  cli: join(dist, 'cli/kind-flat-network.mjs'),
} as const

const tools = ['docker', 'kind', 'kubectl', 'ip'] as const
type Tool = (typeof tools)[number]

/** Longest time one process of the product may take: a bound for a hang, not a measure. */
const runSeconds = 60

/** What the stubs shall do other than the model. */
export interface Script {
  /** The first rule whose pattern a command line matches: wait, ignore SIGTERM, end without doing anything. */
  readonly rules?: readonly {
    readonly match: string
    /** Only for so many calls. */
    readonly times?: number
    readonly delaySeconds?: number
    readonly heedless?: boolean
    readonly exit?: number
    readonly stderr?: string
  }[]
  /** Pairs of nodes (`from > to`) whose answer gets lost. */
  readonly silent?: readonly string[]
  /** Nodes that masquerade whatever they were told. */
  readonly masquerading?: readonly string[]
}

/** A call of a stub. */
export interface Call {
  readonly line: string
  readonly argv: readonly string[]
  readonly stdin: string
  readonly pid: number
  /** Value of KIND_FLAT_NETWORK_RUN. */
  readonly run?: string
  /** What stood in the record of an action's run when the call began. */
  readonly record?: string
}

interface EngineObject {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Of a container, by network. */
  readonly addresses?: Readonly<Record<string, readonly string[]>>
}

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

/** A process of the product. */
export interface Running {
  readonly pid: number | undefined
  readonly kill: (signal: NodeJS.Signals) => void
  /** Nobody reads its standard output any more. */
  readonly closeOutput: () => void
  /** Waits for the first of its standard output, and reads no more. */
  readonly stopReading: () => Promise<void>
  /** Waits until it has said that on standard error. */
  readonly untilSaid: (pattern: RegExp) => Promise<void>
  readonly ended: Promise<Outcome>
}

/** The lines that the command line printed with --json. */
export function jsonLines({ stdout }: Pick<Outcome, 'stdout'>): JsonLine[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonLine)
}

/** What a command told with --json as its result; `undefined` when it told none. */
export function resultOf<T>(outcome: Pick<Outcome, 'stdout'>): T {
  const { type, ...result } = jsonLines(outcome).find((line) => line.type === 'result') ?? {}
  return (type && result) as T
}

/** How a process of the product is started. */
export interface Start {
  readonly args?: readonly string[]
  readonly env?: Environment
  /** Text on standard input; without it, and unless it is kept open, there is none. */
  readonly input?: string
  readonly keepInputOpen?: boolean
  /** File descriptors instead of pipes that are read. */
  readonly stdout?: number
  readonly stderr?: number
  /** Words before the program: another that starts it. */
  readonly through?: readonly string[]
  /** As a shell starts it in a terminal: in a process group of its own, whose id is its process id. */
  readonly ownGroup?: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * A machine for one test: a directory with the stubs as the whole PATH, an engine that holds what others made, and
 * the files that a runner hands to an action.
 */
export class Machine {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'kfn-bundle-')))

  constructor(
    private readonly node: string,
    missing: readonly Tool[],
  ) {
    for (const directory of [
      'bin',
      'work',
      'temp',
      'engine/containers',
      'engine/networks',
      'engine/volumes',
      'engine/images',
    ]) {
      mkdirSync(this.path(directory), { recursive: true })
    }
    const stub = pathToFileURL(join(projectRoot, '__tests__/bundle/stub/program.js')).href
    for (const tool of tools.filter((each) => !missing.includes(each))) {
      const lines = [
        `#!${process.execPath}`,
        `import(${JSON.stringify(stub)}).then((stub) => stub.run('${tool}', ${JSON.stringify(this.root)}))`,
      ]
      writeFileSync(this.path(`bin/${tool}`), `${lines.join('\n')}\n`, { mode: 0o755 })
    }
    this.addNetwork('bridge', {}, '172.17.0.0/16')
    this.addNetwork('web_default', {}, '172.20.0.0/16')
    this.addImage(nodeImage)
    this.addContainer('web-1', {})
    this.addContainer('theirs-control-plane', kindLabels('theirs'))
  }

  path(name: string): string {
    return join(this.root, name)
  }

  read(name: string): string {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), 'utf8') : ''
  }

  script(script: Script): void {
    writeFileSync(this.path('script.json'), JSON.stringify(script))
  }

  /** Puts there what a run of the product made: a cluster of one node, and what tells others of it. */
  addRun(run: string, cluster: string): void {
    this.addContainer(`${cluster}-control-plane`, kindLabels(cluster), [`/kind-flat-network/${run}`])
    const reserved = JSON.stringify({ clusters: [cluster], subnets: [] })
    const labels = { 'kind-flat-network.run': run, 'kind-flat-network.reserved': reserved }
    this.addVolume(`kind-flat-network-${run}`, labels)
  }

  addVolume(name: string, labels: Record<string, string>): void {
    this.add('volumes', { name, labels })
  }

  addNetwork(name: string, labels: Record<string, string>, subnet: string): void {
    this.add('networks', { id: `id-of-network-${name}`, name, labels, subnets: [subnet] })
  }

  addImage(name: string): void {
    this.add('images', { name: encodeURIComponent(name) })
  }

  /** Names of the engine's images. */
  images(): string[] {
    return this.objects('images').map(({ name }) => decodeURIComponent(name))
  }

  /** Takes images away, as a new runner has none. */
  removeImages(names: RegExp): void {
    for (const name of this.images().filter((each) => names.test(each))) {
      rmSync(this.path(`engine/images/${encodeURIComponent(name)}.json`))
    }
  }

  private addContainer(name: string, labels: Record<string, string>, mounts: readonly string[] = []): void {
    const kubeadm =
      'kind: ClusterConfiguration\nnetworking: { podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16 }\n'
    const addresses = { web_default: ['172.20.0.2'] }
    const files = { '/kind/kubeadm.conf': kubeadm }
    this.add('containers', { id: `id-of-${name}`, name, labels, mounts, addresses, files })
  }

  private add(kind: string, object: { readonly name: string } & Record<string, unknown>): void {
    writeFileSync(this.path(`engine/${kind}/${object.name}.json`), JSON.stringify(object))
  }

  /** Does to an object what somebody else did. */
  change(kind: 'containers' | 'wirings' | 'coredns', name: string, change: Record<string, unknown>): void {
    const object = JSON.parse(this.read(`engine/${kind}/${name}.json`)) as { name: string }
    this.add(kind, { ...object, ...change })
  }

  /** All objects of the engine, whole. */
  engine(): Record<'containers' | 'networks' | 'volumes' | 'pods', EngineObject[]> {
    return {
      containers: this.objects('containers'),
      networks: this.objects('networks'),
      volumes: this.objects('volumes'),
      pods: this.objects('pods'),
    }
  }

  /** What the nodes were told to have: next hops by destination. */
  routes(node: string): Record<string, string[]> {
    return (JSON.parse(this.read(`engine/wirings/${node}.json`)) as { routes: Record<string, string[]> }).routes
  }

  private objects(kind: string): EngineObject[] {
    const directory = this.path(`engine/${kind}`)
    const files = existsSync(directory) ? readdirSync(directory) : []
    return files
      .filter((file) => file.endsWith('.json'))
      .sort()
      .map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')) as EngineObject)
  }

  calls(): Call[] {
    return this.read('calls.jsonl')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Call)
  }

  /** Command lines of the calls that change something on the engine or in a cluster. */
  changes(): Call[] {
    return this.calls().filter(({ line }) =>
      /^(docker ((network|volume) (create|rm)|rm|exec|run)|kind (create|delete)|kubectl .*(apply|patch|delete))\b/.test(
        line,
      ),
    )
  }

  start(bundle: keyof typeof programs, given: Start = {}): Running {
    const { args = [], env = {}, input, keepInputOpen = false, through = [], ownGroup = false } = given
    const { stdout = 'pipe', stderr = 'pipe' } = given
    const [program = '', ...words] = [...through, this.node, programs[bundle], ...args]
    const child = spawn(program, words, {
      cwd: this.path('work'),
      env: { PATH: this.path('bin'), HOME: this.root, TMPDIR: this.path('temp'), [marker]: this.root, ...env },
      stdio: [input === undefined && !keepInputOpen ? 'ignore' : 'pipe', stdout, stderr],
      detached: ownGroup,
    })
    if (input !== undefined) child.stdin?.end(input)
    const texts = textsOf(child)
    return {
      pid: child.pid,
      kill: (signal) => child.kill(signal),
      closeOutput: () => child.stdout?.destroy(),
      stopReading: () =>
        new Promise((resolve) => {
          child.stdout?.once('data', () => {
            child.stdout?.pause()
            resolve()
          })
        }),
      untilSaid: (pattern) => eventually(() => pattern.test(texts.stderr), `${bundle} never said ${String(pattern)}`),
      ended: outcomeOf(child, bundle, texts),
    }
  }

  run(...parameters: Parameters<Machine['start']>): Promise<Outcome> {
    return this.start(...parameters).ended
  }

  /** Runs the action's main as a runner does: inputs and places for its files in the environment. */
  startMain(inputs: Readonly<Record<string, string>>, env: Environment = {}): Running {
    for (const file of Object.values(runnerFiles)) writeFileSync(this.path(file), '', { flag: 'a' })
    return this.start('main', { env: { ...this.runnerEnvironment(), ...inputVariables(inputs), ...env } })
  }

  main(...parameters: Parameters<Machine['startMain']>): Promise<Outcome> {
    return this.startMain(...parameters).ended
  }

  post(env: Environment = {}): Promise<Outcome> {
    return this.startPost(env).ended
  }

  /** Starts the action's post with the state that main saved. */
  startPost(env: Environment = {}): Running {
    const state = [...fileCommands(this.read(runnerFiles.GITHUB_STATE))].map(([name, value]) => [
      `STATE_${name}`,
      value,
    ])
    return this.start('post', {
      env: { ...this.runnerEnvironment(), ...(Object.fromEntries(state) as Environment), ...env },
    })
  }

  private runnerEnvironment(): Environment {
    const files = Object.entries(runnerFiles).map(([name, file]) => [name, this.path(file)])
    return { RUNNER_TEMP: this.path('temp'), ...(Object.fromEntries(files) as Environment) }
  }

  /** What main saved for post; `undefined` when it saved nothing. */
  saved(): { readonly run: string; readonly directory: string } | undefined {
    const { run, directory } = Object.fromEntries(fileCommands(this.read(runnerFiles.GITHUB_STATE)))
    return run === undefined || directory === undefined ? undefined : { run, directory }
  }

  /** The record of main's run; `undefined` when there is none. */
  record(): Recorded | undefined {
    const path = `${this.saved()?.directory ?? ''}/run.json`
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Recorded) : undefined
  }

  /** Ids of the runs that the command line keeps files of. */
  recorded(): string[] {
    const directory = this.path('state/kind-flat-network')
    return existsSync(directory) ? readdirSync(directory) : []
  }

  cli(...args: string[]): Promise<Outcome> {
    return this.startCli(...args).ended
  }

  /** The command line with that on standard input. */
  cliReading(input: string, ...args: string[]): Promise<Outcome> {
    return this.startCliWith({ input }, ...args).ended
  }

  startCli(...args: string[]): Running {
    return this.startCliWith({}, ...args)
  }

  startCliWith({ env = {}, ...given }: Omit<Start, 'args'>, ...args: string[]): Running {
    return this.start('cli', { ...given, args, env: { XDG_STATE_HOME: this.path('state'), ...env } })
  }

  /** Waits until so many stubs run a command like that. */
  async until(pattern: RegExp, count = 1): Promise<void> {
    const enough = () => this.calls().filter(({ line }) => pattern.test(line)).length >= count
    await eventually(enough, `no ${String(count)} calls like ${String(pattern)}`)
  }

  /** Process ids of everything that was started on this machine and still runs. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${marker}=${this.root}`)
        } catch {
          return false
        }
      })
      .map(Number)
  }

  /** Waits until nothing that was started on this machine runs any more: what is killed takes a moment to go. */
  async untilQuiet(): Promise<void> {
    await eventually(() => this.processes().length === 0, 'something still runs')
  }

  async dispose(): Promise<void> {
    for (let look = 0; look < 50; look++) {
      const left = this.processes()
      if (left.length === 0) break
      for (const pid of left) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // it ended by itself
        }
      }
      await sleep(20)
    }
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** The part of a record that tests look at. */
export interface Recorded {
  readonly run: string
  readonly directory: string
  readonly complete: boolean
  readonly dockerNetwork: string
  readonly clusters: readonly { readonly name: string }[]
}

/** Environment variable by which everything that is started on a machine is found again. */
const marker = 'KFN_BUNDLE_TEST'

export const runnerFiles = {
  GITHUB_OUTPUT: 'output',
  GITHUB_ENV: 'env',
  GITHUB_STATE: 'state.txt',
  GITHUB_STEP_SUMMARY: 'summary.md',
} as const

/** Runs a test on a machine of its own, which is gone afterwards with all that runs on it. */
export async function onMachine(
  node: string,
  test: (machine: Machine) => Promise<void>,
  missing: readonly Tool[] = [],
): Promise<void> {
  const machine = new Machine(node, missing)
  try {
    await test(machine)
  } finally {
    await machine.dispose()
  }
}

function kindLabels(cluster: string): Record<string, string> {
  return { 'io.x-k8s.kind.cluster': cluster, 'io.x-k8s.kind.role': 'control-plane' }
}

/** Waits until something is so. */
async function eventually(isSo: () => boolean, otherwise: string): Promise<void> {
  for (let look = 0; look < runSeconds * 20; look++) {
    if (isSo()) return
    await sleep(50)
  }
  throw new Error(`${otherwise} within ${String(runSeconds)} s`)
}

/** What a process has said so far. */
function textsOf(child: ChildProcess): { stdout: string; stderr: string } {
  const texts = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => (texts[stream] += text))
  }
  return texts
}

async function outcomeOf(child: ChildProcess, bundle: string, texts: ReturnType<typeof textsOf>): Promise<Outcome> {
  const started = performance.now()
  let late = false
  const limit = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, runSeconds * 1000)
  // not 'close': orphans hold no pipe of the product, but a mistake there should not look like a hang
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('exit', (exitCode) => setImmediate(() => resolve(exitCode)))
  }).finally(() => clearTimeout(limit))
  if (late) throw new Error(`${bundle} did not end within ${String(runSeconds)} s\n${texts.stdout}${texts.stderr}`)
  return { code, ...texts, seconds: (performance.now() - started) / 1000 }
}

function inputVariables(inputs: Readonly<Record<string, string>>): Environment {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]))
}

/** Names and values in a file such as GITHUB_OUTPUT: `name<<delimiter`, the value, the delimiter. The last of a name counts. */
export function fileCommands(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^([^\n]+?)<<(\S+)\n([\s\S]*?)\n\2$/gm)].map(([, name = '', , value = '']) => [name, value]),
  )
}

/** Messages of workflow commands on standard output: `::error::…`, `::warning::…`. */
export function messages(kind: 'error' | 'warning', { stdout }: Outcome): string[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith(`::${kind}::`))
    .map((line) =>
      line
        .slice(kind.length + 4)
        .replaceAll('%0D', '\r')
        .replaceAll('%0A', '\n')
        .replaceAll('%25', '%'),
    )
}
