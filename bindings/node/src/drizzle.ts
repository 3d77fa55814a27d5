/**
 * Columns for Drizzle: encrypted values, and blind indexes to find them by.
 *
 * @packageDocumentation
 */

import { customType } from 'drizzle-orm/pg-core'
import { customType as customTypeOfSqlite } from 'drizzle-orm/sqlite-core'
import { bytes, text } from './arguments'
import type { BlindIndex } from './blind-index'
import type { Scope } from './scope'

/** What lies in an encrypted column. It opens only as the value of the row that it was sealed for. */
export class Sealed {
  readonly object: Buffer

  constructor(object: Uint8Array) {
    this.object = Buffer.from(bytes('object', object))
  }

  toJSON(): string {
    return '[sealed]'
  }
}

/** Seals and opens the values of one column. `name`: a stable logical name such as `invoices.notes`. */
export class Field {
  readonly #name: string

  constructor(name: string) {
    this.#name = text('name', name)
  }

  /** Seals a value for the row with this id, under the keys of its tenant. */
  async seal(scope: Scope, id: string, value: string): Promise<Sealed> {
    return new Sealed(await scope.seal(Buffer.from(text('value', value)), { name: this.#name, id }))
  }

  /** Opens the value of the row with this id. Throws `Unreadable` for one of another row, column or tenant. */
  async open(scope: Scope, id: string, sealed: Sealed): Promise<string> {
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
  return sealed.object
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

/**
 * A column of PostgreSQL for a blind index. It is written, and asked for, with the value itself: `eq(clients.emailIndex, 'ada@example.com')`;
 * what is read is the index in hexadecimal digits. `index` is called each time, for the index of the tenant at hand.
 */
export function indexed(index: () => BlindIndex) {
  return customType<{ data: string; driverData: Buffer }>({
    dataType: () => 'bytea',
    fromDriver: (driver) => Buffer.from(bytesOf(driver)).toString('hex'),
    toDriver: (value) => index().of(value),
  })
}

/** The same for SQLite. */
export function indexedBlob(index: () => BlindIndex) {
  return customTypeOfSqlite<{ data: string; driverData: Buffer }>({
    dataType: () => 'blob',
    fromDriver: (driver) => Buffer.from(bytesOf(driver)).toString('hex'),
    toDriver: (value) => index().of(value),
  })
}
