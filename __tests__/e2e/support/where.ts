import { expect } from '@jest/globals'

/** The workflow that is the same on a machine, on act's machine and in act's container. */
export const whereWorkflow = '__tests__/e2e/workflows/where.yml'

/** Checks what a run of it must have printed wherever it ran: of its steps, its job summary and its second job. */
export function checkWhere(said: string, clusters: readonly string[]): void {
  for (const cluster of clusters) {
    expect(said).toMatch(new RegExp(`${cluster}-control-plane +Ready`))
    expect(said).toMatch(new RegExp(`${cluster}: 10\\.\\d+\\.0\\.0/16`))
    expect(said).toMatch(new RegExp(`^\\| ${cluster} \\| \`kind-${cluster}\` \\|`, 'm'))
  }
  expect(said.match(/(^|\| )ok$/gm)).toHaveLength(2 * clusters.length)
  if (clusters.length > 1) expect(said).toMatch(/agnhost: (\d+)\/\1 pod pairs with the pod's own address/)
}
