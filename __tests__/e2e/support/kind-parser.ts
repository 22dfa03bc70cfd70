import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'

export type Json = Readonly<Record<string, unknown>>

/** A config, and the Kubernetes version of its nodes when the kubeadm configs are wanted too. */
export interface KindQuestion {
  readonly config: string
  readonly kubernetes?: string
}

/** How kind reads a config (`testbed/components/kind-config/main.go`). */
export interface KindAnswer {
  readonly accepted: boolean
  readonly error?: string
  /** Every setting, with kind's defaults. */
  readonly cluster?: KindCluster
  /** The kubeadm config of each node, after all patches. */
  readonly kubeadm?: readonly { readonly documents?: readonly Json[]; readonly error?: string }[]
}

export interface KindCluster extends Json {
  readonly name: string
  readonly networking: Json & Readonly<Record<'ipFamily' | 'podSubnet' | 'serviceSubnet', string>>
  readonly nodes: readonly (Json & {
    readonly role: string
    readonly image: string
    readonly extraMounts: readonly Json[]
  })[]
}

/** How long kind may take for the questions that are asked at once. */
const limit = 120_000

/** kind's own parser, as one process that answers in the order of the questions. */
export class KindParser {
  readonly #process: ChildProcessWithoutNullStreams = spawn('kind-config')
  readonly #waiting: { resolve: (answer: KindAnswer) => void; reject: (error: Error) => void }[] = []
  #failure: Error | undefined

  constructor() {
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(JSON.parse(line) as KindAnswer)
    })
    this.#process.stderr.pipe(process.stderr)
    this.#process.on('error', (error) => {
      this.#fail(error)
    })
    this.#process.on('close', (code) => {
      this.#fail(new Error(`kind-config ended with exit code ${String(code)}`))
    })
    this.#process.stdin.on('error', (error) => {
      this.#fail(error)
    })
  }

  /** @returns an answer to each question */
  async ask(questions: readonly KindQuestion[]): Promise<KindAnswer[]> {
    if (this.#failure !== undefined) throw this.#failure
    const answers = questions.map(
      () =>
        new Promise<KindAnswer>((resolve, reject) => {
          this.#waiting.push({ resolve, reject })
        }),
    )
    const timer = setTimeout(() => {
      this.#fail(new Error(`kind-config gave no answer within ${String(limit / 1000)} s`))
      this.#process.kill('SIGKILL')
    }, limit)
    this.#process.stdin.write(questions.map((question) => `${JSON.stringify(question)}\n`).join(''))
    try {
      return await Promise.all(answers)
    } finally {
      clearTimeout(timer)
    }
  }

  async askOne(question: KindQuestion): Promise<KindAnswer> {
    const [answer] = await this.ask([question])
    if (answer === undefined) throw new Error('kind-config gave no answer')
    return answer
  }

  /** Ends the process, and waits until it has ended. */
  async end(): Promise<void> {
    if (this.#failure !== undefined) return
    const ended = new Promise((resolve) => this.#process.once('close', resolve))
    this.#process.stdin.end()
    await ended
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
