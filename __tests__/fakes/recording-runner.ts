import { CommandError } from '../../src/errors.js'
import type { CommandRunner, RunOptions } from '../../src/ports.js'

/** A command as it was run. */
export interface Call {
  readonly command: readonly string[]
  /** The words, joined by blanks. */
  readonly line: string
  readonly options: RunOptions
  /** How many commands of the same rule came before. */
  readonly nth: number
  outcome: 'running' | 'done' | 'failed' | 'stopped'
}

/** A part of the command line, or a pattern for it. */
export type Matcher = string | RegExp

/** What a command prints, or the way it fails; a function learns the call. */
export type Reply = PlainReply | ((call: Call) => PlainReply | Promise<PlainReply>)
export type PlainReply = string | Failure | Hang

/** The command fails with that output. */
export interface Failure {
  readonly failsWith: string
  readonly outcome: string
}

/** The command never ends by itself. */
export type Hang = typeof hang

export const hang = Symbol('hangs until it is stopped')

export function fails(output: string, outcome = 'exit code 1'): Failure {
  return { failsWith: output, outcome }
}

/** One reply after the other; the last one stays. */
export function inTurn(...replies: PlainReply[]): Reply {
  return ({ nth }) => replies[Math.min(nth, replies.length - 1)] ?? ''
}

/** Replies from a table and keeps every command in the order they began. A command nobody expects fails the test. */
export class RecordingRunner implements CommandRunner {
  readonly calls: Call[] = []
  readonly #rules: { readonly matcher: Matcher; readonly reply: Reply; used: number }[] = []

  /** A rule that is added later wins. */
  on(matcher: Matcher, reply: Reply): this {
    this.#rules.unshift({ matcher, reply, used: 0 })
    return this
  }

  /** The calls that match, in order. */
  matching(matcher: Matcher): Call[] {
    return this.calls.filter(({ line }) => matches(line, matcher))
  }

  /** The lines that match, in order. */
  lines(matcher: Matcher = ''): string[] {
    return this.matching(matcher).map(({ line }) => line)
  }

  run(command: readonly string[], options: RunOptions = {}): Promise<string> {
    return this.#run(command, options, [])
  }

  until(signal: AbortSignal): CommandRunner {
    return this.#view([signal])
  }

  #view(signals: readonly AbortSignal[]): CommandRunner {
    return {
      run: (command, options = {}) => this.#run(command, options, signals),
      until: (signal) => this.#view([...signals, signal]),
    }
  }

  async #run(command: readonly string[], options: RunOptions, signals: readonly AbortSignal[]): Promise<string> {
    for (const signal of signals) signal.throwIfAborted()
    const line = command.join(' ')
    const rule = this.#rules.find(({ matcher }) => matches(line, matcher))
    if (rule === undefined) throw new Error(`no reply is known for the command: ${line}`)
    const call: Call = { command, line, options, nth: rule.used++, outcome: 'running' }
    this.calls.push(call)
    const stop = new AbortController()
    try {
      const output = await Promise.race([this.#reply(rule.reply, call), stopped(signals, stop.signal)])
      call.outcome = 'done'
      return output
    } catch (error) {
      call.outcome = error instanceof CommandError ? 'failed' : 'stopped'
      throw error
    } finally {
      stop.abort()
    }
  }

  async #reply(reply: Reply, call: Call): Promise<string> {
    const found = await (typeof reply === 'function' ? reply(call) : reply)
    if (found === hang) return new Promise<string>(() => undefined)
    if (typeof found === 'string') {
      for (const text of found.split('\n')) call.options.onLine?.(text)
      return found
    }
    for (const text of found.failsWith.split('\n')) call.options.onLine?.(text)
    throw new CommandError(call.command, found.outcome, found.failsWith)
  }
}

/** Rejects with a signal's reason as soon as it is aborted. */
function stopped(signals: readonly AbortSignal[], done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of signals) {
      const stop = () => {
        reject(signal.reason as Error)
      }
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true, signal: done })
    }
  })
}

function matches(line: string, matcher: Matcher): boolean {
  return typeof matcher === 'string' ? line.includes(matcher) : matcher.test(line)
}
