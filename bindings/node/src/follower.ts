import type { Access } from './access'
import { maybeSeconds, maybeText, maybeTexts, maybeTime, milliseconds, options as optionsOf, type Texts, type Time } from './arguments'
import { given } from './given'
import { Handled, made } from './handle'
import { Keyring } from './keyring'
import { native } from './native'
import type { Handle } from './native-types'
import { type Verifier, verifierOf, type VerifyOptions } from './token'
import { Turns } from './turns'

export interface ListFollowerOptions {
  /** Whose revocations it follows: of lists those that they are made for. All, if nothing is said. */
  tenants?: Texts | undefined
  /** The stamp that an earlier one reached, so that nothing older is taken. */
  highest?: string | undefined
  /** Who is asking: tokens that state an audience must state this one. */
  audience?: string | undefined
  /** How far ahead the issuer's clock may be, in seconds: 60 by default, at most 300, which more counts as. */
  skew?: number | undefined
}

export interface FollowerOptions extends ListFollowerOptions {
  /** For how many seconds an answer is believed: 30. */
  maxStaleness?: number | undefined
}

const LISTS = ['tenants', 'highest', 'audience', 'skew'] as const

/**
 * Knows what is revoked where there is no store: at an edge, in another data centre. What carries its requests to a store, and the answers
 * back, is the caller's; nothing on that way is trusted. It begins knowing nothing, and so refuses all. Made once and kept, as a `Verifier` is.
 */
export class Follower extends Handled<'Follower'> {
  readonly #handle: Handle<'Follower'>
  readonly #verifier: Verifier
  readonly #turns = new Turns()

  /** One that asks. Errors: `InvalidValue`, `Unavailable` (`random_unavailable`). */
  constructor(keyring: Keyring, options?: FollowerOptions)
  /** @internal */
  constructor(keyring: Keyring, options: undefined, key: symbol, handle: Handle<'Follower'>)
  constructor(keyring: Keyring, options?: FollowerOptions, key?: symbol, of?: Handle<'Follower'>) {
    const handle = key === made && of !== undefined ? of : live(keyring, options)
    super(handle)
    this.#handle = handle
    this.#verifier = verifierOf(native.followerVerifier(handle), keyring.deployment)
  }

  /**
   * One that follows published lists, which `Store.publish` makes: it asks nobody, and takes a list from wherever it lies. A list is believed from
   * its one time to its other by the clock, and nobody notices where one that is still good was put in the place of a newer one. Errors:
   * `InvalidValue`, `Unavailable` (`random_unavailable`).
   */
  static ofLists(keyring: Keyring, options?: ListFollowerOptions): Follower {
    const { tenants, highest, audience, skew } = optionsOf('options', options, LISTS)
    const handle = native.followerOfLists(
      Keyring.handleOf('keyring', keyring),
      maybeTexts('tenants', tenants),
      maybeText('highest', highest),
      maybeText('audience', audience),
      maybeSeconds('skew', skew),
    )
    return new Follower(keyring, undefined, made, handle)
  }

  /**
   * A request to be sent now: what a store answers with `answer`. One of lists makes none. Errors: `InvalidValue` (`follows_lists`), `Unavailable`.
   */
  async request(): Promise<Buffer> {
    return this.#turns.take(() => native.followerRequest(this.#handle))
  }

  /**
   * Takes an answer, or a list, in: for a large one that is work of a second, during which it verifies by what it knew before. Beyond 256 KiB it is
   * copied while the event loop turns, and stays as it is until then. Returns the stamp that it stands at now. `at`: by when a list is good or not;
   * now, if nothing is said. Errors: `Refused`, `InvalidValue` for an `at` that is no time, `Unavailable`; then it knows what it knew before. After
   * `gap`, `another_incarnation` and `fork` ask again.
   */
  async accept(answer: Uint8Array, options?: { at?: Time | undefined }): Promise<string> {
    const at = maybeTime('at', optionsOf('options', options, ['at']).at)
    // Before its turn comes: then the caller may use the bytes for something else.
    const taken = given('answer', answer)
    // It is told when its turn comes.
    taken.catch(() => {})
    return this.#turns.take(async () => native.followerAccept(this.#handle, await taken, at))
  }

  /** The stamp of the last answer; keep it for the next start. */
  get highest(): string | null {
    return native.followerHighest(this.#handle) ?? null
  }

  /**
   * Verifies a link; whether the last answer is too old is told by another clock than `at`. Errors: `Refused`, of which the public is told no more
   * than its `public`; `InvalidValue` for an `at` that is no time.
   */
  verifyLink(token: string, options?: VerifyOptions): Access {
    return this.#verifier.verifyLink(token, options)
  }

  /** The same of a session. Errors: those of `verifyLink`. */
  verifySession(token: string, options?: VerifyOptions): Access {
    return this.#verifier.verifySession(token, options)
  }
}

function live(keyring: Keyring, options?: FollowerOptions): Handle<'Follower'> {
  const { tenants, highest, maxStaleness = 30, audience, skew } = optionsOf('options', options, [...LISTS, 'maxStaleness'])
  return native.followerNew(
    Keyring.handleOf('keyring', keyring),
    maybeTexts('tenants', tenants),
    maybeText('highest', highest),
    milliseconds('maxStaleness', maxStaleness),
    maybeText('audience', audience),
    maybeSeconds('skew', skew),
  )
}
