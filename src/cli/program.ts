import { resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { newRunId } from '../adapters/run-id.js'
import { onSignal } from '../adapters/signals.js'
import { createWorld } from '../adapters/world.js'
import { CancelledError, InputError, messageOf } from '../errors.js'
import { down, plan, repair, runsOnEngine, up, verify } from '../pipeline.js'
import { inputNames, inputs, type GivenInputs, type InputName } from '../plan/inputs.js'
import { formatBytes } from '../plan/byte-size.js'
import { isRunId, type RunRecord } from '../plan/run-record.js'
import { outputsOf } from '../report/flat-network.js'
import { requireFlat } from '../steps/verify.js'
import { directoryStores } from './cache-directory.js'
import { print, printFlatNetwork, printJson } from './print.js'
import { prune } from './prune.js'
import { directoryStore, recordedRun, recordedRuns, runDirectory } from './run-directories.js'
import { createTerminalLog } from './terminal-log.js'

/** Exit codes: what was asked for is wrong, or what was asked for did not work. */
const exitCodes = { input: 2, failure: 1, interrupted: 130 } as const

/** Runs the command line; returns the exit code. */
export async function runCli(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.input
    process.stderr.write(`${messageOf(error)}\n`)
    if (error instanceof InputError) return exitCodes.input
    return error instanceof CancelledError ? exitCodes.interrupted : exitCodes.failure
  }
}

interface CommonOptions {
  readonly json?: boolean
  readonly debug?: boolean
}

interface RunOptions extends CommonOptions {
  readonly run?: string
}

function program(): Command {
  const root = new Command('kind-flat-network')
    .description('N kind clusters side by side whose pods reach each other by their own addresses')
    .exitOverride()
    .showHelpAfterError('(see --help)')
  withInputs(root.command('plan').description('print what up would make, and make nothing')).action(
    async (options: CommonOptions) => {
      const id = newRunId()
      printJson((await plan(worldOf(id, options), given(options), id)).plan)
    },
  )
  withInputs(root.command('up').description('make the clusters, join them and prove it')).action(
    async (options: CommonOptions) => {
      const id = newRunId()
      const run = { id, directory: runDirectory(id), store: directoryStore }
      const flat = await up(worldOf(id, options), given(options), run, onSignal())
      if (options.json === true) {
        printJson(outputsOf(flat))
      } else {
        printFlatNetwork(flat)
        print(`\nuse it:    export KUBECONFIG=${flat.record.kubeconfig}\nremove it: kind-flat-network down --run ${id}`)
      }
    },
  )
  withRun(root.command('verify').description('prove once more what up made')).action(async (options: RunOptions) => {
    const record = await chosenRecord(options, 'verify')
    const flat = await verify(worldOf(record.run, options), record, onSignal())
    if (options.json === true) printJson(outputsOf(flat))
    else printFlatNetwork(flat)
    requireFlat(flat.pairs ?? [], flat.nodes, record.preserveSourceIp)
  })
  withRun(
    root.command('repair').description('mend what is not as up made it: after a restart, with nodes added or gone'),
  ).action(async (options: RunOptions) => {
    const chosen = await chosenRecord(options, 'repair')
    const { changes, ...flat } = await repair(worldOf(chosen.run, options), chosen, directoryStore, onSignal())
    if (options.json === true) {
      printJson({ ...outputsOf(flat), changes })
    } else {
      printFlatNetwork(flat)
      print(changes.length === 0 ? 'nothing to repair' : `repaired: ${changes.map(({ node }) => node).join(', ')}`)
    }
    requireFlat(flat.pairs ?? [], flat.nodes, flat.record.preserveSourceIp)
  })
  withRun(root.command('down').description('remove exactly what up made')).action(async (options: RunOptions) => {
    const id = await chosenRun(options)
    if (id !== undefined) {
      await down(worldOf(id, options), (await recordedRun(id)) ?? { run: id, directory: runDirectory(id) })
    }
    if (options.json === true) printJson({ removed: id === undefined ? [] : [id] })
    else print(id === undefined ? 'there is no flat network to remove' : `flat network ${id} removed`)
  })
  withCommon(root.command('prune').description('remove node images and tools that are kept for the next run')).action(
    async (options: CommonOptions) => {
      const removed = await prune(worldOf(newRunId(), options))
      if (options.json === true) {
        printJson({ removed })
      } else {
        for (const { name, bytes } of removed) print(bytes === undefined ? name : `${name} (${formatBytes(bytes)})`)
        print(removed.length === 0 ? 'there is nothing to remove' : `${String(removed.length)} removed`)
      }
    },
  )
  return root
}

function withInputs(command: Command): Command {
  for (const name of inputNames) {
    const { default: value, description } = inputs[name]
    command.option(`--${name} <value>`, value === '' ? description : `${description} (default: ${value})`)
  }
  return withCommon(command)
}

function withRun(command: Command): Command {
  const runId = (value: string) => {
    if (isRunId(value)) return value
    throw new InvalidArgumentError('give the id of a run, as up printed it.')
  }
  return withCommon(command.option('--run <id>', 'which flat network; needed only when there are several', runId))
}

function withCommon(command: Command): Command {
  return command
    .option('--json', 'print the result as one JSON object')
    .option('--debug', 'print every command that is run')
    .allowExcessArguments(false)
    .exitOverride()
}

/** Commander names an option in camel case; inputs have the names of the action's. */
function given(options: object): GivenInputs {
  const values = new Map(Object.entries(options) as [string, string][])
  const camelCase = (name: InputName) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const found: GivenInputs = Object.fromEntries(inputNames.map((name) => [name, values.get(camelCase(name))]))
  return found.kubeconfig ? { ...found, kubeconfig: resolve(found.kubeconfig) } : found
}

function worldOf(id: string, options: CommonOptions) {
  const debug = (line: string) => {
    if (options.debug === true) process.stderr.write(`  $ ${line}\n`)
  }
  return createWorld(id, createTerminalLog(), debug, directoryStores())
}

/** The record of the run that was named, or of the only one there is. */
async function chosenRecord(options: RunOptions, purpose: string): Promise<RunRecord> {
  const id = await chosenRun(options)
  if (id === undefined) throw new Error(`there is no flat network to ${purpose}`)
  const record = await recordedRun(id)
  if (record !== undefined) return record
  throw new Error(`flat network ${id} has no record in ${runDirectory(id)}; only down works without`)
}

/** The run that was named, or the only one there is: of those made here, or else of all on the engine. */
async function chosenRun(options: RunOptions): Promise<string | undefined> {
  const made = await recordedRuns()
  const onEngine = await runsOnEngine(worldOf(newRunId(), options))
  const runs = made.length > 0 && options.run === undefined ? made : [...new Set([...onEngine, ...made])].sort()
  if (options.run !== undefined) {
    if (runs.includes(options.run)) return options.run
    const known = runs.length === 0 ? 'there are none' : `there are ${runs.join(', ')}`
    throw new InputError([{ input: 'run', value: options.run, message: `is no flat network here; ${known}` }])
  }
  if (runs.length > 1) {
    throw new InputError([
      { input: 'run', message: `there are several flat networks; name one with --run: ${runs.join(', ')}` },
    ])
  }
  return runs[0]
}
