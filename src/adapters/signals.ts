import { constants } from 'node:os'
import { CancelledError } from '../errors.js'

/** Within that time a second signal of a kind comes from the same key: npm passes on what the terminal sent as well. */
const sameKeyMilliseconds = 200

/** As shells tell it of a process that a signal ended. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/**
 * Aborted with a CancelledError when the process is told to stop. A second signal of the same kind ends the process at
 * once, and SIGQUIT (Ctrl-\) does so by itself; then its commands end with it. Called once in a process.
 */
export function onSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    let first: number | undefined
    process.on(signal, () => {
      first ??= performance.now()
      controller.abort(new CancelledError(signal))
      if (performance.now() - first > sameKeyMilliseconds) end(signal)
    })
  }
  process.on('SIGQUIT', end)
  return controller.signal
}

/**
 * Aborted with a CancelledError when nobody reads standard output or standard error any more: Node ignores SIGPIPE, and
 * writing fails instead. Other failures of these two end nothing.
 */
export function onLostReader(): AbortSignal {
  const controller = new AbortController()
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') controller.abort(new CancelledError('SIGPIPE'))
    })
  }
  return controller.signal
}

/** From now on the first signal ends the process at once: there is nothing to tidy up any more. */
export function endOn(signal: AbortSignal): void {
  signal.addEventListener('abort', () => {
    end((signal.reason as CancelledError).signal)
  })
}

/** Not by the signal itself: then the commands would run on. */
function end(signal: NodeJS.Signals): void {
  // a terminal shows the key where the cursor stands, and the shell would go on there
  if (process.stderr.isTTY) process.stderr.write('\n')
  process.exit(exitCodeOf(signal))
}
