import type { CommandRunner } from '../ports.js'
import { whenAllEnd } from './when-all-end.js'

/**
 * Does several things at the same time; the first failure ends the commands of the others.
 * @param works get the world whose runner is ended, and the signal that ends it
 * @throws the first failure, when all have ended
 */
export async function allOrNone<W extends { readonly runner: CommandRunner }, T extends readonly unknown[]>(
  world: W,
  works: { readonly [I in keyof T]: (live: W, ended: AbortSignal) => Promise<T[I]> },
): Promise<T> {
  const failure = new AbortController()
  const live = { ...world, runner: world.runner.until(failure.signal) }
  const running = works.map((work) =>
    work(live, failure.signal).catch((error: unknown) => {
      failure.abort(error)
      throw error
    }),
  )
  return (await whenAllEnd(running)) as unknown as T
}
