import { InputError } from '../errors.js'
import { runsOnEngine } from '../pipeline.js'
import type { RunRecord } from '../plan/run-record.js'
import type { World } from '../ports.js'
import { recordedRun, recordedRuns, runDirectory } from './run-directories.js'

/** The record of the run that was named, or of the only one that was made here. */
export async function chosenRecord(named: string | undefined, purpose: string, world: World): Promise<RunRecord> {
  const id = await chosenRun(named, world)
  if (id === undefined) throw new Error(`there is no flat network to ${purpose}`)
  const { record, trouble = `flat network ${id} has no record in ${runDirectory(id)}` } = await recordedRun(id)
  if (record !== undefined) return record
  throw new Error(`${trouble}; only down works without`)
}

/**
 * The run that was named, which may be anybody's, or else the only one that was made here.
 * @param otherwise what else can be done where there are several
 */
export async function chosenRun(named: string | undefined, world: World, otherwise = ''): Promise<string | undefined> {
  const made = await recordedRuns()
  if (named !== undefined) {
    // those are known without the engine, which may be away
    if (made.includes(named)) return named
    const runs = [...new Set([...(await runsOnEngine(world)), ...made])].sort()
    if (runs.includes(named)) return named
    const known = runs.length === 0 ? 'there are none' : `there are ${runs.join(', ')}`
    throw new InputError([{ input: 'run', value: named, message: `is no flat network here; ${known}` }])
  }
  if (made.length > 1) {
    const message = `there are several flat networks; name one with --run${otherwise}: ${made.join(', ')}`
    throw new InputError([{ input: 'run', message }])
  }
  return made[0]
}
