import type { ImageCache, Log, ToolStore, World } from '../ports.js'
import { createDownloads } from './downloads.js'
import { createExecRunner } from './exec-runner.js'
import { machine } from './machine.js'
import { nodeFiles } from './node-files.js'
import { createProcesses, runVariable } from './node-processes.js'
import { createRegistry } from './registry.js'
import { newRunId } from './run-id.js'
import { systemClock } from './system-clock.js'

/** What stays from one run to the next. */
export interface Stores {
  readonly tools: ToolStore
  readonly imageCache: ImageCache
}

/** The real world for a run. */
export function createWorld(run: string, log: Log, debug: (line: string) => void, stores: Stores): World {
  const environment = {
    [runVariable]: run,
    // the plan names the provider and the network; kind must not be told otherwise
    KIND_EXPERIMENTAL_PROVIDER: 'docker',
    KIND_EXPERIMENTAL_DOCKER_NETWORK: undefined,
    KIND_CLUSTER_NAME: undefined,
  }
  return {
    runner: createExecRunner(environment, debug),
    files: nodeFiles,
    downloads: createDownloads(),
    registry: createRegistry(),
    ...stores,
    platform: `${process.platform}/${process.arch}`,
    machine,
    processes: createProcesses(run),
    log,
    clock: systemClock,
    newId: newRunId,
  }
}
