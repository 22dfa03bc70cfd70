import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDownloads, redirected, type DownloadLimits } from '../../../src/adapters/downloads.js'
import { CancelledError, DownloadError } from '../../../src/errors.js'
import type { DownloadOptions } from '../../../src/ports.js'
import { cut, dead, inTurn, LoopbackServer, plain, stalled, whole } from '../../fakes/loopback-server.js'

const program = Buffer.alloc(300_000, 'some bytes of a program ')
const sumOf = (content: Buffer) => createHash('sha256').update(content).digest('hex')
const sha256 = { sha256: sumOf(program), seenIn: 'somewhere/public checksums.yml' }
const quick = { stallSeconds: 0.3, totalSeconds: 20, tries: 3, pauseSeconds: 0.01 }

let server: LoopbackServer
let directory: string
beforeEach(async () => {
  server = await LoopbackServer.start()
  directory = mkdtempSync(join(tmpdir(), 'kfn-downloads-'))
})
afterEach(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

const target = () => join(directory, 'kind')
const fetchFile = (path: string, options: DownloadOptions = {}, limits: Partial<DownloadLimits> = {}) =>
  createDownloads({ ...quick, ...limits }).file(`${server.address}${path}`, target(), {
    sha256,
    remedy: 'put kind on the PATH',
    ...options,
  })
/** How much of what is cut off was read before is chance. */
const anyAmount = (reason: string) => reason.replace(/after [\d.]+ kB/, 'after N kB')
/** The message of a failure, which must leave nothing. */
async function refusal(download: Promise<unknown>): Promise<string> {
  const error = await download.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown as Error,
  )
  expect(readdirSync(directory)).toEqual([])
  expect(error).toBeInstanceOf(DownloadError)
  return anyAmount(error.message.replaceAll(server.address, 'http://server'))
}

describe('what comes', () => {
  test('is written whole, readable by its owner alone', async () => {
    server.on('/kind', whole(program))
    expect(await fetchFile('/kind')).toBe(program.length)
    expect(sumOf(readFileSync(target()))).toBe(sha256.sha256)
    expect(statSync(target()).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory)).toEqual(['kind'])
    // or a mirror might send something else than what the SHA-256 is of
    expect(server.requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity'])
  })

  test('replaces what had the name', async () => {
    server.on('/kind', whole('old'))
    await createDownloads().file(`${server.address}/kind`, target())
    server.on('/kind', whole(program))
    await fetchFile('/kind')
    expect(sumOf(readFileSync(target()))).toBe(sha256.sha256)
  })

  test('may have no length', async () => {
    server.on('/kind', (response) => response.writeHead(200).end(program))
    expect(await fetchFile('/kind')).toBe(program.length)
  })

  test('is returned as text', async () => {
    server.on('/sum', whole('abc  kind-linux-amd64 ✓\n'))
    expect(await createDownloads(quick).text(`${server.address}/sum`)).toBe('abc  kind-linux-amd64 ✓\n')
  })

  test('is told while it comes, not with every part', async () => {
    server.on('/kind', (response) => {
      response.writeHead(200, { 'content-length': 100 })
      let sent = 0
      const timer = setInterval(() => {
        response.write('x')
        if (++sent === 100) clearInterval(timer)
      }, 4)
    })
    const told: [number, number | undefined][] = []
    const options = { sha256: { ...sha256, sha256: sumOf(Buffer.alloc(100, 'x')) } }
    const onProgress = (bytes: number, total?: number) => void told.push([bytes, total])
    await fetchFile('/kind', { ...options, onProgress }, { progressSeconds: 0.1 })
    expect(told.length).toBeGreaterThanOrEqual(2)
    expect(told.length).toBeLessThanOrEqual(15)
    expect(told.every(([bytes, total]) => bytes > 0 && bytes <= 100 && total === 100)).toBe(true)
  })
})

