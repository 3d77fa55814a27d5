import { bytes, having, maybe, maybeBytes, maybeSignal, maybeTexts, options as optionsOf, path, texts, type Texts } from './arguments'
import { checkMade, date, Handled, made } from './handle'
import { type KekProvider, keyOf, slotOf } from './kek'
import { native } from './native'
import type { Handle } from './native-types'
import { until } from './until'

/** How long something lives, in seconds: if nothing is said, and at most. */
export interface Lifetimes {
  readonly default: number
  readonly ceiling: number
}

/** @internal */
export let deploymentOf: (handle: Handle<'Deployment'>) => Deployment

/** What all parts of one deployment share. It is not secret. */
export class Deployment extends Handled<'Deployment'> {
  readonly #handle: Handle<'Deployment'>
  #permissions: readonly string[] | undefined

  static {
    deploymentOf = (handle) => new Deployment(made, handle)
  }

  private constructor(key: symbol, handle: Handle<'Deployment'>) {
    checkMade(key, 'Deployment')
    super(handle)
    this.#handle = handle
  }

  /**
   * A new one, with a random id. `permissions`: the vocabulary, at most 64 names `resource:action`, to which more can be appended later; without it
   * the one made for portals. Errors: `InvalidValue`, `Unavailable` (`random_unavailable`).
   */
  static generate(permissions?: Texts): Deployment {
    return deploymentOf(native.deploymentGenerate(maybeTexts('permissions', permissions)))
  }

  /** From the bytes of `deployment.json`. Errors: `InvalidValue` (`deployment_malformed`), `Unavailable` (`deployment_newer_version`). */
  static fromJson(json: Uint8Array): Deployment {
    return deploymentOf(native.deploymentFromJson(bytes('json', json)))
  }

