import { stringify, type ScalarTag } from 'yaml'
import { quoted } from './control-characters.js'
import { YamlScalar, type YamlValue } from './read-yaml.js'

/** Numbers, booleans and nulls stay as they were written; every text is quoted, and every key that may be misread. */
const asWritten: ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  identify: (value) => value instanceof YamlScalar || typeof value === 'string',
  resolve: (text) => text,
  stringify: ({ value }) => {
    if (!(value instanceof YamlScalar))
      return isSimpleKey(value as string) ? (value as string) : quoted(value as string)
    return typeof value.value === 'string' ? quoted(value.text) : value.text
  },
}

/** The text of a value that was read, such that reading it again gives the same. */
export function writeYaml(value: YamlValue): string {
  return stringify(value, { customTags: (tags) => [asWritten, ...tags], aliasDuplicateObjects: false, lineWidth: 0 })
}

function isSimpleKey(key: string): boolean {
  return /^[a-z][\w-]*$/i.test(key) && !/^null$/i.test(key)
}
