import type { Transform } from 'node:stream'
import { types } from 'node:util'
import { bytes, flag, maybeCallable, maybeSignal, options as optionsOf, pairs, path, seconds, someSignal, text, whole } from './arguments'
import { type BlindIndex, blindIndex, type IndexOptions } from './blind-index'
import { type Erasure, erasureOf } from './erasure'
import { Far, isRangeSource, type RangeSource } from './far'
import { followed, Range, rangeOf } from './file'
import { given } from './given'
import { checkMade, Handled, made } from './handle'
import { native } from './native'
import type { FileRow, Handle, OfRow } from './native-types'
import { nodeStream, type Piecewise, webStream } from './stream'
import { until } from './until'

/** What exactly is sealed, beside its tenant. All of it has to be stated again to open it. */
export interface Of {
  /** A stable logical name: `invoices.notes`. */
  name: string
  /** Which one. */
  id: string
  /** More, under keys that begin with `x-`. */
  more?: Readonly<Record<string, string>> | undefined
}

export interface SealOptions extends Of {
  /** Whether the data key goes along: deleting the object is then what erases it. */
  embedded?: boolean | undefined
}

export interface StreamOptions {
  /** Is told how many bytes went in so far. */
  progress?: ((bytes: number) => void) | undefined
  /** Ends it. */
  signal?: AbortSignal | undefined
}

export interface FileOptions extends StreamOptions {
  /** Whether a file that is there already is replaced; if not, it is `file_exists`. */
  replace?: boolean | undefined
  /** On how many threads: 1 to 64, 1 if nothing is said. */
  threads?: number | undefined
}

const OF = ['name', 'id', 'more'] as const
const STREAM = ['progress', 'signal'] as const
const FILE = [...STREAM, 'replace', 'threads'] as const

/** @internal */
export let scopeOf: (handle: Handle<'Scope'>, tenant: string, name: string, signal?: AbortSignal) => Scope

/** The keys of one tenant for one kind of thing: what seals and opens. */
export class Scope extends Handled<'Scope'> {
  readonly #handle: Handle<'Scope'>
  readonly #signal: AbortSignal | undefined
  /** Whose data. */
  readonly tenant: string
  /** Which kind of thing. */
  readonly name: string

  static {
    scopeOf = (...values) => new Scope(made, ...values)
  }

  private constructor(key: symbol, handle: Handle<'Scope'>, tenant: string, name: string, signal?: AbortSignal) {
    checkMade(key, 'Scope')
    super(handle)
    this.#handle = handle
    this.#signal = signal
    this.tenant = tenant
    this.name = name
  }

