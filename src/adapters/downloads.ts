import { HttpClient } from '@actions/http-client'
import { createHash, randomBytes } from 'node:crypto'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { STATUS_CODES, type IncomingMessage, type RequestOptions } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import pRetry from 'p-retry'
import { DownloadError, messageOf } from '../errors.js'
import { formatBytes } from '../plan/byte-size.js'
import type { DownloadOptions, Downloads } from '../ports.js'
import { onFile } from './file-errors.js'

/** Bounds of one download. */
export interface DownloadLimits {
  /** Longest time without a byte, from the connection on. */
  readonly stallSeconds: number
  /** Longest time for all tries together. */
  readonly totalSeconds: number
  readonly tries: number
  /** Pause before the second try; it doubles from try to try. */
  readonly pauseSeconds: number
  /** A server that asks for a longer pause is not asked again. */
  readonly longestPauseSeconds: number
  readonly fileBytes: number
  readonly textBytes: number
  /** Time between two reports of progress. */
  readonly progressSeconds: number
}

const defaults: DownloadLimits = {
  stallSeconds: 30,
  totalSeconds: 600,
  tries: 4,
  pauseSeconds: 1,
  longestPauseSeconds: 60,
  fileBytes: 500e6,
  textBytes: 5e6,
  progressSeconds: 5,
}

/** GitHub needs one, dl.k8s.io too; a mirror may need some more. */
const longestRedirects = 5

const redirects = [301, 302, 303, 307, 308]

/** Besides the 5xx: the server is busy, or something before it is. */
const busy = [408, 425, 429]

/** What a network says that is broken for a while; an unknown host is one too, while a name server is not there. */
const brokenForAWhile = [
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]

/** Downloads over @actions/http-client, which honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
export function createDownloads(limits: Partial<DownloadLimits> = {}, signals: readonly AbortSignal[] = []): Downloads {
  const bounds = { ...defaults, ...limits }
  return {
    text: (address, options = {}) =>
      retried({ address: new URL(address), options, bounds, mostBytes: bounds.textBytes, signals }, readText),
    file: (address, path, options = {}) =>
      retried({ address: new URL(address), options, bounds, mostBytes: bounds.fileBytes, signals }, (body) =>
        writeWhole(body, path),
      ),
    until: (signal) => createDownloads(limits, [...signals, signal]),
  }
}

interface Transfer {
  readonly address: URL
  readonly options: DownloadOptions
  readonly bounds: DownloadLimits
  readonly mostBytes: number
  readonly signals: readonly AbortSignal[]
}

type Body = AsyncIterable<Buffer>

/** One try that failed, and whether another may succeed. */
class FailedTry extends Error {
  constructor(
    reason: string,
    readonly again: boolean,
    readonly pauseSeconds = 0,
  ) {
    super(reason)
  }
}

async function retried<T>(transfer: Transfer, take: (body: Body) => Promise<T>): Promise<T> {
  const { address, options, bounds, signals } = transfer
  const late = AbortSignal.timeout(bounds.totalSeconds * 1000)
  const signal = AbortSignal.any([...signals, late])
  const mayHelp = (error: Error): error is FailedTry => error instanceof FailedTry && error.again
  let tries = 0
  try {
    return await pRetry(
      () => {
        tries++
        return tryOnce(transfer, signal, take)
      },
      {
        retries: bounds.tries - 1,
        minTimeout: bounds.pauseSeconds * 1000,
        randomize: true,
        signal,
        onFailedAttempt: async ({ error, retriesLeft }) => {
          if (!mayHelp(error) || retriesLeft === 0) return
          options.onRetry?.(error.message)
          await sleep(error.pauseSeconds * 1000, undefined, { signal })
        },
        shouldRetry: ({ error }) => mayHelp(error),
      },
    )
  } catch (error) {
    for (const each of signals) each.throwIfAborted()
    // what is wrong with the disk is told as it is
    if (!late.aborted && !(error instanceof FailedTry)) throw error
    const reason = late.aborted ? `not there after ${String(bounds.totalSeconds)} s` : messageOf(error)
    throw new DownloadError(address.href, reason, tries, options.remedy ?? 'try again later')
  }
}

async function tryOnce<T>(transfer: Transfer, signal: AbortSignal, take: (body: Body) => Promise<T>): Promise<T> {
  const { address, bounds } = transfer
  const stall = new AbortController()
  const watchdog = setTimeout(() => {
    stall.abort()
  }, bounds.stallSeconds * 1000)
  let response: IncomingMessage | undefined
  try {
    response = await answerOf(address, bounds, AbortSignal.any([signal, stall.signal]))
    return await take(verified(response, transfer, () => watchdog.refresh()))
  } catch (error) {
    signal.throwIfAborted()
    if (!stall.signal.aborted) throw error
    const what = response === undefined ? 'no answer' : 'no bytes'
    throw new FailedTry(`${what} for ${String(bounds.stallSeconds)} s`, true)
  } finally {
    clearTimeout(watchdog)
    response?.destroy()
  }
}

