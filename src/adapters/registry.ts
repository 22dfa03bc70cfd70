import { HttpClient } from '@actions/http-client'
import { createHash, randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import * as z from 'zod'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonOf } from '../model/json-of.js'
import { manifestTypes, parseImageDocument, type ImageDocument, type Part } from '../plan/image-manifest.js'
import { hostOf, isLoopback, isPrivateAddress, type Repository } from '../plan/image-reference.js'
import type { ImageSource, Registry, ServedImage, Transfer } from '../ports.js'
import { onFile } from './file-errors.js'
import { readText } from './read-text.js'

/** An answer that is not what was asked for. */
class RegistryError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
    this.name = 'RegistryError'
  }
}

/** Longest time without a byte. */
const silenceMilliseconds = 30_000
/** Longest time for a file to get its name once it is whole. */
const settleMilliseconds = 500
/** Documents are some kilobytes; registries refuse more than 4 MB too. */
const mostDocumentBytes = 4_000_000

/** Images in their registries, asked for without credentials (OCI distribution specification). */
export function createRegistry(): Registry {
  const client = createClient()
  return {
    async digestOf(repository, tag) {
      const response = await client.get(repository, `manifests/${tag}`)
      return sha256(await readDocument(response))
    },
    isNear,
    serve: (source, directory, onProgress) => serve(new Image(client, source, directory, onProgress)),
    complete: (source, directory, where, signal) =>
      new Image(client, source, directory, () => undefined, signal).complete(where),
  }
}

/** Whether all addresses of a registry are on this machine or in private networks. */
async function isNear(registry: string): Promise<boolean> {
  try {
    const addresses = await lookup(hostOf(registry), { all: true })
    return addresses.length > 0 && addresses.every(({ address }) => isPrivateAddress(address))
  } catch {
    // its name is for a proxy to resolve: far
    return false
  }
}

type Client = ReturnType<typeof createClient>

/** Reads from registries, with the anonymous token that some want. */
function createClient() {
  const http = new HttpClient('kind-flat-network', [], {
    socketTimeout: silenceMilliseconds,
    maxRedirects: 5,
    allowRedirectDowngrade: false,
  })
  const tokens = new Map<string, string>()
  return {
    async get({ registry, repository }: Repository, path: string): Promise<IncomingMessage> {
      const url = `${baseOf(registry)}/v2/${repository}/${path}`
      const ask = async () => {
        const token = tokens.get(`${registry}/${repository}`)
        const { message } = await http.get(url, {
          accept: manifestTypes.join(', '),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        })
        message.setTimeout(silenceMilliseconds, () => {
          message.destroy(new Error(`no bytes from ${registry} for ${String(silenceMilliseconds / 1000)} s`))
        })
        return message
      }
      let response = await ask()
      if (response.statusCode === 401) {
        response.resume()
        tokens.set(`${registry}/${repository}`, await askToken(http, response.headers['www-authenticate'], repository))
        response = await ask()
      }
      if (response.statusCode === 200) return response
      response.resume()
      const { statusCode = 0, statusMessage = '' } = response
      throw new RegistryError(statusCode, `${url}: ${String(statusCode)} ${statusMessage}`.trim())
    },
  }
}

function baseOf(registry: string): string {
  if (registry === 'docker.io') return 'https://registry-1.docker.io'
  return `${isLoopback(hostOf(registry)) ? 'http' : 'https'}://${registry}`
}

/** A token for everybody who asks (`docs/spec/auth/token` of the distribution project). */
async function askToken(http: HttpClient, challenge: string | undefined, repository: string): Promise<string> {
  const fields = new Map(
    [...(challenge ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  )
  const realm = fields.get('realm') ?? ''
  const url = URL.canParse(realm) ? new URL(realm) : undefined
  if (!/^bearer /i.test(challenge ?? '') || url === undefined) throw new RegistryError(401, 'it wants a login')
  if (url.protocol !== 'https:' && !isLoopback(hostOf(url.host))) throw new RegistryError(401, 'its login is not https')
  const service = fields.get('service')
  if (service !== undefined) url.searchParams.set('service', service)
  url.searchParams.set('scope', fields.get('scope') ?? `repository:${repository}:pull`)
  const response = await http.get(url.href)
  if (response.message.statusCode !== 200) {
    response.message.resume()
    throw new RegistryError(401, `it gives no token: ${url.host} said ${String(response.message.statusCode)}`)
  }
  const found = tokenIn(await readDocument(response.message))
  if (found === undefined) throw new RegistryError(401, `${url.host} gave no token`)
  return found
}

const tokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() })

function tokenIn(text: string): string | undefined {
  const { token, access_token: accessToken } = tokenAnswer.safeParse(jsonOf(text)).data ?? {}
  return token ?? accessToken
}

