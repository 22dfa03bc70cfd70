import { readFileSync } from 'node:fs'

/** The version in package.json; the build puts its value in the place of this module. */
export const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version
