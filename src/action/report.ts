import { exportVariable, setOutput, summary as jobSummary, warning } from '@actions/core'
import { messageOf } from '../errors.js'
import { maskSecrets } from '../mask-secrets.js'
import { outputsOf, type FlatNetwork } from '../report/flat-network.js'
import { savedSummary, summary } from '../report/summary.js'
import type { SavedImage } from '../steps/save-node-images.js'
import type { Phase } from './actions-log.js'
import { tellRunner } from './runner-files.js'

/**
 * Outputs, `KUBECONFIG` for the steps that follow, and the job summary.
 * @throws when outputs or `KUBECONFIG` cannot be written: the steps that follow cannot do without
 */
export async function report(flat: FlatNetwork, phases: readonly Phase[]): Promise<void> {
  tellRunner('GITHUB_OUTPUT', () => {
    for (const [name, value] of Object.entries(outputsOf(flat))) setOutput(name, value)
  })
  tellRunner('GITHUB_ENV', () => {
    exportVariable('KUBECONFIG', flat.record.kubeconfig)
  })
  await summarize(summary(flat, phases))
}

/** What post saved, in the job summary. */
export function reportSaved(saved: readonly SavedImage[]): Promise<void> {
  return summarize(savedSummary(saved))
}

async function summarize(text: string): Promise<void> {
  try {
    await jobSummary.addRaw(maskSecrets(text)).write()
  } catch (error) {
    // act and some self-hosted runners give no place for it
    warning(`no job summary: ${messageOf(error)}`)
  }
}
