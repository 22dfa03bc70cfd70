import { shellCommand } from '../errors.js'
import { clusterKubeconfig, isKubeconfigOfUser, type RunRecord } from '../plan/run-record.js'

/** Commands to paste that remove by hand what was left in place, where the command line is not at hand. */
export function removalHint(record: RunRecord): string {
  const { run, directory, kubeconfig, clusters, container, dockerNetwork } = record
  const created = clusters.filter(({ reused }) => !reused)
  const label = `label=kind-flat-network.run=${run}`
  const files = isKubeconfigOfUser(record) ? [kubeconfig, directory] : [directory]
  return [
    'to remove by hand what is left:',
    ...[
      ...created.map(({ name }) =>
        shellCommand(['kind', 'delete', 'cluster', '--name', name, '--kubeconfig', clusterKubeconfig(record, name)]),
      ),
      `docker ps --all --quiet --filter ${label} | xargs -r docker rm --force --volumes`,
      ...(container?.joins === true
        ? [shellCommand(['docker', 'network', 'disconnect', '--force', dockerNetwork, container.name])]
        : []),
      shellCommand(['docker', 'network', 'prune', '--force', '--filter', label]),
      shellCommand(['docker', 'volume', 'rm', '--force', `kind-flat-network-${run}`]),
      shellCommand(['rm', '-r', '--', ...files]),
    ].map((line) => `  ${line}`),
  ].join('\n')
}

/** What a removal that has no record to read does all the same, and what it cannot know. */
export function removalByIdAlone(run: string): string {
  return (
    `removing what carries the id of run ${run}; not known, and left as they are: a kubeconfig outside of the run's own ` +
    'directory, routes on clusters that were reused, and the connection of this container to the Docker network'
  )
}