/** Follows redirects by itself: the client would read their bodies without end, and knows only whole addresses. */
async function answerOf(address: URL, bounds: DownloadLimits, signal: AbortSignal): Promise<IncomingMessage> {
  let url = address
  for (let hop = 0; hop <= longestRedirects; hop++) {
    const from = url.host === address.host ? '' : ` from ${url.host}`
    const response = await get(url, signal).catch((error: unknown) => {
      const { message, code = '' } = error as NodeJS.ErrnoException
      throw new FailedTry(`${message || code}${from}`, brokenForAWhile.includes(code))
    })
    const { statusCode: status = 0, headers } = response
    if (status === 200) return response
    response.destroy()
    if (!redirects.includes(status) || headers.location === undefined) throw refusal(status, headers, from, bounds)
    url = redirected(url, headers.location)
  }
  throw new FailedTry(`more than ${String(longestRedirects)} redirects`, false)
}

async function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const abortable = {
    prepareRequest: (options: RequestOptions) => {
      options.signal = signal
    },
    canHandleAuthentication: () => false,
    handleAuthentication: () => Promise.reject(new Error('unused')),
  }
  const client = new HttpClient('kind-flat-network', [abortable], { allowRedirects: false })
  const { username, password } = url
  const { message } = await client.get(url.href, {
    'accept-encoding': 'identity',
    ...(username !== '' && {
      authorization: `Basic ${Buffer.from([username, password].map(decodeURIComponent).join(':')).toString('base64')}`,
    }),
  })
  return message
}

/** Where a redirect leads. */
export function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (to === undefined || !['http:', 'https:'].includes(to.protocol)) {
    throw new FailedTry('redirects to what is no address', false)
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new FailedTry(`redirects from https to http (${to.origin})`, false)
  }
  return to
}

function refusal(
  status: number,
  { 'retry-after': retryAfter }: IncomingMessage['headers'],
  from: string,
  { longestPauseSeconds }: DownloadLimits,
): FailedTry {
  const pause = retryAfter === undefined ? 0 : secondsUntil(retryAfter)
  const tooLong = pause > longestPauseSeconds ? `, to be asked again in ${pause.toFixed(0)} s` : ''
  const again = (status >= 500 || busy.includes(status)) && tooLong === ''
  return new FailedTry(`${String(status)} ${STATUS_CODES[status] ?? ''}${from}${tooLong}`, again, pause)
}

/** Retry-After is seconds or a date (RFC 9110, 10.2.3). */
function secondsUntil(retryAfter: string): number {
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000
  return seconds > 0 ? seconds : 0
}

/** The bytes of a response as they come; throws at their end when they are not what they must be. */
async function* verified(
  response: IncomingMessage,
  { options, bounds, mostBytes }: Transfer,
  onBytes: () => void,
): Body {
  const { sha256, onProgress } = options
  const length = response.headers['content-length']
  const total = length === undefined ? undefined : Number(length)
  const refuseMore = (bytes: number) => {
    if (bytes > mostBytes) {
      throw new FailedTry(`is larger than the ${formatBytes(mostBytes)} that are taken`, false)
    }
  }
  refuseMore(total ?? 0)
  const hash = createHash('sha256')
  let received = 0
  let told = performance.now()
  const bytes = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  for (;;) {
    const next = await bytes.next().catch(() => {
      throw new FailedTry(
        `cut off after ${formatBytes(received)}${total === undefined ? '' : ` of ${formatBytes(total)}`}`,
        true,
      )
    })
    if (next.done === true) break
    received += next.value.length
    onBytes()
    refuseMore(received)
    hash.update(next.value)
    if (performance.now() - told >= bounds.progressSeconds * 1000) {
      told = performance.now()
      onProgress?.(received, total)
    }
    yield next.value
  }
  const found = hash.digest('hex')
  if (sha256 !== undefined && found !== sha256.sha256) {
    throw new FailedTry(`has SHA-256 ${found}, expected ${sha256.sha256} (seen in ${sha256.seenIn})`, false)
  }
}

async function readText(body: Body): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** The name stands for the whole file or for none. */
function writeWhole(body: Body, path: string): Promise<number> {
  return onFile(path, () => write(body, path))
}

async function write(body: Body, path: string): Promise<number> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await writeFile(file, body)
      const { size } = await file.stat()
      await rename(temporary, path)
      return size
    } finally {
      await file.close()
    }
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
