import { getInput } from '@actions/core'
import { inputNames } from '../plan/inputs.js'
import type { GivenInputs } from '../pipeline.js'

/** The one caller of getInput. */
export function readInputs(): GivenInputs {
  return Object.fromEntries(inputNames.map((name) => [name, getInput(name)]))
}
