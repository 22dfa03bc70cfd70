import { CancelledError } from '../errors.js'

/**
 * Aborted with a CancelledError when the process is told to stop, or when nobody reads its output any more. A second
 * signal of the same kind ends it at once.
 * @param told called after that, once
 */
export function onSignal(told?: (reason: CancelledError) => void): AbortSignal {
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) return
    const reason = new CancelledError(signal)
    controller.abort(reason)
    told?.(reason)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
  // Node ignores SIGPIPE, and writing fails instead
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {
      stop('SIGPIPE')
    })
  }
  return controller.signal
}
