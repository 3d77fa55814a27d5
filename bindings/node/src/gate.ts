// What the ready parts for frameworks have in common: from a request to an answer or an access.

import { Access, isOfResource } from './access'
import { callable, having, maybe, maybeCallable, options as optionsOf, text, unheard, wrongType, type Time } from './arguments'
import { InvalidValue, PortwardError, Refused, Unavailable } from './errors'
import { type Answer, answerWith, Exchange, isSession, Portal, type PortalRequest } from './portal'
import { Store } from './store'

type Awaitable<T> = T | Promise<T>

/** Who answers the questions of a portal: a `Store`, or something that asks one elsewhere. It refuses by a `PortwardError`. */
export interface Links {
  /** As `Store.peek`. Errors: `Refused`, `Unavailable`. */
  peek(link: string, cookie: string | null): Awaitable<{ nonce: string; cookie: string; expiresAt: Time }>
  /** As `Store.redeem`. Errors: `Refused`, `Unavailable`. */
  redeem(link: string, cookie: string, nonce: string): Awaitable<{ token: string; expiresAt: Time }>
  /** As `Store.renew`. Errors: `Refused`, `Unavailable`. */
  renew(session: string): Awaitable<{ token: string; expiresAt: Time }>
}

/** Who believes sessions: a `Store`, `Verifier` or `Follower`. */
export interface Sessions {
  /** Asks no database: it answers at once. Errors: `Refused`, `Unavailable`. */
  verifySession(token: string): Access
}

/** Why a request was refused; for the operator's log, and for nobody else. */
export interface Refusal {
  readonly code: string
  readonly tokenId: string | null
  readonly status: number
}

export interface GateOptions {
  portal: Portal
  /** Answers questions, and believes sessions. */
  store?: Store | undefined
  /** Answers questions in place of the store. */
  links?: Links | undefined
  /** Believes sessions in place of the store. */
  sessions?: Sessions | undefined
  /** Is told of every refusal. */
  log?: ((refusal: Refusal) => void) | undefined
  /** The time, for answers; the system's, if nothing is said. */
  clock?: (() => Time) | undefined
}

const OPTIONS = ['portal', 'store', 'links', 'sessions', 'log', 'clock'] as const

/** The longest body that a route of the portal reads, and one byte more. */
export const BODY_MAX = 4097

/** @internal */
export class Gate {
  readonly portal: Portal
  readonly #links: Links
  readonly #sessions: Sessions
  readonly #log: (refusal: Refusal) => void
  readonly #clock: (() => Time) | undefined

  constructor(options: GateOptions) {
    const { portal, store, links, sessions, log = () => {}, clock } = optionsOf('options', options, OPTIONS)
    if (!(portal instanceof Portal)) throw wrongType('portal', 'a Portal', portal)
    if (store !== undefined && !(store instanceof Store)) throw wrongType('store', 'a Store', store)
    this.portal = portal
    this.#links = maybe(links, (value) => having<Links>('links', ['peek', 'redeem', 'renew'], value)) ?? needed('links', store)
    this.#sessions = maybe(sessions, (value) => having<Sessions>('sessions', ['verifySession'], value)) ?? needed('sessions', store)
    this.#log = callable('log', log)
    this.#clock = maybeCallable('clock', clock)
  }

  /** For guards, when they are made: a permission that there is not would let nobody in, and nobody would know why. Without a store, nobody knows. */
  lookUp(permission: string): void {
    text('permission', permission)
    const store = [this.#sessions, this.#links].find((one) => one instanceof Store)
    if (store !== undefined && !store.deployment.permissions.includes(permission)) {
      throw new InvalidValue(`the vocabulary has no permission "${permission}"`, 'unknown_permission')
    }
  }

  /** Whether a path is one of the portal's, and its body has to be read. */
  isOurs(request: PortalRequest): boolean {
    return this.portal.read(request) !== null
  }

  /** The answer of the portal's routes; `null` for the application's. */
  async answer(request: PortalRequest): Promise<Answer | null> {
    const step = this.portal.read(request)
    if (step === null) return null
    return this.#logged(step instanceof Exchange ? await this.#ask(step) : step)
  }

  /** The access of a request to the application; or the refusal to send. `resource`: asked once there is a session. */
  access(request: PortalRequest, permission?: string, resource?: () => unknown): Access | Answer {
    // Whoever tells a resource means a permission: without one, every session would pass.
    if (permission !== undefined || resource !== undefined) text('permission', permission)
    const session = this.portal.session(request)
    if (!isSession(session)) return this.#logged(session)
    let access: Access | undefined
    try {
      access = believed(this.#sessions.verifySession(session.token))
      if (permission !== undefined) access.require(permission, resource && named(resource()))
      return access
    } catch (error) {
      return this.refused(request, error, access?.tokenId)
    }
  }

  /** The refusal for an error of ours; others are not for the public. */
  refused(request: PortalRequest, error: unknown, of: string | null = null): Answer {
    const { public: answer, code, tokenId } = refusable(error)
    return this.#logged(answerWith(this.portal.refuse(request, answer), code, tokenId ?? of))
  }

  /**
   * The refusal for what a handler threw: an access that does not suffice, a resource that is no identifier, a store that is away. `null` for the
   * application's own errors, and its mistakes.
   */
  thrown(request: PortalRequest, error: unknown): Answer | null {
    const isRefusal = error instanceof Refused || error instanceof Unavailable
    return isRefusal || isOfResource(error) ? this.refused(request, error) : null
  }

  async #ask(exchange: Exchange): Promise<Answer> {
    if (this.#links instanceof Store) return exchange.run(this.#links)
    try {
      return await this.#asked(exchange, this.#links)
    } catch (error) {
      const { public: answer, code, tokenId } = refusable(error)
      return answerWith(exchange.refused(answer), code, tokenId)
    }
  }

  async #asked(exchange: Exchange, links: Links): Promise<Answer> {
    const { question, token, cookie, nonce } = exchange
    if (question === 'peek') return exchange.peeked(await links.peek(token, cookie))
    const session = question === 'renew' ? await links.renew(token) : await links.redeem(token, cookie ?? '', nonce ?? '')
    const at = this.#clock?.()
    unheard(at)
    return exchange.granted(session, { at })
  }

  #logged(answer: Answer): Answer {
    const { reason: code, tokenId, status } = answer
    if (code !== null) unheard(this.#log(Object.freeze({ code, tokenId, status })))
    return answer
  }
}

function needed(otherwise: string, store: Store | undefined): Store {
  if (store === undefined) throw wrongType('store', `a Store, or ${otherwise} in its place,`, store)
  return store
}

/** An error that a request can be refused for; whatever is not ours is a mistake of the application. */
function refusable(error: unknown): PortwardError {
  if (error instanceof PortwardError) return error
  throw error
}

/** A guard does not wait: whoever is asked answers at once. */
function believed(access: unknown): Access {
  if (access instanceof Access) return access
  unheard(access)
  throw wrongType('sessions.verifySession', 'an Access', access)
}

/** What an address holds in the place of one text, as `?id=a&id=b`, is no resource that anybody was granted. */
function named(resource: unknown): string {
  if (typeof resource === 'string') return resource
  unheard(resource)
  throw resource === undefined
    ? new Refused('the address names no resource', 'resource_required')
    : new Refused('the resource is no text', 'identifier_character')
}

/** Whether it is an access: no answer is one. */
export function isAccess(access: Access | Answer): access is Access {
  return access instanceof Access
}
