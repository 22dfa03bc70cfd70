import { dirname } from 'node:path'
import {
  engineInfo,
  inspectNetworks,
  listContainers,
  listNetworks,
  parseContainers,
  parseEngineInfo,
  parseNetworks,
} from '../commands/docker.js'
import { listRoutes, parseRoutes } from '../commands/ip.js'
import { CancelledError, CommandError } from '../errors.js'
import type { HostFacts } from '../plan/host-facts.js'
import type { CommandRunner, World } from '../ports.js'

/**
 * Learns what the plan must know of the machine. Changes nothing.
 * @param files paths the run would write
 * @throws {CommandError} when the Docker engine does not answer
 */
export async function inspectHost({ runner, files, log }: World, paths: readonly string[]): Promise<HostFacts> {
  const [engine, networks, routes, containers, inspectedFiles, inotifyInstances] = await Promise.all([
    runner.run(engineInfo).then(parseEngineInfo),
    inspectAllNetworks(runner),
    runner.run(listRoutes).then(parseRoutes, (error: unknown) => {
      if (error instanceof CancelledError) throw error
      log.warning('the routes of this machine cannot be read (ip is missing): subnets are chosen without them')
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

async function inspectAllNetworks(runner: CommandRunner): Promise<HostFacts['networks']> {
  // a network that somebody removes between the two commands fails the second: look again
  for (let attempt = 1; ; attempt++) {
    const ids = lines(await runner.run(listNetworks()))
    if (ids.length === 0) return []
    try {
      const networks = parseNetworks(await runner.run(inspectNetworks(ids)))
      return networks.map(({ id, name, subnets }) => ({ id, name, subnets }))
    } catch (error) {
      if (!(error instanceof CommandError) || attempt === 3) throw error
    }
  }
}

function lines(output: string): string[] {
  return output.split('\n').filter((line) => line !== '')
}
