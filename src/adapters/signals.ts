import { CancelledError } from '../errors.js'

/** Aborted with a CancelledError when the process is told to stop. A second signal of the same kind ends it at once. */
export function onSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      controller.abort(new CancelledError(signal))
    })
  }
  return controller.signal
}
