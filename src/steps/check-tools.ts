import { dockerVersion } from '../commands/docker.js'
import { kindVersion } from '../commands/kind.js'
import { kubectlVersion } from '../commands/kubectl.js'
import { CommandError } from '../errors.js'
import type { World } from '../ports.js'

/**
 * Tells the versions of the tools that are used, before anything is made.
 * @throws naming every tool that is missing or does not run
 */
export async function checkTools({ runner, log }: World): Promise<void> {
  const ask = async (tool: string, command: readonly string[], read: (output: string) => string) => {
    try {
      return { version: `${tool} ${read(await runner.run(command))}` }
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      return { problem: `${tool} is needed and does not run (${error.outcome}); put it on the PATH` }
    }
  }
  const answers = await Promise.all([
    ask('docker', dockerVersion, (output) => /version (\S+?),/.exec(output)?.[1] ?? output.trim()),
    ask('kind', kindVersion, (output) => output.trim()),
    ask('kubectl', kubectlVersion, (output) => {
      const { clientVersion } = JSON.parse(output) as { clientVersion: { gitVersion: string } }
      return clientVersion.gitVersion
    }),
  ])
  const problems = answers.flatMap(({ problem }) => problem ?? [])
  if (problems.length > 0) throw new Error(problems.join('\n'))
  log.info(answers.map(({ version }) => version).join(', '))
}
