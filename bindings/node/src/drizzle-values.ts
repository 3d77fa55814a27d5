// What goes into the columns of Drizzle and comes out of them, and how each kind of column is known from the others.

import { type Column, getTableColumns, is, Table } from 'drizzle-orm'
import { bytes, text, wrongType } from './arguments'
import { type BlindIndex, isSameIndex } from './blind-index'
import { Unreadable } from './errors'
import { checkMade, made } from './handle'
import { ownCopy } from './own'

/** The shortest object: header, salt, commitment, and a chunk without a byte. */
const OBJECT_MIN = 92

/** @internal */
export let indexedOf: (index: Uint8Array) => Indexed
/** @internal */
export let bytesOfIndex: (index: Indexed) => Buffer

/** The index of a value, from its column or of a `Field`. It goes back into its column as it is. */
export class Indexed {
  readonly #bytes: Buffer

  static {
    indexedOf = (index) => new Indexed(made, index)
    bytesOfIndex = (index) => index.#bytes
  }

  private constructor(key: symbol, index: Uint8Array) {
    checkMade(key, 'Indexed')
    this.#bytes = ownCopy(index)
  }

  /** A copy. */
  get bytes(): Buffer {
    return ownCopy(this.#bytes)
  }

  /** Without its bytes. Throws nothing. */
  toJSON(): string {
    return '[indexed]'
  }
}

/** @internal The object of a value that is written. */
export let written: (sealed: Sealed) => Buffer
/** @internal Gives a value that was just sealed its index. */
export let withIndex: (sealed: Sealed, by: BlindIndex, index: Indexed) => Sealed

/** What lies in an encrypted column. It opens only as the value of the row that it was sealed for. */
export class Sealed {
  readonly #object: Buffer
  #index: { by: BlindIndex; index: Indexed } | undefined

  static {
    written = (sealed) => {
      if (sealed.#index !== undefined) throw new TypeError('the value has an index: what is written is `columns` of it, which is both')
      return sealed.#object
    }
    withIndex = (sealed, by, index) => {
      sealed.#index = { by, index }
      return sealed
    }
  }

  /** From the bytes of an object. Errors: `Unreadable` (`not_an_envelope`) for what is none. */
  constructor(object: Uint8Array) {
    // What is kept is what was looked at: a class of the caller's may say other things each time.
    const kept = ownCopy(bytes('object', object))
    const [magic, version, suite, kind] = kept
    const isObject = magic === 0xf5 && version === 1 && suite === 1 && (kind === 0 || kind === 1) && kept.length >= OBJECT_MIN
    if (!isObject) throw new Unreadable('object: it is not sealed', 'not_an_envelope')
    this.#object = kept
  }

  /** A copy. */
  get object(): Buffer {
    return ownCopy(this.#object)
  }

  /**
   * What is written of a value that a `Field` with an index has just sealed: under these names of columns of the table, the value and its index.
   * Drizzle is told of both at once, `values({ id, ...value.columns(clients, 'email', 'emailIndex') })`, for of the value alone it takes none.
   * Errors: `InvalidValue` (`text_malformed`); a `TypeError` for a column of another index, as the value would not be found, and another no more, for
   * what is no column of its kind, and for a value that has no index.
   */
  columns<InTable extends AnyTable, Value extends ColumnsOf<InTable, Sealed>, Index extends ColumnsOf<InTable, Indexed>>(
    table: InTable,
    value: Value,
    index: Index,
  ): Record<Value, Sealed> & Record<Index, Indexed> {
    if (this.#index === undefined) throw new TypeError('the value was read, or its Field has no index')
    const known = columnsOf('table', table)
    if (kindOf('value', known, value) !== 'sealed') throw noColumn('value', 'sealed')
    const indexAtHand = kindOf('index', known, index)
    if (typeof indexAtHand !== 'function') throw noColumn('index', 'indexed')
    if (!isSameIndex(indexAtHand(), this.#index.by)) throw new TypeError('index: the column is of another index than the value')
    return { [value]: new Sealed(this.#object), [index]: this.#index.index } as Record<Value, Sealed> & Record<Index, Indexed>
  }

  /** Without its bytes. Throws nothing. */
  toJSON(): string {
    return '[sealed]'
  }
}

/** A table of Drizzle's, as far as it is asked: its own types are two, for `import` and for `require`. */
export interface AnyTable {
  readonly _: { readonly columns: Readonly<Record<string, { readonly _: { readonly data: unknown } }>> }
}

/** The names, in a table, of the columns for this. */
export type ColumnsOf<InTable extends AnyTable, Kind> = {
  [Name in keyof InTable['_']['columns'] & string]: Kind extends InTable['_']['columns'][Name]['_']['data'] ? Name : never
}[keyof InTable['_']['columns'] & string]

/** Of an index: the one at hand. */
type Kind = 'sealed' | (() => BlindIndex)

/** By what encodes their values: Drizzle keeps it in the column, of whatever database. */
const kinds = new WeakMap<object, Kind>()

/** @internal */
export function ofKind<Encode extends object>(kind: Kind, encode: Encode): Encode {
  kinds.set(encode, kind)
  return encode
}

function columnsOf(name: string, table: unknown): Record<string, Column> {
  if (!is(table, Table)) throw wrongType(name, 'a table of Drizzle', table)
  return getTableColumns(table)
}

/** Nothing for a name that the table does not have: Drizzle ignores it, and beside a new value the index of an old one would stay. */
function kindOf(name: string, columns: Record<string, Column>, column: string): Kind | undefined {
  const encode = Object.hasOwn(columns, text(name, column)) && (columns[column] as Column & { mapTo?: unknown }).mapTo
  return typeof encode === 'function' ? kinds.get(encode) : undefined
}

function noColumn(name: string, kind: string): TypeError {
  return new TypeError(`${name}: the table has no ${kind} column under this name`)
}
