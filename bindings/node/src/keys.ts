import { flag, maybe, options as optionsOf, orNull, path, seconds, someSignal, text } from './arguments'
import { type Erasure, erasureOf } from './erasure'
import { checkMade, Handled, made } from './handle'
import { Keyring } from './keyring'
import { native } from './native'
import type { Handle } from './native-types'
import { type Scope, scopeOf } from './scope'
import { Store } from './store'
import { until } from './until'

export interface KeyStoreOptions {
  /**
   * The store that tells of keys which others destroyed. With `null`, who puts back a backup of the key store brings destroyed keys back.
   */
  feed: Store | null
  /** Whether it is made, if need be. */
  create?: boolean | undefined
  /** A file that is told of every key which is made, changed or destroyed, in a line of JSON, before it is. */
  events?: string | URL | undefined
}

/** The wrapped keys of tenants. */
export class KeyStore extends Handled<'KeyStore'> {
  readonly #handle: Handle<'KeyStore'>
  readonly #signal: AbortSignal | undefined

  private constructor(key: symbol, handle: Handle<'KeyStore'>, signal?: AbortSignal) {
    checkMade(key, 'KeyStore')
    super(handle)
    this.#handle = handle
    this.#signal = signal
  }

  /**
   * Opens a key store: `sqlite:PATH` or `postgres://…`. Errors: `InvalidValue` (`store_location`), `Unavailable` (`store_uninitialised` where there
   * is none).
   */
  static async open(location: string, keyring: Keyring, options: KeyStoreOptions): Promise<KeyStore> {
    const { feed, create, events } = optionsOf('options', options, ['feed', 'create', 'events'])
    if (feed === undefined) throw new TypeError('feed: a Store, or null, has to be told')
    const [handle] = await native.keyStoreOpen(
      text('location', location),
      Keyring.handleOf('keyring', keyring),
      orNull(feed, (value) => Store.handleOf('feed', value)),
      flag('create', create),
      maybe(events, (value) => path('events', value)),
    )
    return new KeyStore(made, handle)
  }

  /** The same key store, with this name in the events of what is done through it. Errors: `InvalidValue` (`text_malformed`). */
  actingAs(actor: string): KeyStore {
    return new KeyStore(made, native.keyStoreActingAs(this.#handle, text('actor', actor)), this.#signal)
  }

  /** Ends all connections for good. Throws nothing. Whatever asks it then fails: `InvalidValue` (`closed`). */
  async close(): Promise<void> {
    await native.keyStoreClose(this.#handle)
  }

  /** As `close`; for `await using`. Throws nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * The same key store, and the scopes it gives, whose promises are rejected as soon as the signal says so. What it has begun may still be done: keys
   * be made, or destroyed. Throws nothing.
   */
  withSignal(signal: AbortSignal): KeyStore {
    return new KeyStore(made, this.#handle, someSignal('signal', signal))
  }

  /**
   * Makes the keys of a tenant that has none, also of one whose keys were destroyed: scopes that had keys then stay destroyed. Errors: `InvalidValue`
   * (`key_exists`), `Unavailable`.
   */
  async newTenant(tenant: string): Promise<void> {
    await this.#until(() => native.keyStoreNewTenant(this.#handle, text('tenant', tenant)))
  }

  /**
   * Makes a new key for a tenant, under which what is made from now on lies; returns its version. Errors: `InvalidValue` (`unknown_key`),
   * `Unavailable`.
   */
  async rotateTenant(tenant: string): Promise<number> {
    return this.#until(() => native.keyStoreRotateTenant(this.#handle, text('tenant', tenant)))
  }

  /**
   * Puts every key under the newest key of its tenant, and those under the active root; what is destroyed and came back with an older copy of the key
   * store is destroyed again. Errors: `InvalidValue`, `Unavailable`.
   */
  async rewrap(): Promise<void> {
    await this.#until(() => native.keyStoreRewrap(this.#handle))
  }

  /**
   * Destroys every key of a tenant: nothing of it opens any more. `backupsKept`: for how many seconds backups of this store are kept. Errors:
   * `InvalidValue` (`unknown_key`), `Unavailable`.
   */
  async destroyTenant(tenant: string, options: { backupsKept: number }): Promise<Erasure> {
    const kept = seconds('backupsKept', optionsOf('options', options, ['backupsKept']).backupsKept)
    return erasureOf(await this.#until(() => native.keyStoreDestroyTenant(this.#handle, text('tenant', tenant), kept)))
  }

  /** The keys of a tenant for one kind of thing, such as `record:invoices`. Asks nobody yet. Errors: `InvalidValue`. */
  scope(tenant: string, scope: string): Scope {
    return scopeOf(native.keyStoreScope(this.#handle, text('tenant', tenant), text('scope', scope)), tenant, scope, this.#signal)
  }

  #until<T>(begin: () => Promise<T>): Promise<T> {
    return until(this.#signal, begin)
  }
}
