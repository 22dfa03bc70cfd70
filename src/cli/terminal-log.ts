import type { Log } from '../ports.js'

/** Progress on standard error, so that standard output holds the result alone. */
export function createTerminalLog(): Log {
  const write = (line: string) => process.stderr.write(`${line}\n`)
  return {
    info: (line) => write(`  ${line}`),
    warning: (line) => write(`  warning: ${line}`),
    progress: (of, line) => write(`  ${of}: ${line}`),
    async phase(title, work) {
      write(`▸ ${title}`)
      const started = performance.now()
      const seconds = () => ((performance.now() - started) / 1000).toFixed(1)
      try {
        const result = await work()
        write(`✓ ${title} (${seconds()} s)`)
        return result
      } catch (error) {
        write(`✗ ${title} (${seconds()} s)`)
        throw error
      }
    },
  }
}
