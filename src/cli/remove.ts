import { CancelledError, messageOf } from '../errors.js'
import { runsOnEngine } from '../pipeline.js'
import type { RunRecord } from '../plan/run-record.js'
import type { Log, World } from '../ports.js'
import { removalCommand } from '../report/removal-hint.js'
import type { Output } from './output.js'
import { print } from './print.js'
import { recordedRun, recordedRuns } from './run-directories.js'

/** The run was told to stop and is now removed. A second Ctrl-C ends the process at once. */
export async function tellRemoval(log: Log, id: string, reason: unknown): Promise<void> {
  const { record } = await recordedRun(id)
  if (record?.complete !== false || !record.cleanup) return
  const interrupted = reason instanceof CancelledError && reason.signal === 'SIGINT'
  const again = interrupted ? `; press Ctrl-C again to leave it to: kind-flat-network down --run ${id}` : ''
  log.info(`${messageOf(reason)}: removing what was made${again}`)
}

export function howToRemove({ run }: Pick<RunRecord, 'run'>): string {
  return removalCommand(run)
}

/** `up` worked, but its result could not be written: standard error is all that is left to tell of it. */
export function tellStays(id: string): void {
  process.stderr.write(`flat network ${id} was created and stays; ${howToRemove({ run: id })}\n`)
}

/** Adds to what stopped a removal the command that goes on with it. */
export function tellHowToGoOn(command: string) {
  return (error: unknown): never => {
    if (!(error instanceof CancelledError)) throw error
    throw new CancelledError(error.signal, `to remove the rest: kind-flat-network ${command}`)
  }
}

/** Removes every flat network that was made here; one that fails does not keep the others. */
export async function removeAll(output: Output, remove: (id: string) => Promise<void>, world: World): Promise<void> {
  const made = await recordedRuns()
  const failed: { run: string; message: string }[] = []
  for (const run of made) {
    output.log.info(`flat network ${run}`)
    await remove(run).catch((error: unknown) => {
      if (error instanceof CancelledError) throw error
      failed.push({ run, message: messageOf(error) })
    })
  }
  // what was removed is told all the same
  await tellOthers(output.log, world, made).catch((error: unknown) => {
    if (error instanceof CancelledError || made.length === 0) throw error
    output.log.warning(`what others made is not known: ${messageOf(error)}`)
  })
  const removed = made.filter((id) => !failed.some(({ run }) => run === id))
  output.result({ removed, failed }, () => {
    for (const id of removed) print(`flat network ${id} removed`)
    if (made.length === 0) print('there is no flat network to remove')
  })
  if (failed.length === 0) return
  const told = failed.map(({ run, message }) => `flat network ${run}: ${message}`)
  throw new Error(told.join('\n'))
}

/** What others made on the engine is theirs; somebody who lost the record of a run may mean one of these. */
export async function tellOthers(log: Log, world: World, made: readonly string[]): Promise<void> {
  const others = (await runsOnEngine(world)).filter((id) => !made.includes(id))
  if (others.length === 0) return
  log.info(`not made here and left in place: ${others.join(', ')}; down --run removes one of them`)
}
