import type { Log, World } from '../ports.js'
import { createExecRunner } from './exec-runner.js'
import { nodeFiles } from './node-files.js'
import { createProcesses, runVariable } from './node-processes.js'
import { systemClock } from './system-clock.js'

/** The real world for a run. */
export function createWorld(run: string, log: Log, debug: (line: string) => void): World {
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
    processes: createProcesses(run),
    log,
    clock: systemClock,
  }
}
