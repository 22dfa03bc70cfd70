import * as z from 'zod'
import { inputNames, inputs, type InputName, type InputType } from '../plan/inputs.js'
import { clusterMap, versionText } from '../plan/cluster-entry.js'

const text = z.string('is no text; give a string')
const noClusters = 'is neither a count nor a list; give 3, or one entry for each cluster: "- name: east"'
const outOfRange = 'is out of range; give a count from 1 to 1000, or a list'
const noDuration = 'is no duration; give one such as 90s, 5m or 1h30m'

/** Inputs whose text stands for another kind of value; those that clusters have too are read as theirs. */
const natural: Partial<Record<InputName, z.ZodType>> = {
  ...clusterMap.shape,
  clusters: z.union(
    [
      z.int(noClusters).min(1, outOfRange).max(1000, outOfRange),
      z.array(z.union([text, clusterMap])).min(1, noClusters),
      text,
    ],
    noClusters,
  ),
  wait: z.union([z.int().min(1), z.string()], noDuration),
  'kind-version': versionText,
  'kubectl-version': versionText,
}

function ofType(input: InputType): z.ZodType {
  switch (input.type) {
    case 'string':
      return text
    case 'boolean':
      return z.boolean('is neither true nor false; give one of them, without quotes')
    case 'integer':
      return z.int('is no whole number; give one without quotes')
    case 'enum': {
      const message = `is unknown here; give one of ${input.values.join(', ')}`
      const value = z.enum(input.values, message)
      return input.values.includes('true') ? z.union([value, z.boolean()], message) : value
    }
    case 'list':
      return z.union([text, z.array(text)], 'is neither a list of texts nor one text; put "- " before each')
  }
}

/** The config file of the command line: every input under its name, as the YAML value that its text stands for. */
export const configFile = z.strictObject(
  Object.fromEntries(
    inputNames.map((name) => [
      name,
      (natural[name] ?? ofType(inputs[name])).optional().describe(inputs[name].description),
    ]),
  ),
  {
    error: (issue) =>
      issue.code === 'invalid_type' ? 'is no map of inputs; give one a line: "clusters: 3"' : undefined,
  },
)
