import { CommandError } from '../errors.js'
import type { Clock } from '../ports.js'

const attempts = 5

/**
 * Makes a request again that an API server turned away, as one that has just come up may do.
 * @throws what the last refusal said
 */
export async function untilAccepted<T>(clock: Clock, request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request()
    } catch (error) {
      if (!(error instanceof CommandError) || attempt === attempts) throw error
      await clock.sleep(1)
    }
  }
}
