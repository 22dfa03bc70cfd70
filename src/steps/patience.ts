import { outlookOf } from '../commands/refusal.js'
import { CommandError } from '../errors.js'
import type { Clock, CommandRunner, World } from '../ports.js'

/** The time that something may take, and whether a failure of kubectl is worth more of it. */
export interface Patience {
  /** Seconds that are left. */
  left(): number
  /** Whether another try would fail as well. */
  isFinal(failure: CommandError): boolean
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
  }
}

/** A command gets at least so much time, and at most so much where nobody says how much. */
const tries = { shortest: 10, longest: 120 }

/**
 * Runs commands for an API server, all of them together within so many seconds: what may get better is tried again, as an
 * API server that has just come up or restarts turns everything away; what cannot get better is thrown at once.
 * @param beforeRetry called after each failure that may get better; throws what ends the tries all the same
 */
export function patient(
  { runner, clock }: Pick<World, 'runner' | 'clock'>,
  seconds: number,
  beforeRetry: () => Promise<void> = () => Promise.resolve(),
): Pick<CommandRunner, 'run'> {
  const patience = patienceOf(clock, seconds)
  return {
    async run(command, options = {}) {
      const longest = options.timeoutSeconds ?? tries.longest
      for (;;) {
        const timeoutSeconds = Math.min(longest, Math.max(tries.shortest, Math.ceil(patience.left())))
        try {
          return await runner.run(command, { ...options, timeoutSeconds })
        } catch (error) {
          if (!(error instanceof CommandError) || patience.isFinal(error) || patience.left() < pauseSeconds) throw error
          await beforeRetry()
          await clock.sleep(pauseSeconds)
        }
      }
    },
  }
}
