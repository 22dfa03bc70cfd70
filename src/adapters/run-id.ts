import { randomBytes } from 'node:crypto'

/** Eight hexadecimal digits: names a run on all it creates, or a check of the network on its probes. */
export function newRunId(): string {
  return randomBytes(4).toString('hex')
}