describe('is tried again', () => {
  test.each([
    ['the server fails', plain(500), '500 Internal Server Error'],
    ['the server is busy', plain(503), '503 Service Unavailable'],
    ['the request took too long', plain(408), '408 Request Timeout'],
    ['too many ask', plain(429), '429 Too Many Requests'],
    ['it is cut off', cut(program, 100_000), 'cut off after N kB of 300.0 kB'],
    ['the connection breaks', (response: { destroy: () => unknown }) => void response.destroy(), 'socket hang up'],
    ['it stalls', stalled(program, 100_000), 'no bytes for 0.3 s'],
    ['nothing answers', dead, 'no answer for 0.3 s'],
  ])('when %s', async (_, bad, reason) => {
    server.on('/kind', inTurn(bad, whole(program)))
    const reasons: string[] = []
    await fetchFile('/kind', { onRetry: (why) => reasons.push(anyAmount(why)) })
    expect(reasons).toEqual([reason])
    expect(sumOf(readFileSync(target()))).toBe(sha256.sha256)
    expect(readdirSync(directory)).toEqual(['kind'])
  })

  test('with longer and longer pauses', async () => {
    server.on('/kind', plain(500))
    await refusal(fetchFile('/kind', {}, { pauseSeconds: 0.1, tries: 4 }))
    const [first = 0, second = 0, third = 0, fourth = 0, ...more] = server.requests.map(({ at }) => at)
    expect(more).toEqual([])
    expect(second - first).toBeGreaterThan(90)
    expect(third - second).toBeGreaterThan(190)
    expect(fourth - third).toBeGreaterThan(390)
  })

  test.each([
    ['seconds', () => '1'],
    // a date has whole seconds, so between 1 and 2 of them are left
    ['a date', () => new Date(Date.now() + 2000).toUTCString()],
  ])('not before the server wants it, told as %s', async (_, retryAfter) => {
    server.on(
      '/kind',
      inTurn((response) => response.writeHead(429, { 'retry-after': retryAfter() }).end(), whole(program)),
    )
    await fetchFile('/kind')
    const [first = 0, second = 0] = server.requests.map(({ at }) => at)
    expect(second - first).toBeGreaterThan(950)
  })

  test('not when the server wants that too late', async () => {
    server.on('/kind', plain(503, { 'retry-after': '3600' }))
    expect(await refusal(fetchFile('/kind'))).toBe(
      'http://server/kind: 503 Service Unavailable, to be asked again in 3600 s (tried once); put kind on the PATH',
    )
  })
})

describe('is refused', () => {
  test.each([
    ['what is not there', plain(404), '404 Not Found (tried once)'],
    ['what is forbidden', plain(403), '403 Forbidden (tried once)'],
    ['what wants a login', plain(401, { 'www-authenticate': 'Basic' }), '401 Unauthorized (tried once)'],
    ['a failing server', plain(502), '502 Bad Gateway (tried 3 times)'],
    ['what is always cut off', cut(program, 200_000), 'cut off after N kB of 300.0 kB (tried 3 times)'],
    [
      'what was tampered with',
      whole(Buffer.from(program).fill('!', 1000, 1001)),
      `has SHA-256 ${sumOf(Buffer.from(program).fill('!', 1000, 1001))}, expected ${sha256.sha256} ` +
        '(seen in somewhere/public checksums.yml) (tried once)',
    ],
    ['a redirect to nowhere', plain(302), '302 Found (tried once)'],
    ['a redirect to itself', plain(302, { location: '/kind' }), 'more than 5 redirects (tried once)'],
    [
      'a redirect to no web address',
      plain(302, { location: 'file:///etc/passwd' }),
      'redirects to what is no address (tried once)',
    ],
  ])('%s', async (_, answer, reason) => {
    server.on('/kind', answer)
    expect(await refusal(fetchFile('/kind'))).toBe(`http://server/kind: ${reason}; put kind on the PATH`)
  })

  test('what drips and then stops', async () => {
    server.on('/kind', (response) => {
      response.writeHead(200, { 'content-length': program.length })
      let sent = 0
      const timer = setInterval(() => {
        response.write('x')
        if (++sent === 10) clearInterval(timer)
      }, 50)
    })
    const started = performance.now()
    expect(await refusal(fetchFile('/kind', {}, { tries: 1 }))).toMatch(/: no bytes for 0.3 s \(tried once\)/)
    // every drop gives it more time
    expect(performance.now() - started).toBeGreaterThan(700)
  })

  test('what takes too long, although it comes', async () => {
    server.on('/kind', (response) => {
      response.writeHead(200, { 'content-length': program.length })
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => {
        clearInterval(timer)
      })
    })
    const started = performance.now()
    expect(await refusal(fetchFile('/kind', {}, { totalSeconds: 1 }))).toBe(
      'http://server/kind: not there after 1 s (tried once); put kind on the PATH',
    )
    expect(performance.now() - started).toBeLessThan(3000)
  })

  test('what says it is too large, before it comes', async () => {
    server.on('/kind', stalled(program, 10))
    expect(await refusal(fetchFile('/kind', {}, { fileBytes: 200_000 }))).toMatch(
      /: is larger than the 200.0 kB that are taken \(tried once\)/,
    )
  })

  test('what becomes too large', async () => {
    server.on('/kind', (response) => response.writeHead(200).end(program))
    expect(await refusal(fetchFile('/kind', {}, { fileBytes: 200_000 }))).toMatch(/larger than the 200.0 kB/)
    const text = createDownloads({ ...quick, textBytes: 1000 }).text(`${server.address}/kind`)
    expect(await refusal(text)).toMatch(/larger than the 1.0 kB.* \(tried once\); try again later$/)
  })

  test('a server that is not there', async () => {
    const gone = await LoopbackServer.start()
    const { address } = gone
    await gone.close()
    const download = createDownloads(quick).file(`${address}/kind`, target())
    expect(await refusal(download)).toBe(
      `${address}/kind: connect ECONNREFUSED ${address.slice(7)} (tried 3 times); try again later`,
    )
  })

  test('a server without TLS where there should be, at once', async () => {
    const address = server.address.replace('http:', 'https:')
    const message = await refusal(createDownloads(quick).file(`${address}/kind`, target()))
    expect(message).toMatch(/\/kind: .*(SSL|TLS|wrong version).* \(tried once\)/s)
  })

  test('with the disk as the reason where it is the disk', async () => {
    server.on('/kind', whole(program))
    const download = createDownloads(quick).file(`${server.address}/kind`, join(directory, 'missing/kind'))
    await expect(download).rejects.toThrow(/\/missing\/kind: no such file or directory \(ENOENT\)$/)
    expect(server.requests).toHaveLength(1)
  })
})

