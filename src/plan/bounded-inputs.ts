import {
  longestImage,
  longestImageName,
  longestNetworkName,
  longestPath,
  longestSubnets,
  longestUrl,
  longestVersion,
  mostItems,
  tooLong,
  tooMany,
} from '../model/bounds.js'
import type { Problems } from '../model/problems.js'
import { inputs, type InputName, type RawInputs } from './inputs.js'

/** Longest text of the inputs that are handed on. What `clusters` and `config` hold is bounded where YAML is read. */
const longest: Partial<Record<InputName, number>> = {
  'pod-supernet': longestSubnets,
  'service-supernet': longestSubnets,
  'node-image': longestImage,
  'kubernetes-version': longestVersion,
  'registry-mirror': longestImageName,
  'registry-image': longestImage,
  'kind-version': longestVersion,
  'kubectl-version': longestVersion,
  'download-mirror': longestUrl,
  'docker-network': longestNetworkName,
  kubeconfig: longestPath,
}

/** The inputs with the default in the place of what is too long, which is a problem. */
export function boundedInputs(problems: Problems, raw: RawInputs): RawInputs {
  const kept = Object.entries(raw).map(([key, value]) => {
    const name = key as InputName
    const excess = tooLong(value, longest[name] ?? Infinity)
    if (excess !== undefined) problems.add(name, value, excess)
    return [name, excess === undefined ? value : inputs[name].default] as const
  })
  return Object.fromEntries(kept) as RawInputs
}

/** The names and paths of `images`, a line each, without those that are too long. */
export function boundedImages(problems: Problems, { images }: RawInputs): string[] {
  const lines = [...new Set(images.split('\n').map((line) => line.trim()))].filter((line) => line !== '')
  const excess = tooMany(lines, mostItems)
  if (excess !== undefined) {
    problems.add('images', undefined, excess)
    return []
  }
  return lines.filter((line) => {
    const problem = tooLong(line, longestPath)
    if (problem !== undefined) problems.add('images', line, problem)
    return problem === undefined
  })
}
