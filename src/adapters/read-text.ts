import { constants, type Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { addAbortSignal, type Readable } from 'node:stream'
import { formatBytes } from '../plan/byte-size.js'
import type { FileKind } from '../ports.js'
import { FileError, onFile } from './file-errors.js'

export interface ReadBounds {
  /** Without it 10 MB, more than any config, list or record has. */
  readonly mostBytes?: number
  /** Ends the wait for a pipe. */
  readonly signal?: AbortSignal
}

const mostTextBytes = 10e6

/** A file of this process that is open already, as the shell's `<(command)` names it. */
const openFile = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/

/**
 * Reads a text from a regular file, or from a pipe that is open already. Nothing else is opened: a device or a pipe
 * that nobody writes to would never end.
 * @throws {FileError} when it cannot be read, is something else, or is larger than the bound
 */
export function readText(path: string, bounds: ReadBounds = {}): Promise<string> {
  return onFile(path, async () => {
    const found = await stat(path)
    const descriptor = path === '/dev/stdin' ? '0' : openFile.exec(path)?.[1]
    if (descriptor !== undefined && (found.isFIFO() || found.isSocket())) {
      const pipe = new Socket({ fd: Number(descriptor), readable: true, writable: false })
      return boundedText(path, pipe, bounds)
    }
    requireFile(path, found)
    // another file may have taken its name by now
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      requireFile(path, await file.stat())
      return await boundedText(path, file.createReadStream({ autoClose: false }), bounds)
    } finally {
      await file.close()
    }
  })
}

/** @param name of the stream, for the message */
export async function boundedText(
  name: string,
  stream: Readable,
  { mostBytes = mostTextBytes, signal }: ReadBounds = {},
): Promise<string> {
  if (signal !== undefined) {
    // a stream may tell of its end after the loop below has, and an error that nobody hears ends the process
    stream.on('error', () => undefined)
    addAbortSignal(signal, stream)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > mostBytes) throw new FileError(name, `larger than the ${formatBytes(mostBytes)} that are read`)
      chunks.push(chunk)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
  return Buffer.concat(chunks).toString('utf8')
}

function requireFile(path: string, found: Stats): void {
  const kind = kindOf(found)
  if (kind !== 'file') throw new FileError(path, `a ${kind}, not a regular file`)
}

export function kindOf(found: Stats): FileKind {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'directory'
  if (found.isFIFO()) return 'named pipe'
  return found.isSocket() ? 'socket' : 'device'
}
