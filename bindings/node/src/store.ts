import { type Access, accessOf, token as tokenOf } from './access'
import {
  bytes, flag, maybe, maybeSeconds, maybeText, maybeTexts, milliseconds, options as optionsOf, orNull, path, seconds, someSignal, text,
  time, whole, type Texts, type Time,
} from './arguments'
import { given } from './given'
import { checkMade, date, Handled, made } from './handle'
import { type Deployment, Keyring } from './keyring'
import { type Edit, editRow, type Event, eventOf, filterRow, type IssuedLink, type Link, linkOf, type ListOptions, newLinkRow, type NewLinkOptions, type Page } from './links'
import { native, raw } from './native'
import type { Handle, PeekedRow, RecoveredRow } from './native-types'
import { sessionMakers, type Token, tokenOfRow } from './token'
import { until } from './until'

export interface RecoverOptions {
  /** The newest view that somebody saved; without one, every token made so far is refused. */
  newer?: Uint8Array | undefined
  /** As in `StoreOptions`. */
  events?: string | URL | undefined
}

export interface StoreOptions {
  /** Whether it is made, or brought up to date, if need be. */
  create?: boolean | undefined
  /** Who is asking: tokens that state an audience must state this one. */
  audience?: string | undefined
  /** How far ahead the issuer's clock may be, in seconds: 60 by default, at most 300, which more counts as. */
  skew?: number | undefined
  /** For how many seconds revocations are believed without having heard from the database: 30. With 0 they never are. */
  maxStaleness?: number | undefined
  /** How often the database is asked for what is new, in seconds: 0.5. With 0 it never is. */
  follow?: number | undefined
  /** A file that every operation is written to as a line of JSON before it takes effect. */
  events?: string | URL | undefined
}

const OPTIONS = ['create', 'audience', 'skew', 'maxStaleness', 'follow', 'events'] as const
const U32 = 2 ** 32 - 1

/** What looking at a link gives. */
export interface Peeked extends Omit<PeekedRow, 'expiresAt'> {
  /** When the nonce ends. */
  readonly expiresAt: Date
}

/** What a recovery found and did. */
export interface Recovered extends RecoveredRow {}

/** How much a compaction took away. */
export interface Compacted {
  readonly changes: number
  readonly redemptions: number
  readonly links: number
}

/** @internal The signal that ends waiting for what this store does. */
export let signalOf: (store: Store) => AbortSignal | undefined

/** Links, what became of them, and what is revoked. Verifying asks no database and is synchronous; all else is a promise. */
export class Store extends Handled<'Store'> {
  readonly #handle: Handle<'Store'>
  /** As long as this lives, the number is good. */
  readonly #slot: Handle<'Slot'>
  readonly #number: number
  readonly #signal: AbortSignal | undefined
  /** The deployment that it is of. */
  readonly deployment: Deployment

  static {
    signalOf = (store) => store.#signal
  }

  private constructor(key: symbol, handle: Handle<'Store'>, deployment: Deployment, slot: Handle<'Slot'>, signal?: AbortSignal) {
    checkMade(key, 'Store')
    super(handle)
    this.#handle = handle
    this.#slot = slot
    this.#number = native.slotNumber(slot)
    this.#signal = signal
    this.deployment = deployment
    sessionMakers.set(this, (issuer, token, _, lifetime) => native.issuerIssueSessionByStore(issuer, handle, token, lifetime))
  }

  /**
   * Opens a store: `sqlite:PATH` or `postgres://…`. Errors: `InvalidValue` (`store_location`), `Unavailable` (`store_uninitialised` where there is
   * none, `store_restored` where it was put back from a backup).
   */
  static async open(location: string, keyring: Keyring, options?: StoreOptions): Promise<Store> {
    const { create, audience, skew, maxStaleness, follow, events } = optionsOf('options', options, OPTIONS)
    const row = {
      create: flag('create', create),
      audience: maybeText('audience', audience),
      skew: maybeSeconds('skew', skew),
      maxStaleness: maybe(maxStaleness, (value) => milliseconds('maxStaleness', value)),
      follow: maybe(follow, (value) => milliseconds('follow', value)),
      events: maybe(events, (value) => path('events', value)),
    }
    const [handle] = await native.storeOpen(text('location', location), Keyring.handleOf('keyring', keyring), row)
    return new Store(made, handle, keyring.deployment, native.storeSlot(handle))
  }

