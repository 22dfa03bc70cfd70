import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Argument, Command, CommanderError, Option } from 'commander'
import { newRunId } from '../adapters/run-id.js'
import { runStore } from '../adapters/run-store.js'
import { onSignal } from '../adapters/signals.js'
import { createWorld } from '../adapters/world.js'
import { CancelledError, InputError, messageOf } from '../errors.js'
import { down, plan, repair, runsOnEngine, up, verify } from '../pipeline.js'
import { formatBytes } from '../plan/byte-size.js'
import type { GivenInputs } from '../plan/inputs.js'
import type { RunRecord } from '../plan/run-record.js'
import type { Log, World } from '../ports.js'
import { outputsOf } from '../report/flat-network.js'
import { removalByIdAlone } from '../report/removal-hint.js'
import { requireFlat } from '../steps/verify.js'
import { directoryStores } from './cache-directory.js'
import { completionScript, shells } from './completion.js'
import { configFileNames, readConfigFile } from './config-file.js'
import { rootHelp, withExamples } from './help.js'
import { listRuns } from './list.js'
import { inputsOf, withCommon, withInputs, withRun } from './options.js'
import { jsonOutput, textOutput, type Output } from './output.js'
import { print, printFlatNetwork, printHowToGoOn, printJson, printRuns } from './print.js'
import { prune } from './prune.js'
import { recordedRun, recordedRuns, runDirectory } from './run-directories.js'
import { version } from './version.js'

/** Exit codes: what was asked for is wrong, or what was asked for did not work. */
const exitCodes = { input: 2, failure: 1, interrupted: 130 } as const

/** Runs the command line; returns the exit code. */
export async function runCli(argv: readonly string[]): Promise<number> {
  // a reader that goes away is none of a command's business; those that make something end by it (see onSignal)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const json = argv.includes('--json')
  const output = json ? jsonOutput() : textOutput()
  try {
    await program(output, json).parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const exitCode = exitCodeFor(error)
    // commander has told a person already
    if (json || !(error instanceof CommanderError)) output.failure(error, exitCode)
    return exitCode
  }
}

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError || error instanceof InputError) return exitCodes.input
  return error instanceof CancelledError ? exitCodes.interrupted : exitCodes.failure
}

interface CommonOptions {
  readonly debug?: boolean
}

interface InputOptions extends CommonOptions {
  readonly file?: string
}

interface RunOptions extends CommonOptions {
  readonly run?: string
}

interface DownOptions extends RunOptions {
  readonly all?: boolean
}

