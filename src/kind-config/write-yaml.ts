import { stringify, type ScalarTag } from 'yaml'
import { YamlScalar, type YamlValue } from './read-yaml.js'

/** Numbers, booleans and nulls stay as they were written; every text is quoted. */
const asWritten: ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  identify: (value) => value instanceof YamlScalar,
  resolve: (text) => text,
  stringify: ({ value }) => {
    const { text, value: meaning } = value as YamlScalar
    return typeof meaning === 'string' ? JSON.stringify(text) : text
  },
}

/** The text of a value that was read, such that reading it again gives the same. */
export function writeYaml(value: YamlValue): string {
  return stringify(value, { customTags: (tags) => [asWritten, ...tags], aliasDuplicateObjects: false, lineWidth: 0 })
}
