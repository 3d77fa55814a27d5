/**
 * Columns for Drizzle: encrypted values, and blind indexes to find them by.
 *
 * @packageDocumentation
 */

import { isUtf8 } from 'node:buffer'
import { types } from 'node:util'
import { type ConvertCustomConfig, customType, type PgCustomColumnBuilder } from 'drizzle-orm/pg-core'
import { customType as customTypeOfSqlite } from 'drizzle-orm/sqlite-core'
import { callable, maybeCallable, options as optionsOf, text, unheard, wrongType } from './arguments'
import { BlindIndex, tenantOfIndex } from './blind-index'
import { bytesOfIndex, Indexed, indexedOf, ofKind, Sealed, withIndex, written } from './drizzle-values'
import { Unreadable } from './errors'
import { ownText } from './own'
import { Scope } from './scope'

export { Indexed, Sealed }

export interface FieldOptions {
  /** Gives the index that its values are found by; it is called each time, for that of the tenant whose scope seals. */
  index?: (() => BlindIndex) | undefined
}

/**
 * Seals and opens the values of one column. `name`: a stable logical name such as `invoices.notes`. With an index, what it seals is written
 * together with that, or not at all: `set(value.columns(clients, 'email', 'emailIndex'))`.
 */
export class Field {
  readonly #name: string
  readonly #index: (() => BlindIndex) | undefined

  /** Asks nobody yet. Errors: `InvalidValue` (`text_malformed`). */
  constructor(name: string, options?: FieldOptions) {
    this.#name = text('name', name)
    this.#index = maybeCallable('index', optionsOf('options', options, ['index']).index)
  }

