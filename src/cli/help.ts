import type { Command } from 'commander'

/** What follows the options of the whole program. */
export const rootHelp = `
Examples:
  # two clusters, joined and proven
  kind-flat-network up
  # three clusters of two nodes
  kind-flat-network up --clusters 3 --workers 1
  # what there is, and everything removed again
  kind-flat-network list
  kind-flat-network down

Exit codes:
  0    it worked
  1    it did not work, or its result could not be written;
       up has removed what it made (unless --cleanup false)
  2    what was asked for is wrong, and nothing was done
  130  stopped by Ctrl-C (143: SIGTERM, 129: SIGHUP, 141: nobody reads);
       the same goes for up

Environment:
  DOCKER_HOST, DOCKER_CONTEXT   the Docker engine, as docker itself takes it
  HTTPS_PROXY, NO_PROXY         for downloads
  NO_COLOR                      no colours on a terminal
  XDG_STATE_HOME                instead of ~/.local/state
  XDG_CACHE_HOME                instead of ~/.cache
  KIND_EXPERIMENTAL_PROVIDER, KIND_EXPERIMENTAL_DOCKER_NETWORK and
  KIND_CLUSTER_NAME have no effect.

Files:
  kind-flat-network.yaml                  inputs of plan and up, if there is one
  ~/.local/state/kind-flat-network/<run>/ record and kubeconfigs of a run
  ~/.cache/kind-flat-network/             tools and node images for the next run`

/** Adds examples below the options, each with what it does. */
export function withExamples(
  command: Command,
  ...examples: readonly (readonly [does: string, line: string])[]
): Command {
  const lines = examples.flatMap(([does, line]) => [`  # ${does}`, `  kind-flat-network ${line}`])
  const more = 'Exit codes, environment and files: kind-flat-network --help'
  return command.addHelpText('after', ['', 'Examples:', ...lines, '', more].join('\n'))
}
