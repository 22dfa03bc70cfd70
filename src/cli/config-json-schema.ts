import { parse } from 'yaml'
import * as z from 'zod'
import { inputNames, inputs } from '../plan/inputs.js'
import { configFile } from './config-schema.js'

/** JSON schema of the config file, for editors: of draft 7, which is what YAML language servers read in full. */
export function configFileJsonSchema(): object {
  const { properties = {}, ...schema } = z.toJSONSchema(configFile, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      // the bound of JavaScript's numbers, which says nothing of nodes
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })
  return {
    ...schema,
    title: 'Config file of kind-flat-network',
    properties: Object.fromEntries(
      inputNames.map((name) => [
        name,
        {
          ...(properties[name] as object),
          ...(inputs[name].default !== '' && { default: parse(inputs[name].default) }),
        },
      ]),
    ),
  }
}
