import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { describeProblem, InputError } from '../../src/errors.js'
import { clusterConfiguration } from '../../src/kind-config/kubeadm-config.js'
import { readKindConfig } from '../../src/kind-config/kind-config.js'
import type { GivenInputs } from '../../src/plan/inputs.js'
import type { Plan } from '../../src/plan/plan.js'
import { plan, request, run } from '../fakes/build.js'
import { configsForKind, corpus, inputsOf, outcomeOf, type CorpusCase } from '../fakes/corpus.js'
import { anyKindConfig } from './support/any-kind-config.js'
import { KindParser, type KindCluster } from './support/kind-parser.js'
import {
  addressesFor,
  completed,
  owner,
  ownersOf,
  plannedAddresses,
  whatWasSaid,
  withoutOwner,
} from './support/what-kind-was-told.js'

const cases = corpus()
const accepted = cases.filter(({ here }) => here === 'accepts')
const refused = cases.filter(({ here }) => here === 'refuses')

let kind: KindParser

beforeAll(() => {
  kind = new KindParser()
})

afterAll(async () => {
  await kind.end()
})

async function readByKind(config: string): Promise<KindCluster> {
  const { cluster, error } = await kind.askOne({ config })
  if (cluster === undefined) throw new Error(`kind refuses: ${String(error)}\n${config}`)
  return cluster
}

/** What the user wrote, as kind takes it: the parts of a config are completed. */
function textForKind({ config, kind: verdict }: CorpusCase): string {
  return verdict === 'accepts' ? config : completed(config)
}

/** The Kubernetes versions that the node may have that `kubeadm init` runs on; the plan decides what the user left out. */
function versionsOf(text: string, { kindConfig }: Plan['clusters'][number]): string[] {
  const { image = '' } = kindConfig.nodes?.find(({ role }) => role === 'control-plane') ?? {}
  const version = text.includes(image) ? /:(v1\.\d+\.\d+)/.exec(image)?.[1] : undefined
  return version === undefined ? ['v1.34.4', 'v1.37.0'] : [version]
}

/** Why this project refuses what kind accepts, with the messages that say so. */
const documented: Readonly<Record<string, RegExp>> = {
  'a CNI of its own': /disableDefaultCNI: true is not supported/,
  'ClusterIPs without kube-proxy': /kubeProxyMode: "none" leaves/,
  'a setting without which kind fails later': /(containerPort|containerPath): is missing|must be an absolute path/,
  'a mount where this project has its own': /is reserved: kind-flat-network mounts/,
  'a mount over the whole node': /is the root of the node's file system/,
  'a port that is not one': /is not a port/,
  'ports that meet': /is published by/,
  'an address that is not one': /is not an IP address/,
  'an image that is not one': /is no image/,
  'a name that is not a DNS label': /is no DNS label/,
  'a template': /contains the template/,
  'a subnet that is not one': /is no subnet|has host bits set/,
  'subnets that overlap': /overlaps/,
  'a subnet of another size': /kubeadm takes|holds a \//,
  'a subnet of another family': /the cluster is not/,
  'families in two orders': /in another order/,
  'two subnets for one thing': /contradicts/,
  'TOML that is not': /is not TOML/,
  'a patch that is not one': /must be a list of operations|must be a map with the kind/,
  'a patch that does not fit': /does not fit the config|writes extraArgs|takes strings only|then cannot read/,
  'a patch of subnets': /a dual-stack cluster needs|removes networking/,
  'a patch of node masks': /has room for 0 subnets|sets (allocate-node-cidrs|node-cidr-mask-size)/,
}

function planOrProblems(inputs: GivenInputs): { plan: Plan } | { problems: string[] } {
  try {
    return { plan: plan(inputs, { networks: [], routes: [] }) }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return { problems: error.problems.map(describeProblem) }
  }
}

function planOf(each: CorpusCase): Plan {
  const outcome = outcomeOf(each)
  if (!('plan' in outcome)) throw new Error(outcome.problems.join('\n'))
  return outcome.plan
}

describe('the corpus', () => {
  test('says of every config what kind says', async () => {
    const answers = await kind.ask(cases)
    const wrong = cases.flatMap(({ name, kind: verdict }, index) => {
      const said = answers[index]?.accepted === true ? 'accepts' : 'refuses'
      return said === verdict ? [] : [`${name}: kind ${said} (${String(answers[index]?.error)})`]
    })
    expect(wrong).toEqual([])
  })

  test('every config that is accepted reaches kind as it was said', async () => {
    const changed: unknown[] = []
    for (const each of accepted) {
      const text = textForKind(each)
      const user = await readByKind(text)
      for (const config of configsForKind(planOf(each))) {
        const generated = await readByKind(config)
        expect(ownersOf(generated)).toEqual(generated.nodes.map(() => owner(run)))
        const [before, after] = [whatWasSaid(text, user, user), whatWasSaid(text, user, withoutOwner(generated))]
        if (!isDeepStrictEqual(before, after)) changed.push({ name: each.name, before, after })
      }
    }
    console.info(
      `corpus of ${String(cases.length)} kind configs: ${String(accepted.length)} accepted, ${String(refused.length)} refused, ${String(changed.length)} changed`,
    )
    expect(changed).toEqual([])
  })

  test('kubeadm gets the addresses of the plan', async () => {
    const wrong: unknown[] = []
    for (const each of accepted) {
      const plan = planOf(each)
      const asked = request(inputsOf(each))
      const configs = configsForKind(plan)
      for (const [index, cluster] of plan.clusters.entries()) {
        const { nodeMasks } = asked.clusters[index] ?? {}
        if (nodeMasks === undefined) throw new Error(each.name)
        for (const kubernetes of versionsOf(each.config, cluster)) {
          const told = addressesFor(await kind.askOne({ config: configs[index] ?? '', kubernetes }))
          const planned = plannedAddresses(cluster, nodeMasks, told)
          if (!isDeepStrictEqual(told, planned)) wrong.push({ name: each.name, kubernetes, told, planned })
        }
      }
    }
    expect(wrong).toEqual([])
  })
})

