import type { Problems } from '../model/problems.js'
import { shorten } from '../shorten.js'

/** A value, and where it was given. */
export interface Given<T> {
  readonly value: T
  readonly place: string
}

export function given<T>(value: T | undefined, place: string): Given<T>[] {
  return value === undefined ? [] : [{ value, place }]
}

/** The first of what was said; others that say something else are problems. */
export function agree<T>(problems: Problems, said: readonly Given<T>[]): Given<T> | undefined {
  const [first, ...others] = said
  for (const { value, place } of others) {
    if (value === first?.value) continue
    problems.add(
      place,
      value,
      `contradicts ${first?.place ?? ''} (${shorten(String(first?.value))}); give one of the two`,
    )
  }
  return first
}
