import type { Problems } from '../model/problems.js'
import type { DockerNetwork } from './host-facts.js'

/** Digits of an id that Docker itself prints, at least. */
const shortestId = 12

/**
 * Refuses an id in place of a name: docker takes one for the other, but tells of nodes by the names of their networks.
 * @param given the input `docker-network`
 */
export function checkDockerNetwork(problems: Problems, given: string, networks: readonly DockerNetwork[]): void {
  if (given.length < shortestId || networks.some(({ name }) => name === given)) return
  const meant = networks.find(({ id }) => id.startsWith(given))
  if (meant !== undefined) {
    problems.add('docker-network', given, `is the id of the Docker network ${meant.name}; give its name`)
  }
}
