import type { Access } from './access'
import { bytes, maybeSeconds, maybeText, maybeTexts, milliseconds, options as optionsOf } from './arguments'
import { Handled } from './handle'
import { Keyring } from './keyring'
import { native } from './native'
import type { Handle } from './native-types'
import { type Verifier, verifierOf } from './token'
import { Turns } from './turns'

export interface FollowerOptions {
  /** Whose revocations it follows; all, if nothing is said. */
  tenants?: Iterable<string> | undefined
  /** The stamp that an earlier one reached, so that nothing older is taken. */
  highest?: string | undefined
  /** For how many seconds an answer is believed: 30. */
  maxStaleness?: number | undefined
  audience?: string | undefined
  skew?: number | undefined
}

const OPTIONS = ['tenants', 'highest', 'maxStaleness', 'audience', 'skew'] as const

/**
 * Knows what is revoked where there is no store: at an edge, in another data centre. What carries its requests to a store, and the answers
 * back, is the caller's; nothing on that way is trusted. It begins knowing nothing, and so refuses all. Made once and kept, as a `Verifier` is.
 */
export class Follower extends Handled<'Follower'> {
  readonly #handle: Handle<'Follower'>
  readonly #verifier: Verifier
  readonly #turns = new Turns()

  constructor(keyring: Keyring, options?: FollowerOptions) {
    const { tenants, highest, maxStaleness = 30, audience, skew } = optionsOf('options', options, OPTIONS)
    const handle = native.followerNew(
      Keyring.handleOf('keyring', keyring),
      maybeTexts('tenants', tenants),
      maybeText('highest', highest),
      milliseconds('maxStaleness', maxStaleness),
      maybeText('audience', audience),
      maybeSeconds('skew', skew),
    )
    super(handle)
    this.#handle = handle
    this.#verifier = verifierOf(native.followerVerifier(handle), keyring.deployment)
  }

  /** A request to be sent now: what a store answers with `answer`. */
  async request(): Promise<Buffer> {
    return this.#turns.take(() => native.followerRequest(this.#handle))
  }

  /**
   * Takes an answer in: for a large one that is work of a second, during which it verifies by what it knew before. Returns the stamp that it
   * stands at now. After `gap`, `another_incarnation` and `fork` ask again.
   */
  async accept(answer: Uint8Array): Promise<string> {
    // Before its turn comes, the caller may use the bytes for something else.
    const taken = Buffer.from(bytes('answer', answer))
    return this.#turns.take(() => native.followerAccept(this.#handle, taken))
  }

  /** The stamp of the last answer; keep it for the next start. */
  get highest(): string | null {
    return native.followerHighest(this.#handle) ?? null
  }

  /** Verifies a link, now. */
  verifyLink(token: string): Access {
    return this.#verifier.verifyLink(token)
  }

  /** Verifies a session, now. */
  verifySession(token: string): Access {
    return this.#verifier.verifySession(token)
  }
}
