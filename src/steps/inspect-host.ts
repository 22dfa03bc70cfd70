import { dirname } from 'node:path'
import { engineInfo, listContainers, parseContainers, parseEngineInfo } from '../commands/docker.js'
import { listRoutes, parseRoutes } from '../commands/ip.js'
import { CancelledError, CommandError, messageOf } from '../errors.js'
import type { HostFacts } from '../plan/host-facts.js'
import type { World } from '../ports.js'
import { existingNetworks } from './existing-objects.js'

/**
 * Learns what the plan must know of the machine. Changes nothing.
 * @param files paths the run would write
 * @throws {CommandError} when the Docker engine does not answer
 */
export async function inspectHost({ runner, files, log }: World, paths: readonly string[]): Promise<HostFacts> {
  const [engine, networks, routes, containers, inspectedFiles, inotifyInstances] = await Promise.all([
    runner.run(engineInfo).then(parseEngineInfo),
    existingNetworks(runner).then((found) => found.map(({ id, name, subnets }) => ({ id, name, subnets }))),
    runner.run(listRoutes).then(parseRoutes, (error: unknown) => {
      if (error instanceof CancelledError) throw error
      const why = error instanceof CommandError ? error.outcome : messageOf(error)
      log.warning(`the routes of this machine cannot be read (ip: ${why}); subnets are chosen without them`)
      return []
    }),
    runner.run(listContainers).then(parseContainers),
    Promise.all(
      paths.map(async (path) => ({
        path,
        exists: await files.exists(path),
        directoryExists: await files.isDirectory(dirname(path)),
      })),
    ),
    files.read('/proc/sys/fs/inotify/max_user_instances').then(Number, () => undefined),
  ])
  return {
    engine,
    ...(inotifyInstances !== undefined && { inotifyInstances }),
    networks,
    routes,
    containers,
    files: inspectedFiles,
  }
}