  /**
   * The same keys, whose promises are rejected as soon as the signal says so. What has begun may still be done: keys be made, or destroyed. Files and
   * streams that are told no signal of their own are ended by it. It takes the place of a signal that was told before. Throws nothing.
   */
  withSignal(signal: AbortSignal): Scope {
    return scopeOf(this.#handle, this.tenant, this.name, someSignal('signal', signal))
  }

  /**
   * Seals bytes. They are copied first: at once up to 256 KiB, else while the event loop turns; until then let them be as they are. Errors:
   * `InvalidValue`, `Unavailable`.
   */
  async seal(plaintext: Uint8Array, options: SealOptions): Promise<Buffer> {
    const { of, embedded } = sealing(optionsOf('options', options, [...OF, 'embedded']))
    return this.#until(async () => native.scopeSeal(this.#handle, of, await given('plaintext', plaintext, this.#signal), embedded))
  }

  /**
   * Opens bytes, which are copied as by `seal`. Whatever is wrong, nothing of it is returned. Errors: `Unreadable`, `InvalidValue`, `Unavailable`.
   */
  async open(object: Uint8Array, options: Of): Promise<Buffer> {
    const of = ofRow(optionsOf('options', options, OF))
    return this.#until(async () => native.scopeOpen(this.#handle, of, await given('object', object, this.#signal)))
  }

  /** As `seal`; blocks while it asks the key store, if the keys are not known yet. For where nothing can be awaited. Errors: those of `seal`. */
  sealSync(plaintext: Uint8Array, options: SealOptions): Buffer {
    const { of, embedded } = sealing(optionsOf('options', options, [...OF, 'embedded']))
    return native.scopeSealSync(this.#handle, of, bytes('plaintext', plaintext), embedded)
  }

  /** As `open`; blocks like `sealSync`. Errors: those of `open`. */
  openSync(object: Uint8Array, options: Of): Buffer {
    return native.scopeOpenSync(this.#handle, ofRow(optionsOf('options', options, OF)), bytes('object', object))
  }

  /**
   * Seals what is written to it, in constant memory. The object is whole only if the stream ends without an error. Errors: `InvalidValue`,
   * `Unavailable`, and what `progress` throws, each of which the stream emits; thrown is `InvalidValue` (`text_malformed`) alone.
   */
  sealStream(options: SealOptions & StreamOptions): Transform {
    return nodeStream(...this.#sealing(options))
  }

  /**
   * Opens what is written to it. Each byte that comes out is authentic; that they are all is known only if it ends without an error. Errors:
   * `Unreadable`, and those of `sealStream`, emitted or thrown as there.
   */
  openStream(options: Of & StreamOptions): Transform {
    return nodeStream(...this.#opening(options))
  }

  /** As `sealStream`, for web streams. Errors: those of `sealStream`; what is emitted there both sides are rejected with. */
  sealWebStream(options: SealOptions & StreamOptions): TransformStream<Uint8Array, Uint8Array> {
    return webStream(...this.#sealing(options))
  }

  /** As `openStream`, for web streams. Errors: those of `openStream`, as of `sealWebStream`. */
  openWebStream(options: Of & StreamOptions): TransformStream<Uint8Array, Uint8Array> {
    return webStream(...this.#opening(options))
  }

  /**
   * Seals a file into another, which appears when all of it is written. Returns how many bytes there were. Files that are open already go through
   * `sealStream`: `pipeline(from.createReadStream(), scope.sealStream(options), to.createWriteStream())`. Errors: `InvalidValue`, `Unavailable`
   * (`source_unreadable`, `target_unwritable`), and what `progress` throws. A signal, or a `progress` that throws, which comes when the last of it is
   * written, rejects although the target is there.
   */
  async sealFile(source: string | URL, target: string | URL, options: SealOptions & FileOptions): Promise<number> {
    const known = optionsOf('options', options, [...OF, ...FILE, 'embedded'])
    const { of, embedded } = sealing(known)
    const row = fileRow(source, target, known)
    return followed(this.#streaming(known), (job) => native.scopeSealFile(this.#handle, of, row, job, embedded))
  }

  /**
   * Opens a file into another, which appears when all of it is authentic. Returns how many bytes there are. Errors: `Unreadable`, `InvalidValue`,
   * `Unavailable` (`source_unreadable`, `target_unwritable`), and what `progress` throws. Open files, and what comes late, as with `sealFile`.
   */
  async openFile(source: string | URL, target: string | URL, options: Of & FileOptions): Promise<number> {
    const known = optionsOf('options', options, [...OF, ...FILE])
    const of = ofRow(known)
    const row = fileRow(source, target, known)
    return followed(this.#streaming(known), (job) => native.scopeOpenFile(this.#handle, of, row, job))
  }

  /**
   * Opens any part of a sealed file, by its path or by a `FileHandle`, which stays the caller's, or of what is read as one; or of the bytes of an
   * object, which are copied as by `seal`. What is read of it heeds the signal of the scope. Errors: `Unreadable`, `InvalidValue`, `Unavailable`
   * (`source_unreadable`), and what a source of the caller's is rejected with.
   */
  async openRange(source: string | URL | Uint8Array | RangeSource, options: Of): Promise<Range> {
    const of = ofRow(optionsOf('options', options, OF))
    const signal = this.#signal
    let opening: Promise<[Handle<'Range'>]> | undefined
    let far: Far | undefined
    const begin = async () => {
      if (types.isUint8Array(source)) return native.scopeOpenRangeOfBytes(this.#handle, of, await given('source', source, signal))
      if (!isRangeSource(source)) return native.scopeOpenRange(this.#handle, of, path('source', source))
      far = await Far.of(source, signal)
      return far.with(0, (far) => native.scopeOpenRangeOfFar(this.#handle, of, far))
    }
    try {
      const [handle] = await this.#until(() => (opening = begin()))
      return rangeOf(handle, signal, far)
    } catch (error) {
      // Whoever gave it up cannot close it.
      opening?.then(([late]) => native.rangeClose(late), () => {})
      throw error
    }
  }

  /** Makes a new data key for what is sealed from now on. Errors: `InvalidValue` (`unknown_key`, `index_key`), `Unavailable`. */
  async rotate(): Promise<void> {
    await this.#until(() => native.scopeRotate(this.#handle))
  }

  /**
   * Makes a data key for a scope that has none to seal with: one that was destroyed gets one only here. What was sealed before stays erased. Errors:
   * `InvalidValue` (`key_exists`, `unknown_key`, `index_key`), `Unavailable`.
   */
  async begin(): Promise<void> {
    await this.#until(() => native.scopeBegin(this.#handle))
  }

  /** Under which data key an object says that it is. Nothing of that was checked. Errors: `Unreadable`. */
  keyOf(object: Uint8Array): string {
    return native.scopeKeyOf(this.#handle, bytes('object', object))
  }

  /**
   * Destroys one data key that was rotated away: what was sealed under it opens no more, what was sealed since does. `key`: as `keyOf` gives it.
   * `backupsKept`: for how many seconds backups of the key store are kept. Errors: `InvalidValue` (`key_state` of the key that seals, `unknown_key`),
   * `Unavailable`.
   */
  async destroyKey(key: string, options: { backupsKept: number }): Promise<Erasure> {
    const kept = seconds('backupsKept', optionsOf('options', options, ['backupsKept']).backupsKept)
    return erasureOf(await this.#until(() => native.scopeDestroyKey(this.#handle, text('key', key), kept)))
  }

  /**
   * Destroys every data key of the scope. `backupsKept`: for how many seconds backups of the key store are kept. Errors: `InvalidValue`,
   * `Unavailable`.
   */
  async destroy(options: { backupsKept: number }): Promise<Erasure> {
    const kept = seconds('backupsKept', optionsOf('options', options, ['backupsKept']).backupsKept)
    return erasureOf(await this.#until(() => native.scopeDestroy(this.#handle, kept)))
  }

  /** A blind index under the key of this scope, whose kind is `index`. Errors: `InvalidValue` (`index_scope`, `index_parameters`), `Unavailable`. */
  async blindIndex(options: IndexOptions): Promise<BlindIndex> {
    return this.#until(() => blindIndex(this.#handle, this, options))
  }

  #until<T>(begin: () => Promise<T>): Promise<T> {
    return until(this.#signal, begin)
  }

  #streaming({ progress, signal }: StreamOptions): StreamOptions {
    return { progress: maybeCallable('progress', progress), signal: maybeSignal('signal', signal) ?? this.#signal }
  }

  #sealing(options: SealOptions & StreamOptions): [Piecewise, StreamOptions] {
    const known = optionsOf('options', options, [...OF, ...STREAM, 'embedded'])
    const { of, embedded } = sealing(known)
    const begin = async () => {
      const [sealer] = await native.sealerNew(this.#handle, of, embedded)
      return {
        update: (bytes: Uint8Array) => native.sealerUpdate(sealer, bytes),
        finish: () => native.sealerFinish(sealer),
      }
    }
    return [begin, this.#streaming(known)]
  }

  #opening(options: Of & StreamOptions): [Piecewise, StreamOptions] {
    const known = optionsOf('options', options, [...OF, ...STREAM])
    const of = ofRow(known)
    const begin = async () => {
      const [opener] = await native.openerNew(this.#handle, of)
      return {
        update: (bytes: Uint8Array) => native.openerUpdate(opener, bytes),
        finish: () => native.openerFinish(opener),
      }
    }
    return [begin, this.#streaming(known)]
  }
}

function ofRow({ name, id, more = {} }: Partial<Of>): OfRow {
  return { name: text('name', name), id: text('id', id), more: pairs('more', more) }
}

function sealing(known: Partial<SealOptions>): { of: OfRow; embedded: boolean } {
  return { of: ofRow(known), embedded: flag('embedded', known.embedded) }
}

function fileRow(source: unknown, target: unknown, { replace, threads = 1 }: FileOptions): FileRow {
  const count = whole('threads', threads, 64, 1)
  return { source: path('source', source), target: path('target', target), replace: flag('replace', replace), threads: count }
}
