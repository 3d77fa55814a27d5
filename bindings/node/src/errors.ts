// What can go wrong. Every error has a stable `code`, the same in every language.

import { types } from 'node:util'

/** What whoever sent a token or a request may be told. */
export type PublicAnswer = 'damaged' | 'refused' | 'unavailable'

/** Base of all. */
export class PortwardError extends Error {
  /** Stable, in snake case. */
  readonly code: string
  /** What whoever sent the token or the request may be told. */
  readonly public: PublicAnswer
  /** The token's id, once the token was authentic. */
  readonly tokenId: string | null

  /** `answer`: its `public`. Throws nothing. */
  constructor(message: string, code: string, answer: PublicAnswer = 'refused', tokenId: string | null = null) {
    const texts = { message, code, answer, ...(tokenId === null ? {} : { tokenId }) }
    for (const [name, value] of Object.entries(texts)) if (typeof value !== 'string') throw new TypeError(`${name}: a string is wanted, not ${typeof value}`)
    super(message)
    this.code = code
    this.public = answer
    this.tokenId = tokenId
  }
}

/** What came from outside is bad: refuse the request. */
export class InputError extends PortwardError {}

/** A token, or a request for one, is refused. Tell the public no more than `public`. */
export class Refused extends InputError {}

/** An encrypted object does not open. */
export class Unreadable extends InputError {}

/** The calling code gave a wrong value: mend it. */
export class InvalidValue extends PortwardError {}

/** The surroundings failed: try again, or call an operator. */
export class Unavailable extends PortwardError {}

// As errors of JavaScript have them: who wraps an error may write it.
for (const type of [PortwardError, InputError, Refused, Unreadable, InvalidValue, Unavailable]) {
  Object.defineProperty(type.prototype, 'name', { value: type.name, writable: true, configurable: true })
}

const KINDS: Record<string, typeof PortwardError> = {
  refused: Refused,
  unreadable: Unreadable,
  invalid: InvalidValue,
  unavailable: Unavailable,
}

/** From the text that the native part tells of an error: `!`, then kind, code, public answer, token id and message, a line each. */
export function told(text: string): PortwardError {
  const [kind, code, answer, tokenId, ...message] = text.slice(1).split('\n')
  const type = KINDS[kind ?? '']
  if (type === undefined || code === undefined) return internal(text)
  return new type(message.join('\n'), code, answer as PublicAnswer, tokenId === '' ? null : (tokenId ?? null))
}

/** From whatever the native part threw. A panic, for instance, is a mistake of ours. */
export function errorOf(error: unknown): unknown {
  // Of whatever realm: what runs tests, or a sandbox, has classes of its own, and what is native makes errors of Node's.
  if (!types.isNativeError(error) || error instanceof PortwardError) return error
  return error.message.startsWith('!') ? told(error.message) : internal(error.message, error)
}

/**
 * @internal What was thrown, as an error. Nothing, or a text, is none to those who are told of it: by `next(undefined)` and `next('route')` of Express
 * the next handler is run.
 */
export function failure(thrown: unknown): Error {
  if (types.isNativeError(thrown) || thrown instanceof Error) return thrown
  return new Error(`what was thrown is no error, but of type ${thrown === null ? 'null' : typeof thrown}`, { cause: thrown })
}

function internal(text: string, cause?: unknown): PortwardError {
  const error = new PortwardError(`a mistake in portward, please report it: ${text}`, 'internal', 'unavailable')
  error.cause = cause
  return error
}
