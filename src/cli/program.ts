import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Argument, Command, Option } from 'commander'
import { newRunId } from '../adapters/run-id.js'
import { runStore } from '../adapters/run-store.js'
import { createWorld } from '../adapters/world.js'
import { CancelledError, messageOf } from '../errors.js'
import { maskSecrets, maskSecretsIn } from '../mask-secrets.js'
import { down, plan, repair, until, up, verify } from '../pipeline.js'
import { formatBytes } from '../plan/byte-size.js'
import type { GivenInputs } from '../plan/inputs.js'
import type { Log, World } from '../ports.js'
import { outputsOf } from '../report/flat-network.js'
import { removalByIdAlone } from '../report/removal-hint.js'
import { requireFlat } from '../steps/verify.js'
import { directoryStores } from './cache-directory.js'
import { chosenRecord, chosenRun } from './choose-run.js'
import { completionScript, shells } from './completion.js'
import { configFileNames, readConfigFile } from './config-file.js'
import { rootHelp, withExamples } from './help.js'
import { listRuns } from './list.js'
import { inputsOf, withCommon, withInputs, withRun } from './options.js'
import type { Output } from './output.js'
import { print, printFlatNetwork, printHowToGoOn, printJson, printRuns } from './print.js'
import { prune } from './prune.js'
import { howToRemove, removeAll, tellHowToGoOn, tellOthers, tellRemoval, tellStays } from './remove.js'
import { recordedRun, runDirectory } from './run-directories.js'
import { standardOutput } from './standard-output.js'
import { version } from './version.js'

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

/** What the commands have of the process that they run in. */
export interface ProcessOfCommand {
  readonly output: Output
  readonly json: boolean
  /** Aborted when the process is told to stop. */
  readonly stopped: AbortSignal
  /** Aborted then, and when the output reaches nobody any more. */
  readonly unheard: AbortSignal
}

/** All commands with their options and help. */
export function createProgram({ output, json, stopped, unheard }: ProcessOfCommand): Command {
  const lastingWorld = (id: string, options: CommonOptions): World => {
    const debug = (line: string) => {
      if (options.debug !== true) return
      // standard output belongs to the JSON lines; a live display must know of what is written
      if (json) process.stderr.write(`  $ ${line}\n`)
      else output.log.info(`$ ${line}`)
    }
    return createWorld(id, output.log, debug, directoryStores())
  }
  /** For commands that have nothing to tidy up when they are stopped. */
  const endingWorld = (id: string, options: CommonOptions) => until(lastingWorld(id, options), stopped)
  const root = new Command('kind-flat-network')
    .description('N kind clusters side by side whose pods reach each other by their own addresses')
    .usage('<command> [options]')
    .version(version, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Print this help')
    .configureOutput({
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
      writeOut: (text) => {
        standardOutput.write(text)
      },
      writeErr: (text) => json || process.stderr.write(maskSecrets(text)),
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
    const decided = await plan(endingWorld(id, options), await given(options, output.log, stopped), id)
    const shown = maskSecretsIn(decided.plan)
    output.result(shown, () => {
      printJson(shown)
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
    const inputs = await given(options, output.log, stopped)
    const run = { id, directory: runDirectory(id), store: runStore, howToRemove }
    unheard.addEventListener('abort', () => void tellRemoval(output.log, id, unheard.reason))
    const flat = await up(lastingWorld(id, options), inputs, run, unheard)
    output.result(outputsOf(flat), () => {
      printFlatNetwork(flat)
      printHowToGoOn(flat.record)
    })
    if ((await standardOutput.failure()) !== undefined) tellStays(id)
  })
  withExamples(
    withRun(command('verify', 'Prove once more what up made')),
    ['every pair of nodes of different clusters', 'verify'],
    ['one of several flat networks', 'verify --run 0a1b2c3d'],
  ).action(async (options: RunOptions) => {
    const record = await chosenRecord(options.run, 'verify', endingWorld(newRunId(), options))
    const flat = await verify(lastingWorld(record.run, options), record, unheard)
    output.result(outputsOf(flat), () => {
      printFlatNetwork(flat)
    })
    requireFlat(flat, flat.nodes, record.preserveSourceIp)
  })
  withExamples(
    withRun(command('repair', 'Mend what is not as up made it: after a restart, with nodes added or gone')),
    ['mends, proves, and prints what it mended', 'repair'],
  ).action(async (options: RunOptions) => {
    const chosen = await chosenRecord(options.run, 'repair', endingWorld(newRunId(), options))
    const { changes, ...flat } = await repair(lastingWorld(chosen.run, options), chosen, runStore, unheard)
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
    const runs = await listRuns(endingWorld(newRunId(), options))
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
      const removal = record ?? { run: id, directory: runDirectory(id) }
      await down(endingWorld(id, options), removal).catch((error: unknown) => {
        if (error instanceof CancelledError) throw error
        throw new Error(`${messageOf(error)}\n${howToRemove({ run: id })}`, { cause: error })
      })
    }
    const world = endingWorld(newRunId(), options)
    if (options.all === true) {
      await removeAll(output, remove, world).catch(tellHowToGoOn('down --all'))
      return
    }
    const id = await chosenRun(options.run, world, ', or remove all with --all')
    if (id === undefined) await tellOthers(output.log, world, [])
    else await remove(id).catch(tellHowToGoOn(`down --run ${id}`))
    output.result({ removed: id === undefined ? [] : [id] }, () => {
      print(id === undefined ? 'there is no flat network to remove' : `flat network ${id} removed`)
    })
  })
  withExamples(withCommon(command('prune', 'Remove node images and tools that are kept for the next run')), [
    'free the space; clusters stay as they are',
    'prune',
  ]).action(async (options: CommonOptions) => {
    const removed = await prune(endingWorld(newRunId(), options))
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
    standardOutput.write(completionScript(shell, root))
  })
  return root.helpCommand('help [command]', 'Print the help of a command')
}

/** Never wider than 80 columns. */
function helpWidth(): number {
  return Math.min(process.stdout.columns, 80) || 80
}

/** The inputs of the config file, overridden by those of the command line. */
async function given(options: InputOptions, log: Log, stopped: AbortSignal): Promise<GivenInputs> {
  const path = options.file ?? configFileNames.find((name) => existsSync(name))
  if (path !== undefined) log.info(`inputs from ${path}`)
  const file = path === undefined ? {} : await readConfigFile(path, process.cwd(), stopped)
  const flags = inputsOf({ ...options })
  return { ...file, ...flags, ...(flags.kubeconfig && { kubeconfig: resolve(flags.kubeconfig) }) }
}