  /**
   * Begins a new life of a store that was restored, copied or promoted. Errors: `InvalidValue`, `Unavailable`, the latter also for a view that is not
   * accepted (`forged_message`, `rollback`).
   */
  static async recover(location: string, keyring: Keyring, options?: RecoverOptions): Promise<Recovered> {
    const { newer, events } = optionsOf('options', options, ['newer', 'events'])
    const file = maybe(events, (value) => path('events', value))
    const handle = Keyring.handleOf('keyring', keyring)
    return Object.freeze(await native.storeRecover(text('location', location), handle, newer === undefined ? undefined : await given('newer', newer), file))
  }

  /** The same store, with this name in the events of what is done through it. Errors: `InvalidValue` (`text_malformed`). */
  actingAs(actor: string): Store {
    // Who asks does not matter to verification, so the number stays.
    return new Store(made, native.storeActingAs(this.#handle, text('actor', actor)), this.deployment, this.#slot, this.#signal)
  }

  /**
   * The same store, whose promises are rejected as soon as the signal says so. What it has begun may still be done: a link be made, a use counted, a
   * revocation come about. Throws nothing.
   */
  withSignal(signal: AbortSignal): Store {
    return new Store(made, this.#handle, this.deployment, this.#slot, someSignal('signal', signal))
  }

  /** Ends all connections for good. Throws nothing. Everything then fails, verifying too: `InvalidValue` (`closed`). */
  async close(): Promise<void> {
    await native.storeClose(this.#handle)
  }

  /** As `close`; for `await using`. Throws nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Whether it is open: not once it was closed. */
  get isOpen(): boolean {
    return native.storeIsOpen(this.#handle)
  }

  /** Whether its knowledge of revocations is believed now. */
  get isFresh(): boolean {
    return native.storeIsFresh(this.#handle)
  }

  /** How far its knowledge of revocations goes; `null` where it is closed. */
  get stamp(): string | null {
    return native.storeStamp(this.#handle) ?? null
  }

  /** Whether it knows at least what this stamp stands for. Errors: `InvalidValue` (`stamp_malformed`). */
  isAtLeast(stamp: string): boolean {
    return native.storeIsAtLeast(this.#handle, text('stamp', stamp))
  }

  /** Asks the database for what is new, now. Errors: `InvalidValue`, `Unavailable`. */
  async refresh(): Promise<void> {
    await this.#until(() => native.storeRefresh(this.#handle))
  }

  /**
   * Verifies a link, now: what was signed, if it is not paused or revoked. What its tenant narrowed, shortened or capped shows in its sessions: let
   * visitors in by redeeming. Errors: `Refused`, of which the public is told no more than its `public`; `InvalidValue` (`closed`).
   */
  verifyLink(token: string): Access {
    const text = tokenOf('token', token)
    return accessOf(raw.verifyLink(this.#number, text), text, this, undefined)
  }

  /** Verifies a session, now. Errors: `Refused`, of which the public is told no more than its `public`; `InvalidValue` (`closed`). */
  verifySession(token: string): Access {
    const text = tokenOf('token', token)
    return accessOf(raw.verifySession(this.#number, text), text, this, undefined)
  }

  /** Makes a link and its row in one step; it has its `token`. Errors: `InvalidValue`, `Unavailable`. */
  async issue(tenant: string, client: string, permissions: Texts, options?: NewLinkOptions): Promise<IssuedLink> {
    return linkOf(await this.#until(() => native.storeIssue(this.#handle, newLinkRow(tenant, client, permissions, options)))) as IssuedLink
  }

  /** Makes the token of a link again. Errors: `Refused` (`link_unknown`, `link_revoked`), `InvalidValue`, `Unavailable`. */
  async show(tenant: string, link: string): Promise<Token> {
    return tokenOfRow(await this.#until(() => native.storeShow(this.#handle, text('tenant', tenant), text('link', link))))
  }

  /** One link. Errors: `Refused` (`link_unknown`), `InvalidValue`, `Unavailable`. */
  async link(tenant: string, link: string): Promise<Link> {
    return linkOf(await this.#until(() => native.storeLink(this.#handle, text('tenant', tenant), text('link', link))))
  }

  /** The links of a tenant, the newest first. Errors: `InvalidValue` (`limit_zero`), `Unavailable`. */
  async list(tenant: string, options?: ListOptions): Promise<Page> {
    const { links, next } = await this.#until(() => native.storeList(this.#handle, text('tenant', tenant), filterRow(options)))
    return Object.freeze({ links: Object.freeze(links.map(linkOf)), next })
  }

  /**
   * Changes a link that was sent already. Where something is taken away, its sessions are refused until they are renewed. Errors: `Refused`
   * (`link_unknown`, `link_revoked`), `InvalidValue` (`over_ceiling`, `nothing_granted`, `label_malformed`), `Unavailable`.
   */
  async edit(tenant: string, link: string, edit: Edit): Promise<Link> {
    return linkOf(await this.#until(() => native.storeEdit(this.#handle, text('tenant', tenant), text('link', link), editRow(edit))))
  }

  /**
   * Lets a link, its copies and its sessions grant nothing until it is restored. Returns the stamp. Errors: `Refused` (`link_unknown`),
   * `InvalidValue` (`link_state`), `Unavailable`.
   */
  async pause(tenant: string, link: string): Promise<string> {
    return this.#until(() => native.storePause(this.#handle, text('tenant', tenant), text('link', link)))
  }

  /**
   * Lets a paused link grant again what it did. Returns the stamp. Errors: `Refused` (`link_unknown`), `InvalidValue` (`link_state`), `Unavailable`.
   */
  async restore(tenant: string, link: string): Promise<string> {
    return this.#until(() => native.storeRestore(this.#handle, text('tenant', tenant), text('link', link)))
  }

  /**
   * What happened to a link, the latest first. `before`: only those with a lower number; `limit`: at most 1,000; 100 if nothing is said. Errors:
   * `Refused` (`link_unknown`), `InvalidValue` (`limit_zero`), `Unavailable`.
   */
  async history(
    tenant: string,
    link: string,
    options?: { before?: number | undefined; limit?: number | undefined },
  ): Promise<readonly Event[]> {
    const { before, limit = 100 } = optionsOf('options', options, ['before', 'limit'])
    const until = maybe(before, (value) => whole('before', value))
    const most = whole('limit', limit, U32)
    const events = await this.#until(() => native.storeHistory(this.#handle, text('tenant', tenant), text('link', link), until, most))
    return Object.freeze(events.map(eventOf))
  }

  /**
   * Revokes a link with its copies and sessions, for good. Returns the stamp: who knows at least that refuses it. Errors: `Refused` (`link_unknown`),
   * `InvalidValue`, `Unavailable`.
   */
  async revokeLink(tenant: string, link: string): Promise<string> {
    return this.#until(() => native.storeRevokeLink(this.#handle, text('tenant', tenant), text('link', link)))
  }

  /**
   * Revokes a copy of a link, and what was narrowed from it. Copies are made without the store, so an id that is none is not noticed, and revokes
   * nothing; the link's own is. Errors: `Refused` (`link_unknown`), `InvalidValue` (`not_a_copy`), `Unavailable`.
   */
  async revokeCopy(tenant: string, link: string, copy: string): Promise<string> {
    return this.#until(() => native.storeRevokeCopy(this.#handle, text('tenant', tenant), text('link', link), text('copy', copy)))
  }

  /** Revokes one session. Errors: `Refused` (`link_unknown`), `InvalidValue`, `Unavailable`. */
  async revokeSession(tenant: string, link: string, session: string): Promise<string> {
    return this.#until(() => native.storeRevokeSession(this.#handle, text('tenant', tenant), text('link', link), text('session', session)))
  }

  /** Revokes everything of a client that was made so far. Errors: `InvalidValue`, `Unavailable`. */
  async revokeClient(tenant: string, client: string): Promise<string> {
    return this.#until(() => native.storeRevokeClient(this.#handle, text('tenant', tenant), text('client', client)))
  }

  /** Revokes everything of a tenant that was made so far. Errors: `InvalidValue`, `Unavailable`. */
  async revokeTenant(tenant: string): Promise<string> {
    return this.#until(() => native.storeRevokeTenant(this.#handle, text('tenant', tenant)))
  }

  /** Revokes every token of the deployment that was made so far. Errors: `InvalidValue`, `Unavailable`. */
  async revokeEverything(): Promise<string> {
    return this.#until(() => native.storeRevokeEverything(this.#handle))
  }

  /** Looks at a link without spending anything of it. Asks no database. Errors: `Refused`, `InvalidValue`, `Unavailable`. */
  peek(link: string, cookie?: string | null): Peeked {
    const row = native.storePeek(this.#handle, tokenOf('link', link), orNull(cookie, (value) => tokenOf('cookie', value)))
    return Object.freeze({ ...row, expiresAt: date(row.expiresAt) })
  }

  /** Makes a session of a link, and counts a use of it. Errors: `Refused`, `InvalidValue`, `Unavailable`. */
  async redeem(link: string, cookie: string, nonce: string): Promise<Token> {
    return tokenOfRow(await this.#until(() => native.storeRedeem(this.#handle, tokenOf('link', link), tokenOf('cookie', cookie), tokenOf('nonce', nonce))))
  }

  /** Makes another session for one that has not ended. Errors: `Refused`, `InvalidValue`, `Unavailable`. */
  async renew(session: string): Promise<Token> {
    return tokenOfRow(await this.#until(() => native.storeRenew(this.#handle, tokenOf('session', session))))
  }

  /** Answers the request of a `Follower`. Errors: `Refused` (`malformed_request`), `InvalidValue`, `Unavailable`. */
  async answer(request: Uint8Array): Promise<Buffer> {
    return this.#until(() => native.storeAnswer(this.#handle, bytes('request', request)))
  }

  /**
   * A list of revocations for verifiers without a live feed: of these tenants, or of all; good from one time to the other. Errors: `InvalidValue`,
   * `Unavailable`.
   */
  async publish(options: { thisUpdate: Time; nextUpdate: Time; tenants?: Texts | undefined }): Promise<Buffer> {
    const { thisUpdate, nextUpdate, tenants } = optionsOf('options', options, ['thisUpdate', 'nextUpdate', 'tenants'])
    const of = maybeTexts('tenants', tenants)
    return this.#until(() => native.storePublish(this.#handle, of, time('thisUpdate', thisUpdate), time('nextUpdate', nextUpdate)))
  }

  /** What is revoked, as bytes, to be kept for a recovery. It can be read by who has the keyring. Errors: `InvalidValue`, `Unavailable`. */
  async saveView(): Promise<Buffer> {
    return this.#until(() => native.storeSaveView(this.#handle))
  }

  /**
   * Takes away what is old; `kept`: links that ended so many seconds ago stay. Returns how many changes, redemptions and links are gone. Errors:
   * `InvalidValue`, `Unavailable`.
   */
  async compact(options: { kept: number }): Promise<Compacted> {
    const kept = seconds('kept', optionsOf('options', options, ['kept']).kept)
    const [changes = 0, redemptions = 0, links = 0] = await this.#until(() => native.storeCompact(this.#handle, kept))
    return Object.freeze({ changes, redemptions, links })
  }

  #until<T>(begin: () => Promise<T>): Promise<T> {
    return until(this.#signal, begin)
  }
}
