/** Process groups of the commands that run now, or that were told to end and may not have ended yet. */
const groups = new Set<number>()

let watched = false

/** The process group of that id ends with this process, however this process ends (but for SIGKILL). */
export function endWithProcess(group: number): void {
  if (!watched) process.on('exit', killGroups)
  watched = true
  groups.add(group)
}

/** The process group has ended, or may outlive this process. */
export function release(group: number): void {
  groups.delete(group)
}

export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {
    // the group is gone: nothing left to end
  }
}

/** Nobody waits any more: there is no time to ask. */
function killGroups(): void {
  for (const group of groups) signalGroup(group, 'SIGKILL')
}
