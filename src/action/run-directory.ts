import { temporaryDirectory } from '../adapters/directories.js'

/** Where a run of the action has its files. */
export function runDirectory(run: string): string {
  return `${temporaryDirectory()}/kind-flat-network-${run}`
}
