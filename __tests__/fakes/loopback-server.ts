import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** @param nth how many requests for that path came before */
export type Answer = (response: ServerResponse, nth: number, request: IncomingMessage) => void

/** A real HTTP server on loopback that answers by path, and keeps what it was asked for. */
export class LoopbackServer {
  readonly requests: { readonly path: string; readonly at: number; readonly headers: IncomingMessage['headers'] }[] = []
  readonly #server = createServer((request, response) => {
    const path = request.url ?? ''
    const nth = this.paths(path).length
    this.requests.push({ path, at: performance.now(), headers: request.headers })
    const answer = this.#answers.get(path) ?? plain(404)
    answer(response, nth, request)
  })
  readonly #answers = new Map<string, Answer>()

  static async start(): Promise<LoopbackServer> {
    const server = new LoopbackServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get address(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`
  }

  on(path: string, answer: Answer): this {
    this.#answers.set(path, answer)
    return this
  }

  /** The requests for a path. */
  paths(path: string): string[] {
    return this.requests.filter((request) => request.path === path).map((request) => request.path)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export function plain(status: number, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(status, headers).end(`status ${String(status)}\n`)
}

export function whole(content: string | Buffer): Answer {
  return (response) => response.writeHead(200, { 'content-length': Buffer.byteLength(content) }).end(content)
}

/** Promises all of it, sends a part, and ends the connection. */
export function cut(content: string | Buffer, after: number): Answer {
  return (response) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(content) })
    response.write(Buffer.from(content).subarray(0, after), () => response.socket?.end())
  }
}

/** Promises all of it, sends a part, and says nothing more. */
export function stalled(content: string | Buffer, after: number): Answer {
  return (response) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(content) })
    response.write(Buffer.from(content).subarray(0, after))
  }
}

/** Takes the request and never answers. */
export const dead: Answer = () => undefined

/** One answer after the other; the last one stays. */
export function inTurn(...answers: Answer[]): Answer {
  return (response, nth, request) => answers[Math.min(nth, answers.length - 1)]?.(response, nth, request)
}
