import type { Log } from '../ports.js'
import { createLiveLog, marks } from './live-log.js'
import { styleOf } from './style.js'

/** Progress on standard error, so that standard output holds the result alone: live on a terminal, else line by line. */
export function createTerminalLog(stream: NodeJS.WriteStream = process.stderr): Log {
  return redraws(stream) ? createLiveLog(stream) : createPlainLog(stream)
}

/** Terminals of continuous integration only record what is written. */
function redraws({ isTTY }: NodeJS.WriteStream): boolean {
  const { TERM, CI = '' } = process.env
  return isTTY && TERM !== 'dumb' && ['', 'false', '0'].includes(CI)
}

function createPlainLog(stream: NodeJS.WriteStream): Log {
  const mark = marks(styleOf(stream))
  const write = (line: string) => stream.write(`${line}\n`)
  return {
    info: (line) => write(`  ${line}`),
    warning: (line) => write(mark.warning + line),
    progress: (of, line) => write(`  ${of}: ${line}`),
    async phase(title, work) {
      write(mark.begun(title))
      const started = performance.now()
      try {
        const result = await work()
        write(mark.done(title, performance.now() - started))
        return result
      } catch (error) {
        write(mark.failed(title, performance.now() - started))
        throw error
      }
    },
  }
}
