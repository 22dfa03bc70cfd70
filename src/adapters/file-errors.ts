import { getSystemErrorMap } from 'node:util'

/** What a person can do about it. */
const remedies: Readonly<Record<string, string>> = {
  EACCES: 'check who may use it',
  EDQUOT: 'free some space, or raise the quota',
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'raise the limit of open files of the machine (sysctl fs.file-max)',
  ENOSPC: 'free some space there',
  EPERM: 'check who may use it',
  EROFS: 'use a place that can be written',
}

/** Trouble with a file: `/x/y: no space left on device (ENOSPC); free some space there`. */
export class FileError extends Error {
  constructor(
    path: string,
    reason: string,
    /** The system's own word for it: `ENOSPC`. */
    readonly code?: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${reason}`, options)
    this.name = 'FileError'
  }
}

/**
 * Works on a file. The system's own errors do not always name it, as when a file that is open is written.
 * @throws {FileError} what went wrong with which file, and what to do about it
 */
export async function onFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fileError(path, error)
  }
}

/** The error itself where it is none of the system's. */
export function fileError(path: string, error: unknown): unknown {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException
  if (code === undefined || errno === undefined) return error
  const [, reason = code] = getSystemErrorMap().get(errno) ?? []
  const remedy = remedies[code]
  return new FileError(path, `${reason} (${code})${remedy === undefined ? '' : `; ${remedy}`}`, code, { cause: error })
}
