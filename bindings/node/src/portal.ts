import { flag, maybeBytes, maybeText, maybeTime, options as optionsOf, pairs, text, texts, time, wrongType, type Time } from './arguments'
import type { PublicAnswer } from './errors'
import { checkMade, Handled, hide, made } from './handle'
import { native } from './native'
import type { AnswerRow, Handle, RequestRow } from './native-types'
import { signalOf, Store } from './store'
import { until } from './until'

/** What of a request is looked at. */
export interface PortalRequest {
  /** As it was sent. */
  method: string
  /** As it was sent, not decoded, without the query. */
  path: string
  /** Each header line: name, value, name, value …, as `rawHeaders` of Node. A character of a value is a byte, as Node and the web have them. */
  headers: readonly string[]
  /** The body, or a part of it longer than 4,096 bytes. */
  body?: Uint8Array | undefined
}

/** An answer, to be sent as it is. Where it is printed it does not show headers and body, which may have a session in them. */
export interface Answer extends Omit<AnswerRow, 'headers'> {
  /** Header lines, in this order. */
  readonly headers: readonly (readonly [string, string])[]
}

/** A session that came with a request. Nobody has looked at it. Where it is printed the token is not shown. */
export interface SessionToken {
  readonly token: string
  /** Whether it came in a cookie. */
  readonly inCookie: boolean
}

export interface PortalOptions {
  /** Below which path the routes lie: `/portal`, if nothing is said. */
  path?: string | undefined
  /** What the page says; what is left away is English and plain. */
  page?: PageTexts | undefined
}

/**
 * Texts are escaped. HTML and the style sheet stand in the page as they are, so they must be the application's own. Nothing is loaded from
 * anywhere, and no other script runs.
 */
export interface PageTexts {
  /** The language of the texts, as in HTML's `lang`. */
  readonly language?: string
  /** The title and the heading. */
  readonly title?: string
  /** Above the button. */
  readonly text?: string
  /** On the button. */
  readonly button?: string
  /** While a link is looked at. */
  readonly wait?: string
  /** Where there is no link. */
  readonly missing?: string
  /** Where there is a link that needs a script, and no script runs. */
  readonly no_script?: string
  /** For a link that is not whole. */
  readonly damaged?: string
  /** For a link that is refused. */
  readonly refused?: string
  /** While the store does not answer. */
  readonly unavailable?: string
  /** A style sheet. It must not contain `</style`. */
  readonly style?: string
  /** HTML before the content: a logo as inline SVG, a name. */
  readonly header_html?: string
  /** HTML behind the content: an imprint. */
  readonly footer_html?: string
}

function answerOf({ status, headers, body, reason, tokenId }: AnswerRow): Answer {
  const lines: [string, string][] = []
  for (let at = 0; at < headers.length; at += 2) lines.push([headers[at]!, headers[at + 1]!])
  return answerWith({ status, headers: lines, body }, reason, tokenId)
}

/** @internal The same answer, for this reason. */
export function answerWith({ status, headers, body }: Pick<Answer, 'status' | 'headers' | 'body'>, reason: string | null, tokenId: string | null): Answer {
  return hiding({ status, reason, tokenId }, { headers, body })
}

/** An object that is whole, and shows only this much where it is printed. */
function hiding<A extends object, B extends object>(shown: A, hidden: B): Readonly<A & B> {
  for (const [name, value] of Object.entries(hidden)) hide(shown, name, value)
  return Object.freeze(shown as A & B)
}

/** @internal By what is its own: a `token` in `Object.prototype` would make a session of every refusal. */
export function isSession(came: Answer | SessionToken): came is SessionToken {
  return Object.hasOwn(came, 'token')
}

function requestRow(request: PortalRequest): [RequestRow, body: Uint8Array] {
  if (typeof request !== 'object' || request === null) throw wrongType('request', 'an object', request)
  const { method, path, headers, body } = request
  const row = { method: text('method', method), path: text('path', path), headers: texts('headers', headers) }
  return [row, maybeBytes('body', body) ?? NOTHING]
}

/** The HTTP rules of a portal, for whatever framework: from a request to what is to be done, and from what a store says to an answer. */
export class Portal extends Handled<'Portal'> {
  readonly #handle: Handle<'Portal'>
  /** The path that the routes lie below. */
  readonly path: string

  /**
   * For a host: `https://portal.example`, with its port if it has one, in lower case and without a slash at the end; to try it,
   * `http://localhost:3000`, not `127.0.0.1`. Errors: `InvalidValue` (`origin_malformed`, `path_malformed`, `style_malformed`, `unknown_text`).
   */
  constructor(origin: string, options?: PortalOptions) {
    const { path, page = {} } = optionsOf('options', options, ['path', 'page'])
    const handle = native.portalNew(text('origin', origin), maybeText('path', path), pairs('page', page))
    super(handle)
    this.#handle = handle
    this.path = native.portalPath(handle)
  }

