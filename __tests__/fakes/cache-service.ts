import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** The cache service of GitHub Actions (first protocol), as far as @actions/cache talks to it; archives lie on disk. */
export class CacheService {
  readonly entries: { readonly id: number; readonly key: string; readonly version: string; committed: boolean }[] = []
  /** What it answers instead of doing its work, by method and path. */
  fault: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  readonly #server = createServer((request, response) => {
    if (this.fault?.(request, response) === true) return
    this.#answer(request, response).catch((error: unknown) => {
      // a client that goes away while it is sent to has its headers
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end(String(error))
    })
  })

  private constructor(private readonly directory: string) {}

  static async start(): Promise<CacheService> {
    const service = new CacheService(await mkdtemp(join(tmpdir(), 'cache-service-')))
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve))
    return service
  }

  /** As `ACTIONS_CACHE_URL` names it. */
  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/`
  }

  archive(id: number): string {
    return join(this.directory, String(id))
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.directory, { recursive: true })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url)
    const [, id] = /\/caches\/(\d+)$/.exec(url.pathname) ?? []
    if (url.pathname.startsWith('/archive/')) {
      const file = this.archive(Number(url.pathname.slice(9)))
      response.writeHead(200, { 'content-length': (await stat(file)).size })
      await pipeline(createReadStream(file), response)
    } else if (request.method === 'GET') {
      const wanted = url.searchParams.get('keys')?.split(',') ?? []
      const version = url.searchParams.get('version')
      const found = this.entries.findLast(
        (entry) => entry.committed && entry.version === version && wanted.some((key) => entry.key.startsWith(key)),
      )
      if (found === undefined) response.writeHead(204).end()
      else json(response, { cacheKey: found.key, archiveLocation: `${this.url}archive/${String(found.id)}` })
    } else if (request.method === 'PATCH') {
      const [, start = '0'] = /^bytes (\d+)-/.exec(request.headers['content-range'] ?? '') ?? []
      await (await open(this.archive(Number(id)), 'a')).close()
      await pipeline(request, createWriteStream(this.archive(Number(id)), { flags: 'r+', start: Number(start) }))
      response.writeHead(204).end()
    } else if (id !== undefined) {
      const entry = this.entries.find((each) => each.id === Number(id))
      if (entry !== undefined) entry.committed = true
      request.resume()
      response.writeHead(204).end()
    } else {
      const { key, version } = JSON.parse(await textOf(request)) as { key: string; version: string }
      if (this.entries.some((entry) => entry.key === key && entry.version === version)) {
        response.writeHead(409).end('{"message":"it is there"}')
        return
      }
      this.entries.push({ id: this.entries.length + 1, key, version, committed: false })
      json(response, { cacheId: this.entries.length })
    }
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString()
  return text
}
