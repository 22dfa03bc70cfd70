import * as z from 'zod'
import { isYamlMap, templateIn, toPlain, unfilled, type YamlValue } from '../kind-config/read-yaml.js'
import {
  longestImage,
  longestLabel,
  longestSubnets,
  longestVersion,
  mostClusters,
  mostItems,
  mostNodes,
  tooLong,
  tooMany,
} from '../model/bounds.js'
import { families, type Family } from '../model/cidr.js'
import type { Problems } from '../model/problems.js'
import { hintFor } from '../model/suggest-key.js'
import { inputs } from './inputs.js'

export const ipFamilyNames = inputs['ip-family'].values
export type IpFamily = (typeof ipFamilyNames)[number]

/** The address families of a cluster, the primary one first. */
export const familiesOf: Readonly<Record<IpFamily, readonly Family[]>> = {
  ipv4: ['ipv4'],
  ipv6: ['ipv6'],
  dual: families,
}
export const notAnIpFamily = 'is no address family; give ipv4, ipv6 or dual'

/** A text that is looked at no further when it is too long. */
const anyText = (most: number, notText: string) =>
  z.string(notText).max(most, { error: ({ input }) => tooLong(String(input), most), abort: true })
const text = (most: number) =>
  anyText(most, 'is no text; give a string').superRefine((value, context) => {
    const template = templateIn(value)
    if (template !== undefined) context.addIssue({ code: 'custom', message: unfilled(template) })
  })
const count = (least: number) => {
  const remedy = `is not a number of nodes; use a whole number from ${String(least)} to ${String(mostNodes)}, without quotes`
  return z.int(remedy).min(least, remedy).max(mostNodes, remedy)
}

const noNetwork = 'is no network; give a name of letters, digits, - and ., or a list of such names'
const networkName = z
  .string(noNetwork)
  .max(longestLabel, { error: ({ input }) => tooLong(String(input), longestLabel) })
  .regex(/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/, noNetwork)

/** A version, which is no number: YAML has no last zero. */
export const versionText = anyText(longestVersion, 'is no text; put it in quotes, or YAML reads 1.30 as 1.3')
export const kubernetesVersion = /^v?\d+\.\d+(\.\d+)?$/
export const notAKubernetesVersion = 'is no version of Kubernetes; give one such as 1.34 or 1.34.0'

/** A cluster of the list, as a map. */
export const clusterMap = z.strictObject(
  {
    name: text(longestLabel).optional().describe('Name of the cluster, a DNS label; cluster<n> when left out'),
    workers: count(0).optional().describe('Worker nodes'),
    'control-planes': count(1).optional().describe('Control-plane nodes'),
    'ip-family': z.enum(ipFamilyNames, notAnIpFamily).optional().describe('Address family'),
    network: z
      .union([networkName, z.array(networkName).min(1, noNetwork)], noNetwork)
      .transform((names) => (typeof names === 'string' ? [names] : names))
      .refine((names) => names.length <= mostItems, { error: ({ input }) => tooMany(input as string[], mostItems) })
      .optional()
      .describe('Group, or list of groups, that the cluster is joined in'),
    'pod-subnet': text(longestSubnets)
      .optional()
      .describe('Pod subnet, one for each address family, separated by a comma'),
    'service-subnet': text(longestSubnets)
      .optional()
      .describe('Service subnet, one for each address family, separated by a comma'),
    'node-image': text(longestImage)
      .min(1, 'is empty; name an image or leave it out')
      .optional()
      .describe('Node image'),
    'kubernetes-version': versionText
      .regex(kubernetesVersion, notAKubernetesVersion)
      .optional()
      .describe('Kubernetes version instead of an image, such as "1.34"; in quotes, or YAML reads 1.30 as 1.3'),
    config: z
      .union(
        [z.string(), z.record(z.string(), z.unknown())],
        'is not a kind config; write a YAML map, or the path of a file',
      )
      .optional()
      .describe('kind config, or a part of one, or the path of a YAML file with it'),
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type' ? 'is no cluster; give a name or a map with name, workers, …' : undefined,
  },
)

const clusterEntry = z.preprocess((value) => (typeof value === 'string' ? { name: value } : value), clusterMap)

/** A cluster of the list. Its config, where it is a map, is as it was read: what its scalars mean is not decided. */
export type ClusterEntry = z.infer<typeof clusterEntry>
const entryKeys = Object.keys(clusterMap.shape)

/** The clusters of a list, each where it stood: what cannot be read is a problem and leaves its place empty. */
export function readClusters(problems: Problems, list: readonly YamlValue[]): (ClusterEntry | undefined)[] {
  const excess = tooMany(list, mostClusters)
  if (excess !== undefined) {
    problems.add('clusters', undefined, excess)
    return []
  }
  return list.map(valueOf).map((item, index) => {
    const result = clusterEntry.safeParse(item)
    if (result.success) return result.data
    for (const issue of result.error.issues) addIssue(problems, `clusters[${String(index)}]`, item, issue)
    // what can be read of it may be wrong in other ways
    return clusterEntry.safeParse(withoutKeys(item, result.error.issues)).data
  })
}

function valueOf(item: YamlValue): unknown {
  if (!isYamlMap(item)) return toPlain(item)
  const { config = null, ...others } = item
  const own = config === null ? {} : { config: isYamlMap(config) ? config : toPlain(config) }
  return { ...(toPlain(others) as object), ...own }
}

function withoutKeys(item: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (typeof item !== 'object' || item === null) return item
  const bad = new Set(
    issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : issue.path.slice(0, 1))),
  )
  return Object.fromEntries(Object.entries(item).filter(([key]) => !bad.has(key)))
}

function addIssue(problems: Problems, input: string, item: unknown, issue: z.core.$ZodIssue): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      problems.add(`${input}.${key}`, undefined, `is not a cluster setting; ${hintFor(key, entryKeys)}`)
    }
    return
  }
  const [key] = issue.path
  const value = key === undefined ? item : (item as Record<PropertyKey, unknown>)[key]
  problems.add(key === undefined ? input : `${input}.${String(key)}`, value, issue.message)
}
