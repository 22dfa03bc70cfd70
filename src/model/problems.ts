import { InputError, type Problem } from '../errors.js'

/** Collects what is wrong, so that a user learns all of it at once. */
export class Problems {
  readonly found: Problem[] = []

  /** A problem that several clusters have with what they share is told once. */
  add(input: string, value: unknown, message: string): void {
    const isKnown = this.found.some(
      (other) => other.input === input && other.message === message && Object.is(other.value, value),
    )
    if (!isKnown) this.found.push({ input, value, message })
  }

  /** Runs a parser; what it throws becomes a problem. */
  attempt<T>(input: string, value: unknown, parse: () => T): T | undefined {
    try {
      return parse()
    } catch (error) {
      this.add(input, value, (error as Error).message)
      return undefined
    }
  }

  /** @throws {InputError} when anything was found */
  throwIfAny(): void {
    if (this.found.length > 0) throw new InputError(this.found)
  }
}
