import { InputError, type Problem } from '../errors.js'

/** Collects what is wrong, so that a user learns all of it at once. */
export class Problems {
  readonly found: Problem[] = []

  add(input: string, value: unknown, message: string): void {
    this.found.push({ input, value, message })
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
