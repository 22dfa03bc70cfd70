import { InputError, type Problem } from '../errors.js'
import type { RawInputs } from '../plan/inputs.js'
import type { World } from '../ports.js'

/**
 * Puts the content of a YAML file in the place of its path, for the inputs that take either.
 * @throws {InputError} for a path that leads to no file
 */
export async function readInputFiles({ files }: World, raw: RawInputs): Promise<RawInputs> {
  const problems: Problem[] = []
  const contents = await Promise.all(
    (['clusters', 'config'] as const)
      .filter((input) => /^\S+\.(ya?ml|json)$/.test(raw[input]))
      .map(async (input) => {
        try {
          return [input, await files.read(raw[input])] as const
        } catch {
          problems.push({
            input,
            value: raw[input],
            message: 'is no file that can be read; give the path of one, or YAML itself',
          })
          return [input, ''] as const
        }
      }),
  )
  if (problems.length > 0) throw new InputError(problems)
  return { ...raw, ...Object.fromEntries(contents) }
}
