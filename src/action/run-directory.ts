import { tmpdir } from 'node:os'

/** Where a run of the action has its files. */
export function runDirectory(run: string): string {
  return `${process.env['RUNNER_TEMP'] || tmpdir()}/kind-flat-network-${run}`
}