function program(output: Output, json: boolean): Command {
  const worldOf = (id: string, options: CommonOptions): World => {
    const debug = (line: string) => {
      if (options.debug !== true) return
      // standard output belongs to the JSON lines; a live display must know of what is written
      if (json) process.stderr.write(`  $ ${line}\n`)
      else output.log.info(`$ ${line}`)
    }
    return createWorld(id, output.log, debug, directoryStores())
  }
  const root = new Command('kind-flat-network')
    .description('N kind clusters side by side whose pods reach each other by their own addresses')
    .usage('<command> [options]')
    .version(version, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Print this help')
    .configureOutput({
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
      ...(json && { writeErr: () => undefined }),
    })
    .showHelpAfterError('(see: kind-flat-network --help)')
    .exitOverride()
    .addHelpText('after', rootHelp)
  const command = (name: string, description: string) =>
    root.command(name).description(description).helpOption('-h, --help', 'Print this help')

  root.commandsGroup('Make and keep:')
  withExamples(
    withInputs(command('plan', 'Print what up would make, and make nothing')),
    ['subnets, nodes and tools, as JSON', 'plan --clusters 3'],
    ['the same for the inputs of a file', 'plan -f team.yaml'],
  ).action(async (options: InputOptions) => {
    const id = newRunId()
    const decided = await plan(worldOf(id, options), await given(options, output.log), id)
    output.result(decided.plan, () => {
      printJson(decided.plan)
    })
  })
  withExamples(
    withInputs(command('up', 'Make the clusters, join them and prove it')),
    ['two clusters of one node', 'up'],
    ['names, and three nodes each', 'up --clusters "[east, west]" --workers 2'],
    ['dual stack; takes over what is there', 'up --ip-family dual --reuse'],
    ['inputs of a file, but for one', 'up -f team.yaml --verify false'],
  ).action(async (options: InputOptions) => {
    const id = newRunId()
    const inputs = await given(options, output.log)
    const run = { id, directory: runDirectory(id), store: runStore, howToRemove }
    const flat = await up(
      worldOf(id, options),
      inputs,
      run,
      onSignal((reason) => void tellRemoval(output.log, id, reason)),
    )
    output.result(outputsOf(flat), () => {
      printFlatNetwork(flat)
      printHowToGoOn(flat.record)
    })
  })
  withExamples(
    withRun(command('verify', 'Prove once more what up made')),
    ['every pair of nodes of different clusters', 'verify'],
    ['one of several flat networks', 'verify --run 0a1b2c3d'],
  ).action(async (options: RunOptions) => {
    const record = await chosenRecord(options, 'verify', worldOf)
    const flat = await verify(worldOf(record.run, options), record, onSignal())
    output.result(outputsOf(flat), () => {
      printFlatNetwork(flat)
    })
    requireFlat(flat, flat.nodes, record.preserveSourceIp)
  })
  withExamples(
    withRun(command('repair', 'Mend what is not as up made it: after a restart, with nodes added or gone')),
    ['mends, proves, and prints what it mended', 'repair'],
  ).action(async (options: RunOptions) => {
    const chosen = await chosenRecord(options, 'repair', worldOf)
    const { changes, ...flat } = await repair(worldOf(chosen.run, options), chosen, runStore, onSignal())
    output.result({ ...outputsOf(flat), changes }, () => {
      printFlatNetwork(flat)
      print(changes.length === 0 ? 'nothing to repair' : `repaired: ${changes.map(({ node }) => node).join(', ')}`)
    })
    requireFlat(flat, flat.nodes, flat.record.preserveSourceIp)
  })
  withExamples(withCommon(command('list', 'List all flat networks, also those that others made on the engine')), [
    'id, state, clusters, Docker network and kubeconfig of each',
    'list',
  ]).action(async (options: CommonOptions) => {
    const runs = await listRuns(worldOf(newRunId(), options))
    output.result({ runs }, () => {
      printRuns(runs)
    })
  })

  root.commandsGroup('Remove:')
  withExamples(
    withRun(command('down', 'Remove exactly what up made')).addOption(
      new Option('--all', 'Every flat network made here; those that others made stay').conflicts('run'),
    ),
    ['the only one that was made here', 'down'],
    ['one of several, also of those made elsewhere', 'down --run 0a1b2c3d'],
    ['all that were made here', 'down --all'],
  ).action(async (options: DownOptions) => {
    const remove = async (id: string) => {
      const { record, trouble } = await recordedRun(id)
      if (trouble !== undefined) output.log.warning(`${trouble}; ${removalByIdAlone(id)}`)
      await down(worldOf(id, options), record ?? { run: id, directory: runDirectory(id) }).catch((error: unknown) => {
        throw new Error(`${messageOf(error)}\n${howToRemove({ run: id })}`, { cause: error })
      })
    }
    if (options.all === true) {
      await removeAll(output, remove, worldOf(newRunId(), options))
      return
    }
    const id = await chosenRun(options, worldOf(newRunId(), options), ', or remove all with --all')
    if (id === undefined) await tellOthers(output.log, worldOf(newRunId(), options), [])
    else await remove(id)
    output.result({ removed: id === undefined ? [] : [id] }, () => {
      print(id === undefined ? 'there is no flat network to remove' : `flat network ${id} removed`)
    })
  })
  withExamples(withCommon(command('prune', 'Remove node images and tools that are kept for the next run')), [
    'free the space; clusters stay as they are',
    'prune',
  ]).action(async (options: CommonOptions) => {
    const removed = await prune(worldOf(newRunId(), options))
    output.result({ removed }, () => {
      for (const { name, bytes } of removed) print(bytes === undefined ? name : `${name} (${formatBytes(bytes)})`)
      print(removed.length === 0 ? 'there is nothing to remove' : `${String(removed.length)} removed`)
    })
  })

  root.commandsGroup('Help:')
  withExamples(
    command('completion', 'Print a script that completes commands, options and values')
      .addArgument(new Argument('<shell>', 'Which shell it is for').choices(shells))
      .allowExcessArguments(false),
    ['bash: to be sourced, as from ~/.bashrc', 'completion bash'],
    ['zsh: the same, after compinit; or as a file of fpath', 'completion zsh > _kind-flat-network'],
  ).action((shell: (typeof shells)[number]) => {
    process.stdout.write(completionScript(shell, root))
  })
  return root.helpCommand('help [command]', 'Print the help of a command')
}

/** Never wider than 80 columns. */
function helpWidth(): number {
  return Math.min(process.stdout.columns, 80) || 80
}

/** The inputs of the config file, overridden by those of the command line. */
async function given(options: InputOptions, log: Log): Promise<GivenInputs> {
  const path = options.file ?? configFileNames.find((name) => existsSync(name))
  if (path !== undefined) log.info(`inputs from ${path}`)
  const file = path === undefined ? {} : await readConfigFile(path, process.cwd())
  const flags = inputsOf({ ...options })
  return { ...file, ...flags, ...(flags.kubeconfig && { kubeconfig: resolve(flags.kubeconfig) }) }
}

/** The run was told to stop and is now removed. A second Ctrl-C ends the process at once. */
async function tellRemoval(log: Log, id: string, { message, signal }: CancelledError): Promise<void> {
  const { record } = await recordedRun(id)
  if (record?.complete !== false || !record.cleanup) return
  const again = signal === 'SIGINT' ? `; press Ctrl-C again to leave it to: kind-flat-network down --run ${id}` : ''
  log.info(`${message}: removing what was made${again}`)
}

function howToRemove({ run }: Pick<RunRecord, 'run'>): string {
  return `to remove it: kind-flat-network down --run ${run}`
}

/** Removes every flat network that was made here; one that fails does not keep the others. */
async function removeAll(output: Output, remove: (id: string) => Promise<void>, world: World): Promise<void> {
  const made = await recordedRuns()
  const failed: { run: string; message: string }[] = []
  for (const run of made) {
    output.log.info(`flat network ${run}`)
    await remove(run).catch((error: unknown) => failed.push({ run, message: messageOf(error) }))
  }
  await tellOthers(output.log, world, made)
  const removed = made.filter((id) => !failed.some(({ run }) => run === id))
  output.result({ removed, failed }, () => {
    for (const id of removed) print(`flat network ${id} removed`)
    if (made.length === 0) print('there is no flat network to remove')
  })
  if (failed.length === 0) return
  const told = failed.map(({ run, message }) => `flat network ${run}: ${message}`)
  throw new Error(told.join('\n'))
}

type WorldOf = (id: string, options: CommonOptions) => World

/** The record of the run that was named, or of the only one that was made here. */
async function chosenRecord(options: RunOptions, purpose: string, worldOf: WorldOf): Promise<RunRecord> {
  const id = await chosenRun(options, worldOf(newRunId(), options))
  if (id === undefined) throw new Error(`there is no flat network to ${purpose}`)
  const { record, trouble = `flat network ${id} has no record in ${runDirectory(id)}` } = await recordedRun(id)
  if (record !== undefined) return record
  throw new Error(`${trouble}; only down works without`)
}

/**
 * The run that was named, which may be anybody's, or else the only one that was made here.
 * @param otherwise what else can be done where there are several
 */
async function chosenRun(options: RunOptions, world: World, otherwise = ''): Promise<string | undefined> {
  const made = await recordedRuns()
  if (options.run !== undefined) {
    const runs = [...new Set([...(await runsOnEngine(world)), ...made])].sort()
    if (runs.includes(options.run)) return options.run
    const known = runs.length === 0 ? 'there are none' : `there are ${runs.join(', ')}`
    throw new InputError([{ input: 'run', value: options.run, message: `is no flat network here; ${known}` }])
  }
  if (made.length > 1) {
    const message = `there are several flat networks; name one with --run${otherwise}: ${made.join(', ')}`
    throw new InputError([{ input: 'run', message }])
  }
  return made[0]
}

/** What others made on the engine is theirs; somebody who lost the record of a run may mean one of these. */
async function tellOthers(log: Log, world: World, made: readonly string[]): Promise<void> {
  const others = (await runsOnEngine(world)).filter((id) => !made.includes(id))
  if (others.length === 0) return
  log.info(`not made here and left in place: ${others.join(', ')}; down --run removes one of them`)
}
