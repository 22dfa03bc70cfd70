import { isAddressName, maskAddress, maskSecrets, maskSecretsIn } from './mask-secrets.js'
import { shorten } from './shorten.js'

/** Characters of one text that are searched for secrets; what follows is not shown. */
const mostMasked = 4000

/** One thing wrong with the input: which input, the value given, and what is wrong with what would be right. */
export interface Problem {
  /** The input's name, with the path into it: `workers`, `clusters[1].pod-subnet`. */
  readonly input: string
  /** The value as given; left out where the problem is that there is none. */
  readonly value?: unknown
  /** What is wrong, and what would be right. */
  readonly message: string
}

/** Bad input: every problem found, never just the first. */
export class InputError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('\n'))
    this.name = 'InputError'
  }
}

/** `clusters[1].pod-subnet: "10.0.0.1/8" has host bits set; …` */
export function describeProblem({ input, value, message }: Problem): string {
  return `${shown(input)}: ${lineOf(input, value, message)}`
}

function lineOf(input: string, value: unknown, message: string): string {
  if (value === undefined) return maskSecrets(message)
  // the search would take the message for a part of an address that is wrong
  if (isAddressName(input)) return `${textOf(input, value)} ${maskSecrets(message)}`
  return maskSecrets(`${textOf(input, value)} ${message}`)
}

/** The problem as programs see it: without secrets, and a long value as the beginning of its text. */
export function shownProblem({ input, value, message }: Problem): Problem {
  return {
    input: shown(input),
    ...(value !== undefined && { value: shownValue(input, value) }),
    message: maskSecrets(message),
  }
}

function shownValue(input: string, value: unknown): unknown {
  if (typeof value === 'string') return shownText(input, value)
  const text = asJson(input, value)
  return text !== undefined && shorten(text) === text
    ? maskSecretsIn(JSON.parse(text) as unknown)
    : textOf(input, value)
}

function textOf(input: string, value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shownText(input, value))
  return shown(asJson(input, value) ?? 'what was given')
}

function shownText(input: string, value: string): string {
  return isAddressName(input) ? shorten(maskAddress(value)) : shown(value)
}

/** Without the secrets of values that are addresses; `undefined` for a value that contains itself, as YAML has them. */
function asJson(input: string, value: unknown): string | undefined {
  const masked = (each: unknown) => (typeof each === 'string' ? maskAddress(each) : each)
  try {
    return JSON.stringify(value, (key, each: unknown) => {
      if (!isAddressName(key === '' ? input : key)) return each
      return Array.isArray(each) ? each.map(masked) : masked(each)
    })
  } catch {
    return undefined
  }
}

/** The beginning of a text, without secrets. */
function shown(text: string): string {
  return shorten(maskSecrets(beginningOf(text)))
}

/** As much of a text as is searched for secrets. A word with a colon may be cut within a login, and is left out. */
function beginningOf(text: string): string {
  if (text.length <= mostMasked) return text
  const beginning = text.slice(0, mostMasked)
  const [last = ''] = /(?<![^\s"'])[^\s"']*$/.exec(beginning) ?? []
  return `${last.includes(':') ? beginning.slice(0, -last.length) : beginning}…`
}

/** A command that could not be started, failed or ran out of time. The message holds command, exit code and output. */
export class CommandError extends Error {
  constructor(
    readonly command: readonly string[],
    /** What ended it: `exit code 1`, `no such program`, `no end within 30 s`. */
    readonly outcome: string,
    readonly output: string,
  ) {
    const tail = output.trim().split('\n').slice(-60)
    const lines = [
      `${formatCommand(command)}: ${outcome}`,
      ...tail.filter((line) => line !== '').map((line) => `  ${beginningOf(line)}`),
    ]
    super(maskSecrets(lines.join('\n')))
    this.name = 'CommandError'
  }
}

/** A command that printed more than anybody reads; what it printed until then is its output. */
export class TooMuchOutputError extends CommandError {
  constructor(command: readonly string[], mostBytes: number, output: string) {
    super(command, `printed more than ${String(mostBytes / 1e6)} MB`, output)
    this.name = 'TooMuchOutputError'
  }
}

/** Something could not be downloaded, or is not what was expected. */
export class DownloadError extends Error {
  constructor(
    address: string,
    /** `404 Not Found`, `cut off after 3.0 MB of 10.0 MB`, `no answer for 30 s`. */
    readonly reason: string,
    readonly tries: number,
    remedy: string,
  ) {
    const times = tries === 1 ? 'once' : `${String(tries)} times`
    super(`${maskSecrets(address)}: ${maskSecrets(reason)} (tried ${times}); ${remedy}`)
    this.name = 'DownloadError'
  }
}

/** A command as a line to read: without secrets, and scripts and long data are cut. */
export function formatCommand(command: readonly string[]): string {
  return shellCommand(
    command
      .map(maskSecrets)
      .map((word) =>
        word.length > 200 || word.includes('\n') ? `${word.slice(0, 40).trim().replaceAll('\n', ' ')} …` : word,
      ),
  )
}

/** A command as a line to paste into a shell, whole. */
export function shellCommand(command: readonly string[]): string {
  return command.map((word) => (plainWord.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}

/** What every shell takes as it is: bash expands braces, and zsh a `=` at the beginning. */
const plainWord = /^[\w@%+:,./-][\w@%+=:,./-]*$/

/** The command was told to stop: a signal from the terminal or the runner. */
export class CancelledError extends Error {
  constructor(
    readonly signal: NodeJS.Signals,
    /** What to do now, if anything. */
    remedy?: string,
  ) {
    super(`stopped by ${signal}${remedy === undefined ? '' : `; ${remedy}`}`)
    this.name = 'CancelledError'
  }
}

/** The text of anything thrown, without secrets: libraries put addresses into their messages too. */
export function messageOf(error: unknown): string {
  return maskSecrets(messageIn(error))
}

/** The beginning of that text, for a message that it is a part of. */
export function shortMessageOf(error: unknown): string {
  return shown(messageIn(error))
}

function messageIn(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
