import type { RunRecord } from '../plan/run-record.js'

/** How to remove by hand what was left in place. */
export function removalHint({ run, directory, kubeconfig, clusters, container, dockerNetwork }: RunRecord): string {
  const files = kubeconfig.startsWith(`${directory}/`) ? [directory] : [kubeconfig, directory]
  return [
    'everything is left in place (cleanup: false); to remove it:',
    ...clusters.map(({ name }) => `  kind delete cluster --name ${name}`),
    ...(container?.joins === true ? [`  docker network disconnect ${dockerNetwork} ${container.name}`] : []),
    `  docker network prune --force --filter label=kind-flat-network.run=${run}`,
    `  docker volume rm kind-flat-network-${run}`,
    `  rm -r ${files.join(' ')}`,
  ].join('\n')
}