  /**
   * The address of a link; with `fragment`, one whose token no server and no proxy sees, which needs a script. Errors: `InvalidValue`
   * (`text_malformed`).
   */
  linkUrl(token: string, options?: { fragment?: boolean | undefined }): string {
    const { fragment } = optionsOf('options', options, ['fragment'])
    return native.portalLinkUrl(this.#handle, text('token', token), flag('fragment', fragment))
  }

  /**
   * What is to be done about a request: an answer to send, a question to a store, or nothing, for it is the application's. Errors: `InvalidValue`
   * (`text_malformed`); what is wrong otherwise is in the answer.
   */
  read(request: PortalRequest): Answer | Exchange | null {
    const step = native.portalRead(this.#handle, ...requestRow(request))
    if (step.answer !== null) return answerOf(step.answer)
    return step.exchange === null ? null : exchangeOf(step.exchange)
  }

  /**
   * The session of a request to the application; or the refusal to send, which has a `status`: ask with `Object.hasOwn`, not with `in`. Errors:
   * `InvalidValue` (`text_malformed`).
   */
  session(request: PortalRequest): Answer | SessionToken {
    const { answer, session, inCookie } = native.portalSession(this.#handle, requestRow(request)[0])
    return answer === null ? hiding({ inCookie }, { token: session ?? '' }) : answerOf(answer)
  }

  /** The one refusal: `damaged`, `refused` or `unavailable`; for every reason the same. Errors: `InvalidValue` (`unknown_refusal`). */
  refuse(request: PortalRequest, answer: PublicAnswer): Answer {
    return answerOf(native.portalRefuse(this.#handle, requestRow(request)[0], text('answer', answer)))
  }
}

const NOTHING = Buffer.alloc(0)

let exchangeOf: (handle: Handle<'Exchange'>) => Exchange

/** A question to a store, and how its answer goes back. */
export class Exchange extends Handled<'Exchange'> {
  readonly #handle: Handle<'Exchange'>
  /** What is asked. */
  readonly question: 'peek' | 'redeem' | 'renew'
  /** The peek cookie that came. */
  readonly cookie: string | null
  /** The nonce that came. */
  readonly nonce: string | null
  /** The link to peek at or to redeem, or the session to renew. Nobody has looked at it. Not shown where the object is printed. */
  declare readonly token: string

  static {
    exchangeOf = (handle) => new Exchange(made, handle)
  }

  private constructor(key: symbol, handle: Handle<'Exchange'>) {
    checkMade(key, 'Exchange')
    super(handle)
    this.#handle = handle
    const { question, token, cookie, nonce } = native.exchangeQuestion(handle)
    this.question = question as 'peek' | 'redeem' | 'renew'
    this.cookie = cookie
    this.nonce = nonce
    hide(this, 'token', token)
  }

  /** The answer to a peek. Errors: `InvalidValue` (`other_question`), `Refused` (`cookie_malformed`) for what is no cookie. */
  peeked(peeked: { nonce: string; cookie: string; expiresAt: Time }): Answer {
    const { nonce, cookie, expiresAt } = optionsOf('peeked', peeked, ['nonce', 'cookie', 'expiresAt'])
    return answerOf(
      native.exchangePeeked(this.#handle, text('nonce', nonce), text('cookie', cookie), time('expiresAt', expiresAt)),
    )
  }

  /** The answer to a redemption or a renewal. `at`: the time, now if nothing is said. Errors: `InvalidValue` (`other_question`). */
  granted(session: { token: string; expiresAt: Time }, options?: { at?: Time | undefined }): Answer {
    if (typeof session !== 'object' || session === null) throw wrongType('session', 'an object', session)
    const at = maybeTime('at', optionsOf('options', options, ['at']).at)
    return answerOf(native.exchangeGranted(this.#handle, text('token', session.token), time('expiresAt', session.expiresAt), at))
  }

  /** The refusal: `damaged`, `refused` or `unavailable`. Errors: `InvalidValue` (`unknown_refusal`). */
  refused(answer: PublicAnswer): Answer {
    return answerOf(native.exchangeRefused(this.#handle, text('answer', answer)))
  }

  /** Asks the store and answers, in one step. Throws nothing, as what goes wrong is in the answer, but for a signal of the store's: it rejects. */
  async run(store: Store): Promise<Answer> {
    const handle = Store.handleOf('store', store)
    return answerOf(await until(signalOf(store), () => native.exchangeRun(this.#handle, handle)))
  }
}
