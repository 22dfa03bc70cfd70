import { endGroup, info, startGroup, warning } from '@actions/core'
import type { Log } from '../ports.js'

export interface Phase {
  readonly title: string
  readonly seconds: number
}

/** Phases are groups of the log; their seconds stand outside, where they are read without opening one. */
export function createActionsLog(phases: Phase[] = []): Log {
  return {
    info,
    warning,
    progress: (of, line) => {
      info(`${of}: ${line}`)
    },
    async phase(title, work) {
      const started = performance.now()
      startGroup(title)
      try {
        return await work()
      } finally {
        const seconds = (performance.now() - started) / 1000
        endGroup()
        info(`${title}: ${seconds.toFixed(1)} s`)
        phases.push({ title, seconds })
      }
    },
  }
}
