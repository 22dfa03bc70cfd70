import { closest, distance } from 'fastest-levenshtein'

/** What may have been meant by a key that is not among the known ones. */
export function hintFor(key: string, known: readonly string[]): string {
  const near = closest(key, known)
  return distance(key, near) <= Math.max(2, key.length / 3) ? `did you mean ${near}?` : `known are ${known.join(', ')}`
}
