import { Access, accessOf, believed, token as tokenOf } from './access'
import { granted, maybeSeconds, maybeText, maybeTime, options as optionsOf, text, wrongType, type Texts, type Time } from './arguments'
import { InvalidValue } from './errors'
import { checkMade, date, Handled, hide, made } from './handle'
import { type Deployment, Keyring } from './keyring'
import { native, raw } from './native'
import type { Handle, TokenRow } from './native-types'

/** A token just made. `token` goes to its holder and nowhere else. */
export interface Token {
  readonly token: string
  /** Its id. */
  readonly id: string
  /** When it ends. */
  readonly expiresAt: Date
}

/** @internal The token itself is not shown where objects are printed. */
export function tokenOfRow({ text, id, expiresAt }: TokenRow): Token {
  const row = { id, expiresAt: date(expiresAt) } as { token: string; id: string; expiresAt: Date }
  hide(row, 'token', text)
  return Object.freeze(row)
}

export interface VerifierOptions {
  /** Who is asking: tokens that state an audience must state this one. */
  audience?: string | undefined
  /** How far ahead the issuer's clock may be, in seconds: 60 by default, at most 300, which more counts as. */
  skew?: number | undefined
}

export interface VerifyOptions {
  /** As of when; now, if nothing is said. */
  at?: Time | undefined
}

/** @internal */
export let verifierOf: (handle: Handle<'Verifier'>, deployment: Deployment) => Verifier

/** Turns tokens into `Access`, without a database. Made once and kept: one that is let go is freed after a turn of the event loop, not before. */
export class Verifier extends Handled<'Verifier'> {
  readonly #handle: Handle<'Verifier'>
  /** As long as this lives, the number is good. */
  readonly #slot: Handle<'Slot'>
  readonly #number: number
  /** @internal */
  readonly deployment: Deployment

  static {
    verifierOf = (handle, deployment) => new Verifier(made, handle, deployment)
  }

  private constructor(key: symbol, handle: Handle<'Verifier'>, deployment: Deployment) {
    checkMade(key, 'Verifier')
    super(handle)
    this.#handle = handle
    this.#slot = native.verifierSlot(handle)
    this.#number = native.slotNumber(this.#slot)
    this.deployment = deployment
  }

  /**
   * One that knows of no revocation: a token then lives until it expires, whatever happens. Errors: `InvalidValue`, `Unavailable`
   * (`random_unavailable`).
   */
  static withoutRevocation(keyring: Keyring, options?: VerifierOptions): Verifier {
    const { audience, skew } = optionsOf('options', options, ['audience', 'skew'])
    const handle = Keyring.handleOf('keyring', keyring)
    const made = native.verifierWithoutRevocation(handle, maybeText('audience', audience), maybeSeconds('skew', skew))
    return verifierOf(made, keyring.deployment)
  }

  /** Verifies a link. Errors: `Refused`, of which the public is told no more than its `public`; `InvalidValue` for an `at` that is no time. */
  verifyLink(token: string, options?: VerifyOptions): Access {
    const text = tokenOf('token', token)
    if (options === undefined) return accessOf(raw.verifyLink(this.#number, text), text, this, undefined)
    const at = maybeTime('at', optionsOf('options', options, ['at']).at) ?? now()
    return accessOf(raw.verifierVerifyLinkAt(this.#handle, text, at), text, this, at)
  }

  /** The same of a session. Errors: those of `verifyLink`. */
  verifySession(token: string, options?: VerifyOptions): Access {
    const text = tokenOf('token', token)
    if (options === undefined) return accessOf(raw.verifySession(this.#number, text), text, this, undefined)
    const at = maybeTime('at', optionsOf('options', options, ['at']).at) ?? now()
    return accessOf(raw.verifierVerifySessionAt(this.#handle, text, at), text, this, at)
  }
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

export interface IssueOptions {
  /** For whom it is good; for all, if nothing is said. */
  audience?: string | undefined
  /** In seconds; as `linkLifetimes` of the deployment says, if nothing is said. */
  lifetime?: number | undefined
}

/** @internal Verifies a link once more, and makes a session of it: what every origin of an access offers. */
export type SessionMaker = (issuer: Handle<'Issuer'>, token: string, at: number | undefined, lifetime: number | undefined) => TokenRow

/** @internal How the classes that verify make sessions. */
export const sessionMakers = new WeakMap<object, SessionMaker>()

/** Makes tokens without a store. Nobody can list, change or hand them out again. */
export class Issuer extends Handled<'Issuer'> {
  readonly #handle: Handle<'Issuer'>

  /** Under the keyring's active root. Throws nothing. */
  constructor(keyring: Keyring) {
    const handle = native.issuerNew(Keyring.handleOf('keyring', keyring))
    super(handle)
    this.#handle = handle
  }

  /** Makes a link. Errors: `InvalidValue` (`lifetime_zero`, `lifetime_over_ceiling`, `token_too_long`), `Unavailable`. */
  issueLink(tenant: string, client: string, permissions: Texts, options?: IssueOptions): Token {
    const { audience, lifetime } = optionsOf('options', options, ['audience', 'lifetime'])
    return tokenOfRow(
      native.issuerIssueLink(
        this.#handle,
        text('tenant', tenant),
        text('client', client),
        granted('permissions', permissions),
        maybeText('audience', audience),
        maybeSeconds('lifetime', lifetime),
      ),
    )
  }

  /**
   * Makes a session of a link, which is verified once more. `lifetime` in seconds. Errors: `Refused`, as of verifying and of what has nothing left
   * for a session (`nothing_granted`, `expired`), `InvalidValue` (`not_a_link`, `lifetime_zero`, `lifetime_over_ceiling`), `Unavailable`.
   */
  issueSession(link: Access, options?: { lifetime?: number | undefined }): Token {
    if (!(link instanceof Access)) throw wrongType('link', 'an Access', link)
    if (link.kind !== 'link') throw new InvalidValue('link: a session is made of a link', 'not_a_link')
    const lifetime = maybeSeconds('lifetime', optionsOf('options', options, ['lifetime']).lifetime)
    const { token, origin, at } = believed(link)
    if (origin instanceof Verifier) {
      const verifier = Verifier.handleOf('link', origin)
      return tokenOfRow(native.issuerIssueSession(this.#handle, verifier, token, at, lifetime))
    }
    const make = sessionMakers.get(origin)
    if (make === undefined) throw wrongType('link', 'an Access', link)
    return tokenOfRow(make(this.#handle, token, at, lifetime))
  }
}
