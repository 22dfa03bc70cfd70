import { join } from 'node:path'
import { directoryIn, homeDirectory } from '../adapters/directories.js'

/** What each base directory is where its variable names none (XDG Base Directory Specification). */
const defaults = { XDG_CACHE_HOME: '.cache', XDG_STATE_HOME: '.local/state' } as const

/** Our directory below one of the user's base directories. */
export function xdgDirectory(variable: keyof typeof defaults): string {
  return join(directoryIn(variable) ?? join(homeDirectory(), defaults[variable]), 'kind-flat-network')
}