  /**
   * Seals a value for the row with this id, under the keys of its tenant. Errors: those of `Scope.seal`; `InvalidValue` (`index_empty_value`) of a
   * value that an index has nothing of; what `index` throws; a `TypeError` if the index is of another tenant: the value would not be found.
   */
  async seal(scope: Scope, id: string, value: string): Promise<Sealed> {
    Scope.handleOf('scope', scope)
    const plaintext = ownText(text('value', value))
    try {
      const index = this.#index && indexAtHand(this.#index)
      if (index !== undefined && tenantOfIndex(index) !== scope.tenant) throw new TypeError('index: it is of another tenant than the scope')
      const sealed = new Sealed(await scope.seal(plaintext, { name: this.#name, id }))
      return index === undefined ? sealed : withIndex(sealed, index, indexedOf(index.of(value)))
    } finally {
      plaintext.fill(0)
    }
  }

  /**
   * Opens the value of the row with this id. Errors: those of `Scope.open`, `Unreadable` for one of another row, column or tenant, and
   * (`text_not_utf8`) for what is no text, which another program has sealed here.
   */
  async open(scope: Scope, id: string, sealed: Sealed): Promise<string> {
    Scope.handleOf('scope', scope)
    if (!(sealed instanceof Sealed)) throw wrongType('sealed', 'a Sealed', sealed)
    const plaintext = await scope.open(sealed.object, { name: this.#name, id })
    try {
      if (!isUtf8(plaintext)) throw new Unreadable(`${this.#name}: what was sealed is no text`, 'text_not_utf8')
      return plaintext.toString()
    } finally {
      plaintext.fill(0)
    }
  }
}

function indexAtHand(index: () => BlindIndex): BlindIndex {
  const atHand = index()
  unheard(atHand)
  BlindIndex.handleOf('index', atHand)
  return atHand
}

/** What drivers give: bytes, in a buffer or in a list; of a query for related rows, PostgreSQL's text of them. */
type Driven = Uint8Array | ArrayBuffer | readonly number[] | string

function bytesOf(driver: Driven): Uint8Array {
  if (types.isUint8Array(driver)) return driver
  if (types.isArrayBuffer(driver)) return new Uint8Array(driver)
  if (Array.isArray(driver) && driver.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)) return Uint8Array.from(driver)
  if (typeof driver !== 'string') throw new TypeError('the driver gave what is no bytes')
  if (!/^\\x(?:[0-9a-f]{2})*$/.test(driver)) throw new TypeError('the driver gave a text that is no bytea')
  return Buffer.from(driver.slice(2), 'hex')
}

const toSealed = (driver: Driven) => new Sealed(bytesOf(driver))
/** Of a prepared statement Drizzle has `null` encoded, too; elsewhere it is written as it is. */
const orNull = <Data>(encode: (value: Data) => Buffer) => (value: Data | null) => (value === null ? null : encode(value)) as Buffer

const toObject = ofKind('sealed', orNull((sealed: Sealed) => {
  // A text here would lie in the database in the clear.
  if (!(sealed instanceof Sealed)) throw new TypeError('an encrypted column takes what Field.seal gives, and nothing else')
  return written(sealed)
}))

/** A text is a value, whose index is made; what was read, or made by a `Field`, is an index already. */
const toIndex = (index: () => BlindIndex) => {
  const atHand = () => indexAtHand(index)
  return ofKind(atHand, orNull((value: string | Indexed) => (value instanceof Indexed ? bytesOfIndex(value) : atHand().of(value))))
}
const toIndexed = (driver: Driven) => indexedOf(bytesOf(driver))

/** Drizzle writes an array as one text, in which bytes are lost: there is none of these. */
type NoArray<Name extends string, Data> = PgCustomColumnBuilder<ConvertCustomConfig<Name, { data: Data; driverData: Buffer }>> & { array: never }

interface Bytea<Data> {
  (): NoArray<'', Data>
  <Name extends string>(name: Name): NoArray<Name, Data>
}

function bytea<Data>(fromDriver: (driver: Driven) => Data, toDriver: (value: Data) => Buffer): Bytea<Data> {
  const column = customType<{ data: Data; driverData: Buffer }>({ dataType: () => 'bytea', fromDriver, toDriver })
  const array = () => {
    throw new TypeError('Drizzle would write an array as text, which is no bytes')
  }
  return (...name: [] | [string]) => Object.assign(column(...(name as [string])), { array }) as never
}

function blob<Data>(fromDriver: (driver: Driven) => Data, toDriver: (value: Data) => Buffer) {
  return customTypeOfSqlite<{ data: Data; driverData: Buffer }>({ dataType: () => 'blob', fromDriver, toDriver })
}

/**
 * An encrypted column of PostgreSQL. Nothing is found by it: a value that is compared with it by `like`, with something made of it, or stands in a
 * `sql.placeholder`, is sent to the database in the clear. Errors: a `TypeError` for what is no `Sealed`, or has an index; `Unreadable`
 * (`not_an_envelope`) where it is read.
 */
export const sealed = bytea<Sealed>(toSealed, toObject)

/**
 * The same for SQLite. A relational query gives it of the table that is asked, and not of one `with` it: SQLite's JSON holds no blobs. Errors: those
 * of `sealed`.
 */
export const sealedBlob = blob<Sealed>(toSealed, toObject)

/**
 * A column of PostgreSQL for a blind index. It is asked for with the value itself: `eq(clients.emailIndex, 'ada@example.com')`, or `inArray`. What is
 * read is an `Indexed`, which can be written back.
 *
 * `index` is called for the index of the tenant at hand whenever Drizzle makes parameters of values: when a query is run, but of one that is
 * prepared, when it is prepared, and the tenant stays that of then. What is to be told at each run is a parameter of the column:
 * `eq(clients.emailIndex, sql.param(sql.placeholder('email'), clients.emailIndex))`. Of a bare `sql.placeholder` no index is made, nor of what `like`
 * is given, nor of what stands in a `` sql`…` `` or beside something made of the column, such as `lower(…)`: Drizzle sends the value itself to
 * the database, in the clear, and nothing is found. Errors: those of `BlindIndex.of`, of a value that is looked for or written, and what `index`
 * throws.
 */
export function indexed(index: () => BlindIndex) {
  return bytea<string | Indexed>(toIndexed, toIndex(callable('index', index)))
}

/** The same for SQLite. Errors: those of `indexed`. */
export function indexedBlob(index: () => BlindIndex) {
  return blob<string | Indexed>(toIndexed, toIndex(callable('index', index)))
}
