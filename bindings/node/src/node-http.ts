// From and to the requests and responses of Node's own `http`, which Express and Fastify hand on.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { BODY_MAX, type Gate } from './gate'
import type { Answer, PortalRequest } from './portal'

/** `url`: as it was sent; a framework may have cut its own. */
export function requestOf({ method, rawHeaders }: IncomingMessage, url: string): PortalRequest {
  return { method: method ?? '', path: url.replace(/[?#].*$/s, ''), headers: rawHeaders }
}

/** The answer of the portal's routes; `null` for the application's, of which nothing was read. */
export async function answered(gate: Gate, message: IncomingMessage, url: string): Promise<Answer | null> {
  const request = requestOf(message, url)
  if (!gate.isOurs(request)) return null
  // Whoever gets sends no body that matters.
  const body = message.method === 'POST' ? await bodyOf(message) : undefined
  return gate.answer({ ...request, body })
}

/** The body, or so much of it that it is too long. */
async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  if (message.readableEnded) throw new Error('portward: the body was read before; serve the portal before body parsers')
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer)
    length += (chunk as Buffer).length
    if (length >= BODY_MAX) break
  }
  message.resume()
  return Buffer.concat(chunks)
}

export function send(response: ServerResponse, answer: Answer): void {
  // The application has answered meanwhile, as one whose time was over.
  if (response.headersSent) return
  const lines = new Map<string, string[]>()
  for (const [name, value] of answer.headers) lines.set(name, [...(lines.get(name) ?? []), value])
  response.statusCode = answer.status
  for (const [name, values] of lines) response.setHeader(name, values.length === 1 ? values[0]! : values)
  // Node leaves the body out where the method is HEAD.
  response.end(answer.body)
}
