import { outlookOf } from '../commands/refusal.js'
import { CommandError } from '../errors.js'
import type { Clock, CommandRunner, World } from '../ports.js'

/** The time that something may take, and whether a failure of kubectl is worth more of it. */
export interface Patience {
  /** Seconds that are left. */
  left(): number
  /** Whether another try would fail as well. */
  isFinal(failure: CommandError): boolean
  /** To be told of each success, which proves what failed before to have been passing. */
  succeeded(): void
}

const pauseSeconds = 1

/** So long a user may be refused by an API server that has just started (kubernetes/kubernetes#121635). */
const forbiddenSeconds = 30

export function patienceOf(clock: Clock, seconds: number): Patience {
  const started = clock.now()
  const left = () => seconds - (clock.now() - started)
  let forbiddenSince: number | undefined
  return {
    left,
    isFinal(failure) {
      const outlook = outlookOf(failure)
      forbiddenSince = outlook === 'is forbidden' ? (forbiddenSince ?? clock.now()) : undefined
      const isBelieved = forbiddenSince !== undefined && clock.now() - forbiddenSince >= forbiddenSeconds
      return isBelieved || outlook === 'is final'
    },
    succeeded() {
      forbiddenSince = undefined
    },
  }
}

/** An API server that is silent for longer is told. */
const silentSeconds = 10

/** Tells once that a cluster's API server does not answer, before the wait for it is over. */
export function silenceTeller(
  { log, clock }: Pick<World, 'log' | 'clock'>,
  cluster: string,
): (failure: CommandError) => void {
  const started = clock.now()
  let isTold = false
  return ({ output }) => {
    if (isTold || clock.now() - started < silentSeconds) return
    isTold = true
    log.progress(cluster, `its API server does not answer yet: ${output.trim().split('\n').at(-1) ?? ''}`)
  }
}

/** A command gets at least so much time, and at most so much where nobody says how much. */
const tries = { shortest: 10, longest: 120 }

/**
 * Runs commands for the API server of a cluster, all of them together within so many seconds: what may get better is tried
 * again, as an API server that has just come up or restarts turns everything away; what cannot get better is thrown at
 * once.
 * @param beforeRetry called after each failure that may get better; throws what ends the tries all the same
 */
export function patient(
  { runner, log, clock }: Pick<World, 'runner' | 'log' | 'clock'>,
  cluster: string,
  seconds: number,
  beforeRetry: () => Promise<void> = () => Promise.resolve(),
): Pick<CommandRunner, 'run'> {
  const patience = patienceOf(clock, seconds)
  return {
    async run(command, options = {}) {
      const longest = options.timeoutSeconds ?? tries.longest
      const tellSilence = silenceTeller({ log, clock }, cluster)
      for (;;) {
        const timeoutSeconds = Math.min(longest, Math.max(tries.shortest, Math.ceil(patience.left())))
        try {
          const output = await runner.run(command, { ...options, timeoutSeconds })
          patience.succeeded()
          return output
        } catch (error) {
          if (!(error instanceof CommandError) || patience.isFinal(error) || patience.left() < pauseSeconds) throw error
          tellSilence(error)
          await beforeRetry()
          await clock.sleep(pauseSeconds)
        }
      }
    },
  }
}
