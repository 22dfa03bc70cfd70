import type { Problem } from '../errors.js'
import type { Log } from '../ports.js'
import { standardOutput } from './standard-output.js'

/** What a line tells. The last one is a result or an error. */
export type JsonLine =
  | { readonly type: 'info' | 'warning'; readonly message: string }
  | { readonly type: 'progress'; readonly of: string; readonly line: string }
  | { readonly type: 'phase'; readonly title: string; readonly state: 'started' }
  | { readonly type: 'phase'; readonly title: string; readonly state: 'done' | 'failed'; readonly seconds: number }
  | { readonly type: 'result' }
  | {
      readonly type: 'error'
      readonly message: string
      readonly exitCode: number
      readonly problems?: readonly Problem[]
    }

/** One object as one line, written whole. */
export function printLine(line: JsonLine): void {
  standardOutput.write(`${JSON.stringify(line)}\n`)
}

/** Progress on standard output, one JSON object a line, for programs. */
export function createJsonLog(): Log {
  return {
    info: (message) => {
      printLine({ type: 'info', message })
    },
    warning: (message) => {
      printLine({ type: 'warning', message })
    },
    progress: (of, line) => {
      printLine({ type: 'progress', of, line })
    },
    async phase(title, work) {
      const started = performance.now()
      const ended = (state: 'done' | 'failed') => {
        printLine({ type: 'phase', title, state, seconds: Math.round((performance.now() - started) / 100) / 10 })
      }
      printLine({ type: 'phase', title, state: 'started' })
      try {
        const result = await work()
        ended('done')
        return result
      } catch (error) {
        ended('failed')
        throw error
      }
    },
  }
}
