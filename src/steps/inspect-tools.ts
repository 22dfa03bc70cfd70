import { parse } from 'semver'
import { dockerVersion } from '../commands/docker.js'
import { kindVersion } from '../commands/kind.js'
import { kubectlVersion } from '../commands/kubectl.js'
import { CommandError } from '../errors.js'
import { toolNames, type ToolFacts, type ToolName } from '../plan/tools.js'
import type { CommandRunner, World } from '../ports.js'
import { explainEngine } from './engine-trouble.js'

/** How each tells its version. */
const asks: Readonly<Record<ToolName, { command: readonly string[]; read: (output: string) => string }>> = {
  kind: { command: kindVersion, read: (output) => output },
  kubectl: {
    command: kubectlVersion,
    read: (output) => (JSON.parse(output) as { clientVersion: { gitVersion: string } }).clientVersion.gitVersion,
  },
}

/**
 * Tells the versions of the tools on the PATH, before anything is made.
 * @param platform system and processor as Node names them: `linux/x64`
 * @throws when docker is missing or does not run; kind and kubectl may be missing
 */
export async function inspectTools(world: World, platform: string): Promise<ToolFacts> {
  const { runner, log } = world
  const docker = runner.run(dockerVersion).then(
    (output) => /version (\S+?),/.exec(output)?.[1] ?? output.trim(),
    async (error: unknown) => {
      if (!(error instanceof CommandError)) throw error
      // 20.10 tells not even its version where it does not know how to find an engine
      if (!missing(error)) throw await explainEngine(world, error)
      throw new Error(`docker is needed and does not run (${error.outcome}); put it on the PATH`, { cause: error })
    },
  )
  const found = await Promise.all([docker, ...toolNames.map((name) => onPath({ runner, log }, name))])
  const [version = '', ...versions] = found
  const facts = Object.fromEntries(
    toolNames.flatMap((name, index) => (versions[index] === undefined ? [] : [[name, versions[index]]])),
  ) as Partial<Record<ToolName, string>>
  log.info([`docker ${version}`, ...toolNames.map((name) => `${name} ${facts[name] ?? 'missing'}`)].join(', '))
  return { ...facts, platform }
}

async function onPath({ runner, log }: Pick<World, 'runner' | 'log'>, name: ToolName): Promise<string | undefined> {
  try {
    return await toolVersion(runner, name)
  } catch (error) {
    if (!(error instanceof UnusableTool)) throw error
    if (!error.missing) log.warning(`${name} on the PATH is not used: ${error.message}`)
    return undefined
  }
}

/** Why a tool does not tell its version. */
export class UnusableTool extends Error {
  constructor(
    message: string,
    readonly missing = false,
  ) {
    super(message)
  }
}

/**
 * The version a tool tells of itself, without `v`; as it is told where it is no semantic version.
 * @throws {UnusableTool}
 */
export async function toolVersion(runner: CommandRunner, name: ToolName, program: string = name): Promise<string> {
  const { command, read } = asks[name]
  const output = await runner.run([program, ...command.slice(1)]).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error
    throw new UnusableTool(`it does not run (${error.outcome})`, missing(error))
  })
  try {
    const told = read(output).trim()
    return parse(told)?.version ?? told
  } catch {
    throw new UnusableTool('what it tells of its version cannot be read')
  }
}

function missing({ outcome }: CommandError): boolean {
  return /no such program/.test(outcome)
}
