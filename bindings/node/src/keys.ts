import { flag, maybe, options as optionsOf, seconds, text } from './arguments'
import { type Erasure, erasureOf } from './erasure'
import { checkMade, Handled, made } from './handle'
import { Keyring } from './keyring'
import { native } from './native'
import type { Handle } from './native-types'
import { type Scope, scopeOf } from './scope'
import { Store } from './store'

export interface KeyStoreOptions {
  /**
   * The store that tells of keys which others destroyed. With `null`, who puts back a backup of the key store brings destroyed keys back.
   */
  feed: Store | null
  /** Whether it is made, if need be. */
  create?: boolean | undefined
}

/** The wrapped keys of tenants. */
export class KeyStore extends Handled<'KeyStore'> {
  readonly #handle: Handle<'KeyStore'>

  private constructor(key: symbol, handle: Handle<'KeyStore'>) {
    checkMade(key, 'KeyStore')
    super(handle)
    this.#handle = handle
  }

  /** Opens a key store: `sqlite:PATH` or `postgres://…`. */
  static async open(location: string, keyring: Keyring, options: KeyStoreOptions): Promise<KeyStore> {
    const { feed, create } = optionsOf('options', options, ['feed', 'create'])
    if (feed === undefined) throw new TypeError('feed: a Store, or null, has to be told')
    const [handle] = await native.keyStoreOpen(
      text('location', location),
      Keyring.handleOf('keyring', keyring),
      maybe(feed, (value) => Store.handleOf('feed', value)),
      flag('create', create),
    )
    return new KeyStore(made, handle)
  }

  /** Ends all connections for good. */
  async close(): Promise<void> {
    await native.keyStoreClose(this.#handle)
  }

  /** As `close`; for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Makes the keys of a tenant. Once: whose keys were destroyed gets no others. */
  async newTenant(tenant: string): Promise<void> {
    await native.keyStoreNewTenant(this.#handle, text('tenant', tenant))
  }

  /** Makes a new key for a tenant, under which what is made from now on lies; returns its version. */
  async rotateTenant(tenant: string): Promise<number> {
    return native.keyStoreRotateTenant(this.#handle, text('tenant', tenant))
  }

  /** Puts every key under the newest key of its tenant, and those under the active root. */
  async rewrap(): Promise<void> {
    await native.keyStoreRewrap(this.#handle)
  }

  /** Destroys every key of a tenant: nothing of it opens any more. `backupsKept`: for how many seconds backups of this store are kept. */
  async destroyTenant(tenant: string, options: { backupsKept: number }): Promise<Erasure> {
    const kept = seconds('backupsKept', optionsOf('options', options, ['backupsKept']).backupsKept)
    return erasureOf(await native.keyStoreDestroyTenant(this.#handle, text('tenant', tenant), kept))
  }

  /** The keys of a tenant for one kind of thing, such as `record:invoices`. Asks nobody yet. */
  scope(tenant: string, scope: string): Scope {
    return scopeOf(native.keyStoreScope(this.#handle, text('tenant', tenant), text('scope', scope)), tenant, scope)
  }
}
