import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Processes } from '../ports.js'

/** Environment variable that every command of a run carries, and its children with it. */
export const runVariable = 'KIND_FLAT_NETWORK_RUN'

/**
 * Finds what a killed process of a run left running by that variable, in `/proc`. Where there is no `/proc`, such as
 * on macOS, nothing is found; the containers such a process still makes are found by the looks that follow.
 */
export function createProcesses(run: string): Processes {
  return {
    async endLeftovers() {
      const found = new Set<number>()
      for (let look = 0; look < 20; look++) {
        const processes = await processesOf(run)
        if (processes.length === 0) break
        for (const pid of processes) {
          found.add(pid)
          end(pid, look < 10 ? 'SIGTERM' : 'SIGKILL')
        }
        await sleep(100)
      }
      return found.size
    },
  }
}

async function processesOf(run: string): Promise<number[]> {
  const entries = await readdir('/proc').catch(() => [])
  const pids = entries.filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
  const owned = await Promise.all(
    pids.map(async (pid) => {
      // other users' processes cannot be read and are not ours; a zombie's environment is empty
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      return environment.split('\0').includes(`${runVariable}=${run}`)
    }),
  )
  return pids.filter((_, index) => owned[index]).map(Number)
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it ended by itself
  }
}