async function readDocument(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostDocumentBytes) throw new Error(`a document of more than ${String(mostDocumentBytes)} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** One image: a directory with a file for each of its parts, named by digest, and the registry that has the others. */
class Image {
  /** Nothing else is fetched or served: the image's own digest, and what its documents name. */
  readonly known: Set<string>
  readonly #keeping = new Set<Promise<void>>()
  #active = 0
  #since = 0
  #bytes = 0
  #milliseconds = 0

  constructor(
    private readonly client: Client,
    private readonly source: ImageSource,
    private readonly directory: string,
    private readonly onProgress: (transfer: Transfer) => void,
    private readonly signal?: AbortSignal,
  ) {
    this.known = new Set([source.digest])
  }

  transferred(): Transfer {
    const running = this.#active > 0 ? performance.now() - this.#since : 0
    return { bytes: this.#bytes, seconds: (this.#milliseconds + running) / 1000 }
  }

  fileOf(digest: string): string {
    return join(this.directory, digest.replace(':', '-'))
  }

  /** An index or a manifest; what it names may be asked for from then on. */
  async document(digest: string): Promise<{ text: string; content: ImageDocument }> {
    const kept = await readText(this.fileOf(digest), { mostBytes: mostDocumentBytes }).catch(() => undefined)
    const text = kept !== undefined && sha256(kept) === digest ? kept : await this.#fetchDocument(digest)
    const content = parseImageDocument(text)
    for (const part of content.parts) this.known.add(part.digest)
    return { text, content }
  }

  async #fetchDocument(digest: string): Promise<string> {
    await this.#fetch(digest, `manifests/${digest}`)
    return readText(this.fileOf(digest), { mostBytes: mostDocumentBytes })
  }

  /** Bytes of a part that is there already. */
  async kept(digest: string): Promise<number | undefined> {
    const found = await stat(this.fileOf(digest)).catch(() => undefined)
    return found?.isFile() === true ? found.size : undefined
  }

  fetchBlob(digest: string, to?: ServerResponse): Promise<void> {
    return this.#fetch(digest, `blobs/${digest}`, to)
  }

  async #fetch(digest: string, path: string, to?: ServerResponse): Promise<void> {
    if (!this.source.online) throw new Error(`${digest} is missing, or not whole`)
    this.signal?.throwIfAborted()
    if (this.#active++ === 0) this.#since = performance.now()
    try {
      const response = await this.client.get(this.source, path)
      const keeping = this.#keep(digest, response, to)
      this.#keeping.add(keeping)
      await keeping.finally(() => this.#keeping.delete(keeping))
    } finally {
      if (--this.#active === 0) this.#milliseconds += performance.now() - this.#since
    }
  }

  /** Writes a part into its file, and to whoever waits for it. A file has its name only when it is whole and right. */
  async #keep(digest: string, response: IncomingMessage, to?: ServerResponse): Promise<void> {
    const temporary = `${this.fileOf(digest)}.${randomUUID()}`
    const file = await onFile(temporary, () => open(temporary, 'w', 0o600))
    const hash = createHash('sha256')
    const write = async function* (this: Image, chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        this.#bytes += chunk.length
        hash.update(chunk)
        await onFile(temporary, () => file.writeFile(chunk))
        this.onProgress(this.transferred())
        yield chunk
      }
      if (`sha256:${hash.digest('hex')}` !== digest) throw new Error(`${digest} came with other bytes`)
    }.bind(this)
    try {
      const length = response.headers['content-length']
      to?.writeHead(200, { ...blobHeaders(digest), ...(length !== undefined && { 'content-length': length }) })
      if (to === undefined) await pipeline(response, write, drain, { ...(this.signal && { signal: this.signal }) })
      else await pipeline(response, write, to as Writable)
      await onFile(this.fileOf(digest), async () => {
        await file.close()
        await rename(temporary, this.fileOf(digest))
      })
    } catch (error) {
      await file.close()
      await rm(temporary, { force: true })
      throw error
    }
  }

  /** Nothing is being written any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#keeping)
  }

  /** Makes sure that all parts for a platform are there, in their right sizes; returns their bytes. */
  async complete(platform: string): Promise<number> {
    let document = (await this.document(this.source.digest)).content
    if (document.manifestOf !== undefined) {
      const manifest = document.manifestOf(platform)
      if (manifest === undefined) throw new Error(`the image is not made for ${platform}`)
      document = (await this.document(manifest)).content
    }
    for (const { digest, size } of document.parts) {
      if ((await this.kept(digest)) !== size) await this.fetchBlob(digest)
    }
    return sum(document.parts)
  }
}

async function drain(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) void chunk
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, { size }) => total + size, 0)
}

function blobHeaders(digest: string) {
  return { 'content-type': 'application/octet-stream', 'docker-content-digest': digest }
}

/** A registry on loopback with that one image in it. */
async function serve(image: Image): Promise<ServedImage> {
  const server = createServer((request, response) => {
    answer(image, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else response.writeHead(error instanceof RegistryError ? error.status : 502).end()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    transferred: () => image.transferred(),
    async close() {
      // Docker may have the last byte before its file has its name
      await Promise.race([image.settled(), sleep(settleMilliseconds, undefined, { ref: false })])
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await image.settled()
    },
  }
}

async function answer(image: Image, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '' } = request
  const [, kind, digest = ''] = /^\/v2\/.+\/(manifests|blobs)\/(sha256:[0-9a-f]{64})$/.exec(url) ?? []
  if (!['GET', 'HEAD'].includes(method)) {
    response.writeHead(405).end()
  } else if (url === '/v2/') {
    response.writeHead(200, { 'docker-distribution-api-version': 'registry/2.0' }).end()
  } else if (!image.known.has(digest)) {
    response.writeHead(404).end()
  } else if (kind === 'manifests') {
    const { text, content } = await image.document(digest)
    const headers = { 'content-type': content.mediaType, 'content-length': Buffer.byteLength(text) }
    response.writeHead(200, { ...headers, 'docker-content-digest': digest }).end(method === 'HEAD' ? undefined : text)
  } else {
    await answerBlob(image, digest, method, response)
  }
}

async function answerBlob(image: Image, digest: string, method: string, response: ServerResponse): Promise<void> {
  const size = await image.kept(digest)
  if (size === undefined && method === 'GET') return image.fetchBlob(digest, response)
  if (size === undefined) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { ...blobHeaders(digest), 'content-length': size })
  if (method === 'HEAD') response.end()
  else await pipeline(createReadStream(image.fileOf(digest)), response)
}
