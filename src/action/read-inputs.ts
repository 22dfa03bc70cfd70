import { getInput } from '@actions/core'
import { resolve } from 'node:path'
import { inputNames, type GivenInputs } from '../plan/inputs.js'

/** The one caller of getInput. Later steps may stand in another directory, so the kubeconfig's path is made absolute. */
export function readInputs(): GivenInputs {
  const given: GivenInputs = Object.fromEntries(inputNames.map((name) => [name, getInput(name)]))
  return given.kubeconfig ? { ...given, kubeconfig: resolve(given.kubeconfig) } : given
}
