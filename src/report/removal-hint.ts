import { shellCommand } from '../errors.js'
import { ownerDirectory } from '../kind-config/kind-config.js'
import { loadBalancerName } from '../model/kind-names.js'
import { isKubeconfigOfUser, kubeconfigMark, type RunRecord } from '../plan/run-record.js'

/**
 * Commands to paste that remove by hand what was left in place, where the command line is not at hand. What others have
 * put in the place of something, under the same name, they leave alone.
 */
export function removalHint(record: RunRecord): string {
  const { run, directory, kubeconfig, clusters, container, dockerNetwork, complete } = record
  const label = `label=kind-flat-network.run=${run}`
  const removeThem = 'xargs -r docker rm --force --volumes'
  const balancers = clusters
    .filter(({ reused, nodes }) => !reused && nodes.filter(({ role }) => role === 'control-plane').length > 1)
    .map(({ name }) => shellCommand(['docker', 'rm', '--force', '--volumes', loadBalancerName(name)]))
  return [
    'to remove by hand what is left:',
    ...[
      `docker ps --all --quiet --filter volume=${ownerDirectory}/${run} | ${removeThem}`,
      // it bears no mark
      ...balancers.map((command) => (complete ? command : `${command} # unless its cluster is somebody else's`)),
      `docker ps --all --quiet --filter ${label} | ${removeThem}`,
      ...(container?.joins === true
        ? [shellCommand(['docker', 'network', 'disconnect', '--force', dockerNetwork, container.name])]
        : []),
      shellCommand(['docker', 'network', 'prune', '--force', '--filter', label]),
      shellCommand(['docker', 'volume', 'rm', '--force', `kind-flat-network-${run}`]),
      ...(isKubeconfigOfUser(record) && record.kubeconfigFile !== undefined
        ? [
            `${shellCommand(['grep', '-qF', '--', kubeconfigMark(run), kubeconfig])} && ${shellCommand(['rm', '--', kubeconfig])}`,
          ]
        : []),
      shellCommand(['rm', '-r', '--', directory]),
    ].map((line) => `  ${line}`),
  ].join('\n')
}

/** The one command that removes a run, or goes on with that, by its id alone. */
export function removalCommand(run: string): string {
  return `to remove it: kind-flat-network down --run ${run}`
}

/** What a removal that has no record to read does all the same, and what it cannot know. */
export function removalByIdAlone(run: string): string {
  return (
    `removing what carries the id of run ${run}; not known, and left as they are: a kubeconfig outside of the run's own ` +
    'directory, routes on clusters that were reused, and the connection of this container to the Docker network'
  )
}