test.each(
  Object.entries({ 'v1.22.0': 'v1beta2', 'v1.34.4': 'v1beta3', 'v1.37.0': 'v1beta4' }).flatMap(
    ([kubernetes, version]) =>
      [
        'networking: {}',
        'featureGates: {B: true, A: false}',
        'networking: {ipFamily: ipv6, apiServerAddress: "::1"}',
        'networking: {ipFamily: dual, apiServerAddress: 127.0.0.2}',
        'networking: {ipFamily: ipv6, apiServerAddress: "::1"}\nfeatureGates: {A: true}',
      ].map((part) => ({ kubernetes, version, part, named: part.replace('\n', ', ') })),
  ),
)('is the ClusterConfiguration that kind generates for $kubernetes: $named', async ({ kubernetes, version, part }) => {
  const { cluster, kubeadm } = await kind.askOne({ config: completed(part), kubernetes })
  const document = kubeadm?.[0]?.documents?.find((each) => each['kind'] === 'ClusterConfiguration')
  const { podSubnet, serviceSubnet } = cluster?.networking ?? {}
  const { config } = readKindConfig(part)
  const ours = clusterConfiguration(
    {
      ...config,
      networking: { ...config.networking, ...(podSubnet && { podSubnet }), ...(serviceSubnet && { serviceSubnet }) },
    },
    version,
  )
  const { kubernetesVersion, clusterName, controlPlaneEndpoint } = document ?? {}
  // kind takes out the name at the end; the version, the name and the endpoint are decided later
  expect({ ...ours, kubernetesVersion, clusterName, controlPlaneEndpoint }).toEqual({
    ...document,
    metadata: { name: 'config' },
  })
})

describe('any config', () => {
  const seed = process.env['KIND_CONFIG_SEED']
  const options = {
    numRuns: Number(process.env['KIND_CONFIG_RUNS'] ?? 1500),
    ...(seed !== undefined && { seed: Number(seed) }),
  }

  test('that is accepted reaches kind as it was said', async () => {
    const counts = { accepted: 0, refused: 0, 'refused here alone': 0 }
    const reasons = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(anyKindConfig, async ({ text, whole }) => {
        const user = await kind.askOne({ config: whole })
        const inputs = { clusters: JSON.stringify([{ config: text }]) }
        const outcome = planOrProblems(inputs)
        if ('problems' in outcome) {
          counts.refused++
          if (!user.accepted) return
          counts['refused here alone']++
          for (const problem of outcome.problems) {
            const [reason] = Object.entries(documented).find(([, pattern]) => pattern.test(problem)) ?? []
            if (reason === undefined) throw new Error(`kind accepts it: ${problem}`)
            reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
          }
          return
        }
        counts.accepted++
        if (user.cluster === undefined) throw new Error(`only kind refuses it: ${String(user.error)}`)
        const [config = ''] = configsForKind(outcome.plan)
        const [cluster] = outcome.plan.clusters
        const [asked] = request(inputs).clusters
        if (cluster === undefined || asked === undefined) throw new Error('there is no cluster')
        const generated = await readByKind(config)
        expect(whatWasSaid(whole, user.cluster, withoutOwner(generated))).toEqual(
          whatWasSaid(whole, user.cluster, user.cluster),
        )
        const read = readKindConfig(config)
        expect(read.config).toEqual(cluster.kindConfig)
        // nobody but this project mounts there
        expect(read.problems.map(({ value }) => value)).toEqual(generated.nodes.map(() => owner(run).containerPath))
        const versions = versionsOf(text, cluster)
        const answers = await kind.ask(versions.map((kubernetes) => ({ config, kubernetes })))
        // where the version is not known, patches need to fit one of them
        const told = answers.map(addressesFor).filter(({ error }) => versions.length === 1 || error === undefined)
        expect(told.length).toBeGreaterThan(0)
        expect(told).toEqual(told.map((each) => plannedAddresses(cluster, asked.nodeMasks, each)))
      }),
      options,
    )
    console.info(`any kind config: ${JSON.stringify(counts)}\n${JSON.stringify(Object.fromEntries(reasons), null, 2)}`)
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(options.numRuns / 100)
  }, 300_000)
})
