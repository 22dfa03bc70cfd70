import { InvalidArgumentError, Option, type Command } from 'commander'
import { inputs, type GivenInputs, type InputName, type InputType } from '../plan/inputs.js'
import { isRunId } from '../plan/run-record.js'

/** What a shell completes the value of an option to. */
export type Suggestions = 'files' | 'runs' | readonly string[]

/** An option that tells what its value can be completed to. */
export class SuggestingOption extends Option {
  constructor(
    flags: string,
    description: string,
    readonly suggestions: Suggestions,
  ) {
    super(flags, description)
  }
}

const clusters = 'What each cluster is:'
const network = 'What joins them:'
const addresses = 'Addresses:'
const images = 'Images:'
const tools = 'Tools:'
const run = 'The run:'

/** Every input as the help shows it: under which heading, and what its value is called. */
const shown: Readonly<Record<InputName, readonly [heading: string, value: string]>> = {
  clusters: [clusters, 'count|list|path'],
  workers: [clusters, 'count'],
  'control-planes': [clusters, 'count'],
  'kubernetes-version': [clusters, 'version'],
  'node-image': [clusters, 'image'],
  config: [clusters, 'yaml|path'],
  'load-balancer': [clusters, 'kind'],
  'route-services': [network, 'boolean'],
  'preserve-source-ip': [network, 'boolean'],
  'cross-cluster-dns': [network, 'boolean'],
  'docker-network': [network, 'name'],
  verify: [network, 'boolean'],
  'ip-family': [addresses, 'family'],
  'pod-supernet': [addresses, 'subnets'],
  'service-supernet': [addresses, 'subnets'],
  images: [images, 'names|paths'],
  registry: [images, 'boolean'],
  'registry-image': [images, 'image'],
  'registry-mirror': [images, 'address'],
  cache: [images, 'mode'],
  'kind-version': [tools, 'version'],
  'kubectl-version': [tools, 'version'],
  'kind-sha256': [tools, 'sha256'],
  'kubectl-sha256': [tools, 'sha256'],
  'download-mirror': [tools, 'address'],
  wait: [run, 'duration'],
  reuse: [run, 'boolean'],
  cleanup: [run, 'boolean'],
  kubeconfig: [run, 'path'],
}

/** An option for each input, and one for the file that holds them. */
export function withInputs(command: Command): Command {
  for (const name of Object.keys(shown) as InputName[]) command.addOption(inputOption(name))
  return withCommon(command.addOption(new SuggestingOption('-f, --file <path>', fileDescription, 'files')))
}

const fileDescription =
  'YAML file with inputs, which these options override (default: kind-flat-network.yaml here, when there is one)'

function inputOption(name: InputName): Option {
  const input: InputType & { readonly default: string; readonly description: string } = inputs[name]
  const [heading, value] = shown[name]
  // alone it means true
  const flags = input.type === 'boolean' ? `--${name} [${value}]` : `--${name} <${value}>`
  const description = input.default === '' ? input.description : `${input.description} (default: ${input.default})`
  return new SuggestingOption(flags, description, suggestionsFor(input, value)).helpGroup(heading)
}

function suggestionsFor(input: InputType, value: string): Suggestions {
  if (input.type === 'boolean') return ['true', 'false']
  if (input.type === 'enum') return input.values
  return value.includes('path') ? 'files' : []
}

/** The inputs that were given as options. */
export function inputsOf(options: Readonly<Record<string, unknown>>): GivenInputs {
  return Object.fromEntries(
    (Object.keys(shown) as InputName[]).flatMap((name) => {
      const value = options[new Option(`--${name}`).attributeName()]
      return value === undefined ? [] : [[name, value === true ? 'true' : value]]
    }),
  )
}

/** An option that names a flat network. */
export function withRun(command: Command): Command {
  const runId = (value: string) => {
    if (isRunId(value)) return value
    throw new InvalidArgumentError('give the id of a run, as up and list print it.')
  }
  const which = 'Which flat network; needed unless only one was made here'
  return withCommon(command.addOption(new SuggestingOption('--run <id>', which, 'runs').argParser(runId)))
}

export function withCommon(command: Command): Command {
  return command
    .option('--json', 'Print progress and result as JSON, one object a line')
    .option('--debug', 'Print every command that is run')
    .allowExcessArguments(false)
    .showHelpAfterError(`(see: kind-flat-network ${command.name()} --help)`)
}
