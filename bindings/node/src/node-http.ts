// From and to the requests and responses of Node's own `http`, which Express and Fastify hand on.

import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { keptApart } from './caches'
import { BODY_MAX, type Gate } from './gate'
import { ownWhole } from './own'
import type { Answer, PortalRequest } from './portal'

/** @internal `url`: as it was sent; a framework may have cut its own. */
export function requestOf({ method, rawHeaders }: IncomingMessage, url: string): PortalRequest {
  return { method: method ?? '', path: url.replace(/[?#].*$/s, ''), headers: rawHeaders, body: undefined }
}

/** @internal The answer of the portal's routes; `null` for the application's, of which nothing was read. */
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
  return ownWhole(chunks)
}

/** @internal */
export function send(response: ServerResponse, answer: Answer): void {
  // The application has answered meanwhile, as one whose time was over.
  if (response.headersSent) return
  response.statusCode = answer.status
  setLines(response, answer.headers)
  // Node leaves the body out where the method is HEAD.
  response.end(answer.body)
}

/** @internal The answer of a guard. Where somebody has begun another one nobody is going to end that: whoever waits for it is cut off. */
export function refuse(response: ServerResponse, answer: Answer): void {
  if (!response.headersSent) send(response, answer)
  else if (!response.writableEnded) response.destroy()
}

/** @internal No cache gives this answer to another client. Seen to when its head is written: what the application has said by then is believed. */
export function keepApart(response: ServerResponse): void {
  const text = (name: string) => [response.getHeader(name) ?? []].flat().join(', ')
  atHead(response, () => Object.entries(keptApart(text('cache-control'), text('vary'))))
}

/** Of the body that is sent, which may be another one by then, and of what the application says beside it. */
const NOT_KEPT = ['content-type', 'set-cookie']

/** @internal An answer of ours says what it says, whatever a hook of the application says of every answer. */
export function keepSaying(response: ServerResponse, { headers }: Answer): void {
  const kept = headers.filter(([name]) => !NOT_KEPT.includes(name.toLowerCase()))
  atHead(response, () => kept)
}

/** Has the last word when the head is written. */
function atHead(response: ServerResponse, lines: () => readonly Line[]): void {
  const writeHead = response.writeHead
  response.writeHead = ((status: number, reason?: string | Told, headers?: Told) => {
    const [told, message] = typeof reason === 'string' ? [headers, [reason]] : [headers ?? reason, []]
    // Node prefers these to what was set: so they are set.
    setLines(response, linesOf(told ?? {}))
    setLines(response, lines())
    return Reflect.apply(writeHead, response, [status, ...message])
  }) as typeof writeHead
}

type Value = OutgoingHttpHeader | undefined
type Line = readonly [name: string, value: Value]
/** As `writeHead` takes them: an object, or a list of names and values, by pairs or not. */
type Told = OutgoingHttpHeaders | readonly Value[] | readonly Line[]

function linesOf(told: Told): readonly Line[] {
  if (!Array.isArray(told)) return Object.entries(told as OutgoingHttpHeaders)
  if (Array.isArray(told[0])) return told as Line[]
  return Array.from({ length: told.length / 2 }, (_, at): Line => [String(told[2 * at]), told[2 * at + 1] as Value])
}

/** In place of what was set of the same names. */
function setLines(response: ServerResponse, lines: readonly Line[]): void {
  const all = new Map<string, (string | number | undefined)[]>()
  for (const [name, value] of lines) all.set(name.toLowerCase(), [...(all.get(name.toLowerCase()) ?? []), ...[value].flat()])
  for (const [name, values] of all) response.setHeader(name, (values.length === 1 ? values[0] : values) as OutgoingHttpHeader)
}