  /** The bytes of `deployment.json`. Throws nothing. */
  toJson(): Buffer {
    return native.deploymentToJson(this.#handle)
  }

  /** 32 hexadecimal digits. */
  get id(): string {
    return native.deploymentId(this.#handle)
  }

  /** The vocabulary, in its order. */
  get permissions(): readonly string[] {
    return (this.#permissions ??= Object.freeze(native.deploymentPermissions(this.#handle)))
  }

  /** How long links live. */
  get linkLifetimes(): Lifetimes {
    const [otherwise = 0, ceiling = 0] = native.deploymentLifetimes(this.#handle)
    return { default: otherwise, ceiling }
  }

  /** How long sessions live. */
  get sessionLifetimes(): Lifetimes {
    const [, , otherwise = 0, ceiling = 0] = native.deploymentLifetimes(this.#handle)
    return { default: otherwise, ceiling }
  }

  /** All that these names stand for: `files:*` is every permission on files. Errors: `InvalidValue` (`unknown_permission`). */
  expand(permissions: Texts): ReadonlySet<string> {
    return new Set(native.deploymentExpand(this.#handle, texts('permissions', permissions)))
  }
}

/** What may be known about a root key. */
export interface Root {
  /** 8 hexadecimal digits. */
  readonly id: string
  /** The active one makes tokens, one that is `verify_only` believes them, the others do neither. */
  readonly state: 'active' | 'verify_only' | 'retired' | 'destroyed'
  /** When it was made. */
  readonly createdAt: Date
}

export interface KeyringCreateOptions {
  /** The vocabulary, as for `Deployment.generate`. */
  permissions?: Texts | undefined
  /** Without one, the owner of the directory can read the keys. */
  passphrase?: Uint8Array | undefined
  /** A file that is told of the root key, in a line of JSON, before it is written; what cannot be told is not made (`sink_failed`). */
  events?: string | URL | undefined
}

/** With a passphrase or a provider, a keyring in the clear is not taken; of both, the one that it takes is used. */
export interface KeyringOpenOptions {
  /** Of a keyring under a passphrase. */
  passphrase?: Uint8Array | undefined
  /**
   * Whoever has the KEK, for a keyring that the command has put under one in a service or a token. `kek_required`: none was given, or it has none
   * of the KEKs. `unwrap_failed`, `kek_unavailable`: it refused, or could not be reached; what it was rejected with is the `cause`.
   */
  kek?: KekProvider | undefined
  signal?: AbortSignal | undefined
}

/** @internal */
export let keyringOf: (handle: Handle<'Keyring'>) => Keyring

/** The root keys of a deployment, as a handle: nothing shows them but what is named for it. */
export class Keyring extends Handled<'Keyring'> {
  readonly #handle: Handle<'Keyring'>
  #deployment: Deployment | undefined

  static {
    keyringOf = (handle) => new Keyring(made, handle)
  }

  private constructor(key: symbol, handle: Handle<'Keyring'>) {
    checkMade(key, 'Keyring')
    super(handle)
    this.#handle = handle
  }

  /** A new one, in memory; of a new deployment, if none is told. Errors: `Unavailable` (`random_unavailable`). */
  static generate(deployment = Deployment.generate()): Keyring {
    return keyringOf(native.keyringGenerate(Deployment.handleOf('deployment', deployment)))
  }

  /**
   * Makes a directory with a new deployment and keyring, as `portward keyring new` does. Errors: `InvalidValue`, `Unavailable` (`file_exists` and
   * others of files; `sink_failed`).
   */
  static async create(directory: string | URL, options?: KeyringCreateOptions): Promise<Keyring> {
    const { permissions, passphrase, events } = optionsOf('options', options, ['permissions', 'passphrase', 'events'])
    const [handle] = await native.keyringCreate(
      path('directory', directory),
      maybeTexts('permissions', permissions),
      maybeBytes('passphrase', passphrase),
      maybe(events, (value) => path('events', value)),
    )
    return keyringOf(handle)
  }

  /**
   * Opens a directory that `create` or the command has made. Errors: `InvalidValue` (`passphrase_required`, `sealed_wrong_passphrase`, `keyring_lock`
   * of one in the clear, `kek_required` of one under a KEK), `Unavailable`: what files fail with, and KEKs; the reason of the signal.
   */
  static async open(directory: string | URL, options?: KeyringOpenOptions): Promise<Keyring> {
    const given = optionsOf('options', options, ['passphrase', 'kek', 'signal'])
    const [where, passphrase, signal] = [path('directory', directory), maybeBytes('passphrase', given.passphrase), maybeSignal('signal', given.signal)]
    const kek = maybe(given.kek, (value) => having<KekProvider>('kek', ['resolves', 'unwrap'], value))
    const open = () => (kek === undefined ? native.keyringOpen(where, passphrase) : openedWith(where, passphrase, kek, signal))
    const [handle] = await until(signal, open)
    return keyringOf(handle)
  }

  /** From the bytes of `keyring.json`. Errors: `InvalidValue`, `Unavailable`. */
  static fromJson(json: Uint8Array, deployment: Deployment): Keyring {
    return keyringOf(native.keyringFromJson(bytes('json', json), Deployment.handleOf('deployment', deployment)))
  }

  /** Opens the bytes of a keyring under a passphrase. Errors: `InvalidValue` (`sealed_wrong_passphrase`, `sealed_damaged`), `Unavailable`. */
  static async unseal(sealed: Uint8Array, passphrase: Uint8Array, deployment: Deployment): Promise<Keyring> {
    const of = Deployment.handleOf('deployment', deployment)
    const [handle] = await native.keyringUnseal(bytes('sealed', sealed), bytes('passphrase', passphrase), of)
    return keyringOf(handle)
  }

  /** Seals it under a passphrase of 1 to 1,024 bytes; takes about a second and 64 MiB or more. Errors: `InvalidValue`, `Unavailable`. */
  async seal(passphrase: Uint8Array): Promise<Buffer> {
    return native.keyringSeal(this.#handle, bytes('passphrase', passphrase))
  }

  /** The bytes of `keyring.json`: all keys, in the clear. Throws nothing. */
  exportInClear(): Buffer {
    return native.keyringExportInClear(this.#handle)
  }

  /** The deployment that it is of. */
  get deployment(): Deployment {
    return (this.#deployment ??= deploymentOf(native.keyringDeployment(this.#handle)))
  }

  /** What may be known about its roots. */
  get roots(): readonly Root[] {
    const root = ({ id, state, createdAt }: { id: string; state: string; createdAt: number }): Root =>
      Object.freeze({ id, state: state as Root['state'], createdAt: date(createdAt) })
    return Object.freeze(native.keyringRoots(this.#handle).map(root))
  }
}

/** In two steps, between which the provider is asked. The passphrase is the caller's to change meanwhile. */
async function openedWith(where: string, passphrase: Uint8Array | undefined, kek: KekProvider, signal: AbortSignal | undefined): Promise<[Handle<'Keyring'>]> {
  // Not by `slice`, which of a Buffer is the same memory.
  const kept = passphrase && new Uint8Array(passphrase)
  try {
    const [wrapped] = await native.wrappedRead(where)
    if (wrapped === undefined) return await native.keyringOpenLocked(where, kept)
    const [slot, key] = await keyOf(native.wrappedSlots(wrapped).map(slotOf), kek, signal)
    return await copied(key, () => native.wrappedOpen(wrapped, slot, key))
  } finally {
    kept?.fill(0)
  }
}

/** Calls what copies a key, which is then overwritten, whatever came of that. */
function copied<T>(key: Uint8Array, call: () => T): T {
  try {
    return call()
  } finally {
    key.fill(0)
  }
}
