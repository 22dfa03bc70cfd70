import { maskSecrets } from '../mask-secrets.js'
import type { Log } from '../ports.js'

/** The log without the secrets of addresses, whoever writes to it. */
export function maskedLog(log: Log): Log {
  return {
    info: (line) => {
      log.info(maskSecrets(line))
    },
    warning: (line) => {
      log.warning(maskSecrets(line))
    },
    progress: (of, line) => {
      log.progress(maskSecrets(of), maskSecrets(line))
    },
    phase: (title, work) => log.phase(maskSecrets(title), work),
  }
}
