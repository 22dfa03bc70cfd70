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
  return value === undefined ? `${input}: ${message}` : `${input}: ${show(value)} ${message}`
}

function show(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    // YAML can refer to itself
    return 'what was given'
  }
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
    super(
      [`${formatCommand(command)}: ${outcome}`, ...tail.filter((line) => line !== '').map((line) => `  ${line}`)].join(
        '\n',
      ),
    )
    this.name = 'CommandError'
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
    // user, password and query may be secret
    const { origin, pathname } = new URL(address)
    const times = tries === 1 ? 'once' : `${String(tries)} times`
    super(`${origin}${pathname}: ${reason} (tried ${times}); ${remedy}`)
    this.name = 'DownloadError'
  }
}

/** A command as a line to read; scripts and long data are cut. */
export function formatCommand(command: readonly string[]): string {
  return shellCommand(
    command.map((word) =>
      word.length > 200 || word.includes('\n') ? `${word.slice(0, 40).trim().replaceAll('\n', ' ')} …` : word,
    ),
  )
}

/** A command as a line to paste into a shell, whole. */
export function shellCommand(command: readonly string[]): string {
  return command
    .map((word) => (/^[\w@%+=:,./{}^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
}

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

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
