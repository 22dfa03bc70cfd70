import { inputs, isYamlFile, type RawInputs } from '../plan/inputs.js'
import type { Problems } from '../model/problems.js'
import type { World } from '../ports.js'

/** Puts the content of a YAML file in the place of its path, for the inputs that take either. */
export async function readInputFiles({ files }: World, raw: RawInputs, problems: Problems): Promise<RawInputs> {
  const contents = await Promise.all(
    (['clusters', 'config'] as const)
      .filter((input) => isYamlFile(raw[input]))
      .map(async (input) => {
        try {
          return [input, await files.read(raw[input])] as const
        } catch {
          problems.add(input, raw[input], 'is no file that can be read; give the path of one, or YAML itself')
          return [input, inputs[input].default] as const
        }
      }),
  )
  return { ...raw, ...Object.fromEntries(contents) }
}
