/**
 * Columns for Drizzle: encrypted values, and blind indexes to find them by.
 *
 * @packageDocumentation
 */

import { customType } from 'drizzle-orm/pg-core'
import { customType as customTypeOfSqlite } from 'drizzle-orm/sqlite-core'
import { bytes, callable, maybeCallable, options as optionsOf, text, wrongType } from './arguments'
import type { BlindIndex } from './blind-index'
import { Unreadable } from './errors'
import { checkMade, made } from './handle'
import { Scope } from './scope'

/** The shortest object: header, salt, commitment, and a chunk without a byte. */
const OBJECT_MIN = 92

let indexedOf: (index: Uint8Array) => Indexed
let bytesOfIndex: (index: Indexed) => Buffer

/** The index of a value, from its column or of a `Field`. It goes back into its column as it is. */
export class Indexed {
  readonly #bytes: Buffer

  static {
    indexedOf = (index) => new Indexed(made, index)
    bytesOfIndex = (index) => index.#bytes
  }

  private constructor(key: symbol, index: Uint8Array) {
    checkMade(key, 'Indexed')
    this.#bytes = Buffer.from(index)
  }

  /** A copy. */
  get bytes(): Buffer {
    return Buffer.from(this.#bytes)
  }

  toJSON(): string {
    return '[indexed]'
  }
}

/** The object of a value that is written. */
let written: (sealed: Sealed) => Buffer
/** Gives a value that was just sealed its index. */
let withIndex: (sealed: Sealed, index: Indexed) => Sealed

/** What lies in an encrypted column. It opens only as the value of the row that it was sealed for. */
export class Sealed {
  readonly #object: Buffer
  #index: Indexed | undefined

  static {
    written = (sealed) => {
      if (sealed.#index !== undefined) throw new TypeError('the value has an index: what is written is `columns` of it, which is both')
      return sealed.#object
    }
    withIndex = (sealed, index) => {
      sealed.#index = index
      return sealed
    }
  }

  /** From the bytes of an object. Throws `Unreadable` for what is none. */
  constructor(object: Uint8Array) {
    const [magic, version, suite, kind] = bytes('object', object)
    const isObject = magic === 0xf5 && version === 1 && suite === 1 && (kind === 0 || kind === 1) && object.length >= OBJECT_MIN
    if (!isObject) throw new Unreadable('object: it is not sealed', 'not_an_envelope')
    this.#object = Buffer.from(object)
  }

  /** A copy. */
  get object(): Buffer {
    return Buffer.from(this.#object)
  }

  /**
   * What is written of a value that a `Field` with an index has just sealed: under these names of columns, the value and its index. Drizzle is told
   * of both at once, `values({ id, ...value.columns('email', 'emailIndex') })`, for of the value alone it takes none.
   */
  columns<Value extends string, Index extends string>(value: Value, index: Index): Record<Value, Sealed> & Record<Index, Indexed> {
    if (this.#index === undefined) throw new TypeError('the value was read, or its Field has no index')
    if (text('index', index) === text('value', value)) throw new TypeError('index: it has a column of its own')
    return { [value]: new Sealed(this.#object), [index]: this.#index } as Record<Value, Sealed> & Record<Index, Indexed>
  }

  toJSON(): string {
    return '[sealed]'
  }
}

export interface FieldOptions {
  /** Makes the index that its values are found by; it is called each time, for the tenant at hand. */
  index?: (() => BlindIndex) | undefined
}

/**
 * Seals and opens the values of one column. `name`: a stable logical name such as `invoices.notes`. With an index, what it seals is written
 * together with that, or not at all: `set(value.columns('email', 'emailIndex'))`.
 */
export class Field {
  readonly #name: string
  readonly #index: (() => BlindIndex) | undefined

  constructor(name: string, options?: FieldOptions) {
    this.#name = text('name', name)
    this.#index = maybeCallable('index', optionsOf('options', options, ['index']).index)
  }

  /** Seals a value for the row with this id, under the keys of its tenant. */
  async seal(scope: Scope, id: string, value: string): Promise<Sealed> {
    Scope.handleOf('scope', scope)
    const index = this.#index?.().of(text('value', value))
    const sealed = new Sealed(await scope.seal(Buffer.from(text('value', value)), { name: this.#name, id }))
    return index === undefined ? sealed : withIndex(sealed, indexedOf(index))
  }

  /** Opens the value of the row with this id. Throws `Unreadable` for one of another row, column or tenant. */
  async open(scope: Scope, id: string, sealed: Sealed): Promise<string> {
    Scope.handleOf('scope', scope)
    if (!(sealed instanceof Sealed)) throw wrongType('sealed', 'a Sealed', sealed)
    return (await scope.open(sealed.object, { name: this.#name, id })).toString()
  }
}

/** What a driver gives; of a query for related rows, PostgreSQL's text of it. */
function bytesOf(driver: Uint8Array | string): Uint8Array {
  if (typeof driver !== 'string') return driver
  if (!/^\\x(?:[0-9a-f]{2})*$/.test(driver)) throw new TypeError('the driver gave a text that is no bytea')
  return Buffer.from(driver.slice(2), 'hex')
}

const toSealed = (driver: Uint8Array | string) => new Sealed(bytesOf(driver))
const toObject = (sealed: Sealed) => {
  // A text here would lie in the database in the clear.
  if (!(sealed instanceof Sealed)) throw new TypeError('an encrypted column takes what Field.seal gives, and nothing else')
  return written(sealed)
}

/** An encrypted column of PostgreSQL. */
export const sealed = customType<{ data: Sealed; driverData: Buffer }>({
  dataType: () => 'bytea',
  fromDriver: toSealed,
  toDriver: toObject,
})

/** An encrypted column of SQLite. */
export const sealedBlob = customTypeOfSqlite<{ data: Sealed; driverData: Buffer }>({
  dataType: () => 'blob',
  fromDriver: toSealed,
  toDriver: toObject,
})

/** A text is a value, whose index is made; what was read, or made by a `Field`, is an index already. */
const toIndex = (index: () => BlindIndex) => (value: string | Indexed) => (value instanceof Indexed ? bytesOfIndex(value) : index().of(value))
const toIndexed = (driver: Uint8Array | string) => indexedOf(bytesOf(driver))

/**
 * A column of PostgreSQL for a blind index. It is asked for with the value itself: `eq(clients.emailIndex, 'ada@example.com')`. What is read is
 * an `Indexed`, which can be written back. `index` is called each time, for the index of the tenant at hand.
 */
export function indexed(index: () => BlindIndex) {
  callable('index', index)
  return customType<{ data: string | Indexed; driverData: Buffer }>({
    dataType: () => 'bytea',
    fromDriver: toIndexed,
    toDriver: toIndex(index),
  })
}

/** The same for SQLite. */
export function indexedBlob(index: () => BlindIndex) {
  callable('index', index)
  return customTypeOfSqlite<{ data: string | Indexed; driverData: Buffer }>({
    dataType: () => 'blob',
    fromDriver: toIndexed,
    toDriver: toIndex(index),
  })
}
