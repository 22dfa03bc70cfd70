/**
 * Waits until every one has ended, so that nothing of them goes on behind a failure.
 * @throws the failure that came first
 */
export async function whenAllEnd<T>(running: readonly Promise<T>[]): Promise<T[]> {
  const failures: unknown[] = []
  const results = await Promise.allSettled(
    running.map((each) =>
      each.catch((error: unknown) => {
        failures.push(error)
        throw error
      }),
    ),
  )
  if (failures.length > 0) throw failures[0]
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}
