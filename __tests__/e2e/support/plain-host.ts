import { execa } from 'execa'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { Job } from './action.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

type Values = Readonly<Record<string, string>>
type Outputs = Record<string, { readonly outputs: Values }>

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly outputs?: Values
        readonly steps: readonly {
          readonly id?: string
          readonly uses?: string
          readonly with?: Values
          readonly run?: string
          readonly env?: Values
        }[]
      }
    >
  >
}

/** Puts the values in that expressions like `steps.flat.outputs.clusters` name; there are no others here. */
function fillIn(values: Values, contexts: object): Record<string, string> {
  const valueOf = (path: string) =>
    path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], contexts)
  const fill = (text: string) => text.replace(/\$\{\{ (\S+) \}\}/g, (_, path: string) => String(valueOf(path) ?? ''))
  return Object.fromEntries(Object.entries(values).map(([name, text]) => [name, fill(text)]))
}

/**
 * Runs a workflow's jobs one after the other on this machine, as a runner does: main, the steps between with what main
 * set, post. Stops at what fails.
 * @param workflow path in the repository
 * @param environment of all steps
 * @returns what was printed, with the job summaries
 */
export async function plainHost(workflow: string, environment: Values): Promise<string> {
  const { jobs } = parse(await readFile(join(root, workflow), 'utf8')) as Workflow
  const needs: Outputs = {}
  const said: string[] = []
  for (const [name, { steps, outputs }] of Object.entries(jobs)) {
    const job = await Job.create()
    const made: Outputs = {}
    const contexts = { env: environment, steps: made, needs }
    let set: Values = {}
    try {
      for (const step of steps) {
        if (step.uses === './') {
          const { code, log } = await job.startMain(fillIn(step.with ?? {}, contexts)).ended
          said.push(log)
          if (code !== 0) throw new Error(`main failed:\n${log}`)
          made[step.id ?? ''] = { outputs: await job.file('GITHUB_OUTPUT') }
          set = await job.file('GITHUB_ENV')
        } else if (step.run !== undefined) {
          const env = { ...environment, ...set, ...fillIn(step.env ?? {}, contexts) }
          said.push((await execa('bash', ['-e', '-c', step.run], { cwd: root, env, all: true, timeout: 120_000 })).all)
        }
      }
    } finally {
      const { code, log } = await job.post()
      said.push(log, await job.summary())
      await job.remove()
      if (code !== 0) said.push(`post failed with ${String(code)}`)
    }
    needs[name] = { outputs: fillIn(outputs ?? {}, contexts) }
  }
  return said.join('\n')
}
