import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { createCluster } from '../../src/commands/kind.js'
import { InputError } from '../../src/errors.js'
import type { KindConfig } from '../../src/kind-config/v1alpha4.js'
import type { GivenInputs } from '../../src/plan/inputs.js'
import type { Plan } from '../../src/plan/plan.js'
import { plan } from './build.js'

/** A kind config, and what must come of it. */
export interface CorpusCase {
  readonly name: string
  readonly config: string
  /** What kind's own parser and validation say. */
  readonly kind: 'accepts' | 'refuses'
  readonly here: 'accepts' | 'refuses'
  /** What the user said, in part. */
  readonly says?: KindConfig
  /** Places that the problems name, in that order. */
  readonly refused?: readonly string[]
  /** Places that warnings name. */
  readonly warns?: readonly string[]
  /** What the request takes out of it. */
  readonly request?: {
    readonly name?: string
    readonly families?: readonly string[]
    readonly podSubnets?: readonly string[]
    readonly serviceSubnets?: readonly string[]
    readonly nodeMasks?: Readonly<Record<string, number>>
  }
  /** Number of clusters that share the config; otherwise it is the own config of one. */
  readonly shared?: number
}

const directory = new URL('../corpus/', import.meta.url)

/** Every case, with the theme that its file is about. */
export function corpus(): (CorpusCase & { readonly theme: string })[] {
  return readdirSync(directory).flatMap((file) =>
    (parse(readFileSync(new URL(file, directory), 'utf8')) as CorpusCase[]).map((each) => ({
      ...each,
      theme: file.replace('.yaml', ''),
    })),
  )
}

export function inputsOf({ config, shared }: CorpusCase): GivenInputs {
  return shared === undefined ? { clusters: JSON.stringify([{ config }]) } : { clusters: String(shared), config }
}

/** The plan of a case, or the places and lines of all problems. Places are as the corpus writes them. */
export function outcomeOf(of: CorpusCase): { plan: Plan } | { places: string[]; problems: string[] } {
  try {
    return { plan: plan(inputsOf(of), { networks: [], routes: [] }) }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return {
      places: error.problems.map(({ input }) => input.replace('clusters[0].config', 'config')),
      problems: error.message.split('\n'),
    }
  }
}

/** The config that kind gets for each cluster, as text. */
export function configsForKind({ clusters }: Plan): string[] {
  return clusters.map((cluster) => createCluster(cluster, '/kubeconfig').input)
}
