import { randomBytes } from 'node:crypto'

/** Eight hexadecimal digits: names a run on all it makes. */
export function newRunId(): string {
  return randomBytes(4).toString('hex')
}
