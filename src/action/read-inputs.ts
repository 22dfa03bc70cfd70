import { getInput } from '@actions/core'
import { resolve } from 'node:path'
import { inputNames, type GivenInputs } from '../plan/inputs.js'

/** The one caller of getInput. Indentation of YAML is kept. Later steps may stand in another directory, so the kubeconfig's path is made absolute. */
export function readInputs(): GivenInputs {
  const given: GivenInputs = Object.fromEntries(
    inputNames.map((name) => [name, getInput(name, { trimWhitespace: false })]),
  )
  return given.kubeconfig ? { ...given, kubeconfig: resolve(given.kubeconfig) } : given
}