describe('redirects', () => {
  test('are followed, whole addresses and paths alike', async () => {
    const cdn = await LoopbackServer.start()
    server.on('/kind', plain(302, { location: '/moved' }))
    server.on('/moved', plain(307, { location: `${cdn.address}/signed?token=s3cret` }))
    cdn.on('/signed?token=s3cret', whole(program))
    try {
      await fetchFile('/kind')
      expect(sumOf(readFileSync(target()))).toBe(sha256.sha256)
      cdn.on('/signed?token=s3cret', plain(403))
      rmSync(target())
      expect(await refusal(fetchFile('/kind'))).toBe(
        `http://server/kind: 403 Forbidden from ${cdn.address.slice(7)} (tried once); put kind on the PATH`,
      )
    } finally {
      await cdn.close()
    }
  })

  test('do not take a login to another server, nor into messages', async () => {
    const cdn = await LoopbackServer.start()
    server.on('/kind', plain(302, { location: `${cdn.address}/kind` }))
    const address = server.address.replace('//', '//me:p%40ss@')
    try {
      const message = await refusal(createDownloads(quick).file(`${address}/kind?key=s3cret`, target()))
      expect(message).toMatch(/^http:\/\/\*\*\*@127\.0\.0\.1:\d+\/kind\?\*\*\*: 404/)
      server.on('/kind?key=s3cret', plain(302, { location: `${cdn.address}/kind` }))
      await refusal(createDownloads(quick).file(`${address}/kind?key=s3cret`, target()))
      const login = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([login, login])
      expect(cdn.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
    } finally {
      await cdn.close()
    }
  })
})

test('a redirect may lead to TLS, and never away from it', () => {
  const http = new URL('http://mirror.example.com/kind')
  const https = new URL('https://mirror.example.com/kind')
  expect(redirected(http, 'https://cdn.example.com/kind').href).toBe('https://cdn.example.com/kind')
  expect(redirected(https, '/moved').href).toBe('https://mirror.example.com/moved')
  expect(() => redirected(https, 'http://cdn.example.com/kind?token=s3cret')).toThrow(
    /^redirects from https to http \(http:\/\/cdn\.example\.com\)$/,
  )
})

describe('being stopped', () => {
  test.each([
    ['before the answer', dead, []],
    ['while it comes', stalled(program, 10), []],
    ['in the pause', plain(503, { 'retry-after': '50' }), ['503 Service Unavailable']],
  ])('ends it %s, with the reason given', async (_, answer, reasons) => {
    server.on('/kind', answer)
    const stop = new AbortController()
    const downloads = createDownloads({ ...quick, stallSeconds: 20 }).until(stop.signal)
    const started = performance.now()
    const told: string[] = []
    const onRetry = (reason: string) => told.push(reason)
    const download = downloads.file(`${server.address}/kind`, target(), { sha256, onRetry })
    setTimeout(() => {
      stop.abort(new CancelledError('SIGINT'))
    }, 200)
    await expect(download).rejects.toThrow(new CancelledError('SIGINT'))
    expect(performance.now() - started).toBeLessThan(2000)
    expect(readdirSync(directory)).toEqual([])
    expect(told).toEqual(reasons)
  })

  test('keeps it from beginning', async () => {
    const downloads = createDownloads(quick).until(AbortSignal.abort(new CancelledError('SIGHUP')))
    await expect(downloads.text(`${server.address}/kind`)).rejects.toThrow(new CancelledError('SIGHUP'))
    expect(server.requests).toEqual([])
  })
})

test('the proxy of the environment is used', async () => {
  server.on('/kind', whole(program))
  const asked: string[] = []
  const proxy = createServer((client) => {
    client.once('data', (head) => {
      asked.push(head.toString().split('\r\n')[0] ?? '')
      const { port, hostname } = new URL(server.address)
      const upstream = connect(Number(port), hostname, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        client.pipe(upstream).pipe(client)
      })
      for (const socket of [client, upstream]) socket.on('error', () => undefined)
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  process.env['http_proxy'] = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`
  try {
    await createDownloads(quick).file('http://mirror.invalid/kind', target(), { sha256 })
    expect(asked).toEqual(['CONNECT mirror.invalid:80 HTTP/1.1'])
    expect(sumOf(readFileSync(target()))).toBe(sha256.sha256)
  } finally {
    delete process.env['http_proxy']
    await new Promise((resolve) => proxy.close(resolve))
  }
})
