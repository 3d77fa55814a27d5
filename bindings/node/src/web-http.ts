// From and to the requests and responses of the web.

import { wrongType } from './arguments'
import { keptApart } from './caches'
import { BODY_MAX } from './gate'
import { ownWhole } from './own'
import type { Answer, PortalRequest } from './portal'

/** @internal */
export function requestOf(request: Request): PortalRequest {
  // Of whatever realm or framework: what makes it one is what is read of it.
  const isOne = typeof request?.url === 'string' && typeof request.method === 'string' && typeof request.headers?.[Symbol.iterator] === 'function'
  if (!isOne) throw wrongType('request', 'a Request', request)
  return { method: request.method, path: new URL(request.url).pathname, headers: [...request.headers].flat(), body: undefined }
}

/** @internal The body, or so much of it that it is too long. */
export async function bodyOf(request: Request): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (request.body === null) return Buffer.alloc(0)
  // Leaving the loop cancels the rest.
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= BODY_MAX) break
  }
  return ownWhole(chunks)
}

/** @internal */
export function responseOf(request: Request, { status, headers, body }: Answer): Response {
  const empty = request.method === 'HEAD' || body === ''
  return new Response(empty ? null : body, { status, headers: headers.map(([name, value]): [string, string] => [name, value]) })
}

/** Header lines. */
type Lines = readonly (readonly [name: string, value: string])[]

/** @internal In place of what was said, but for cookies, which are said beside others. */
export function say(headers: Headers, lines: Lines): void {
  const cookies = new Set(headers.getSetCookie())
  for (const [name, value] of lines) {
    if (name.toLowerCase() !== 'set-cookie') headers.set(name, value)
    else if (!cookies.has(value)) headers.append(name, value)
  }
}

/** @internal The same answer with these headers. Those of what was fetched cannot be changed. */
export function saying(response: Response, lines: Lines): Response {
  const { status, statusText } = response
  // An upgrade and an error of the network are no answers to be kept.
  if (status < 200) return response
  const headers = new Headers(response.headers)
  say(headers, lines)
  return new Response(response.body, { status, statusText, headers })
}

/** @internal The same answer, which no cache gives to another client. */
export function apart(response: Response): Response {
  return saying(response, linesApart(response.headers))
}

/** @internal The same of headers of which no answer is made yet. */
export function sayApart(headers: Headers): void {
  say(headers, linesApart(headers))
}

function linesApart(headers: Headers): Lines {
  return Object.entries(keptApart(headers.get('cache-control'), headers.get('vary')))
}

/** Of every refusal, and of hardly anything that an application answers. */
const MARKS = ['content-type', 'x-robots-tag']

/** @internal The same answer to who was refused, which no cache keeps. If it is ours it says what it says; a page of the application's own is of another type. */
export function refusing(response: Response, { headers }: Answer): Response {
  const of = (names: string[]) => headers.filter(([name]) => names.includes(name.toLowerCase()))
  const isOurs = of(MARKS).every(([name, value]) => response.headers.get(name) === value)
  return saying(response, isOurs ? headers : of(['cache-control']))
}
