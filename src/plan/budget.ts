import type { HostFacts } from './host-facts.js'

/** What a running node takes, measured with kind v0.33 and Kubernetes v1.34, rounded up. */
const perNode = { inotifyInstances: 20, memory: 500e6 }

/** Where so many nodes would go beyond what the machine has, with the remedy: kind's commonest trouble with several clusters. */
export function budgetWarnings(nodes: number, { engine, inotifyInstances }: HostFacts): string[] {
  const warnings: string[] = []
  const watches = nodes * perNode.inotifyInstances
  if (inotifyInstances !== undefined && watches > inotifyInstances) {
    warnings.push(
      `${String(nodes)} nodes take about ${String(watches)} inotify instances, a user of this machine may have ${String(inotifyInstances)}: ` +
        `"too many open files" is likely; raise it with: sudo sysctl fs.inotify.max_user_instances=${String(Math.max(1024, watches * 2))}`,
    )
  }
  if (nodes * perNode.memory > engine.memory) {
    const [needed, there] = [nodes * perNode.memory, engine.memory].map((bytes) => (bytes / 1e9).toFixed(1))
    warnings.push(
      `${String(nodes)} nodes take about ${String(needed)} GB of memory, the engine has ${String(there)} GB; give fewer nodes`,
    )
  }
  return warnings
}
