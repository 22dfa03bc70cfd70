import { tmpdir, userInfo } from 'node:os'
import { isAbsolute } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The directory that a variable names. An empty or relative value counts as not set, as the XDG Base Directory
 * Specification has it: a relative one would be another directory for every place that a command is started from.
 */
export function directoryIn(variable: string, environment: Environment = process.env): string | undefined {
  const value = environment[variable]
  return value !== undefined && isAbsolute(value) ? value : undefined
}

/** @throws {Error} when neither HOME nor the system names one */
export function homeDirectory(environment: Environment = process.env): string {
  const home = directoryIn('HOME', environment) ?? homeOfUser()
  if (home !== undefined) return home
  throw new Error('this user has no home directory; set HOME to the absolute path of one')
}

/** Node itself takes HOME as it is, also where it is empty. */
function homeOfUser(): string | undefined {
  try {
    return [userInfo().homedir].find(isAbsolute)
  } catch {
    // a container's user often is not in its list of users
    return undefined
  }
}

/** The runner's directory for temporary files, or else that of the system. */
export function temporaryDirectory(environment: Environment = process.env): string {
  return directoryIn('RUNNER_TEMP', environment) ?? (isAbsolute(tmpdir()) ? tmpdir() : '/tmp')
}
