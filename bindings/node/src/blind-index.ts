import { flag, options as optionsOf, text, whole } from './arguments'
import { checkMade, Handled, made } from './handle'
import { native } from './native'
import type { Handle } from './native-types'

/** Everything that says which index it is. */
export interface IndexOptions {
  /** Of the table: 1 to 64 bytes. */
  table: string
  /** Of the column: 1 to 64 bytes. */
  column: string
  /** 1 to 256, see `indexBits`. */
  bits: number
  /** Of the index: 1 to 64 bytes; `eq`, if nothing is said. */
  name?: string | undefined
  /** What values become first: `exact`, if nothing is said. */
  normaliser?: 'exact' | 'ascii-lowercase' | 'digits' | undefined
  /** From 1, which it is if nothing is said. */
  version?: number | undefined
}

const OPTIONS = ['table', 'column', 'bits', 'name', 'normaliser', 'version'] as const

/** @internal */
export let tenantOfIndex: (index: BlindIndex) => string
/** @internal Whether they are one index, be it of several tenants: values of one are found by both. */
export let isSameIndex: (one: BlindIndex, other: BlindIndex) => boolean

let blindIndexOf: (handle: Handle<'BlindIndex'>, tenant: string, facts: readonly unknown[]) => BlindIndex

/**
 * Makes blind indexes: what is stored beside an encrypted column so that equal values can be found. Whoever reads them sees which rows have
 * equal values.
 */
export class BlindIndex extends Handled<'BlindIndex'> {
  readonly #handle: Handle<'BlindIndex'>
  readonly #tenant: string
  /** Everything that says which index it is, but for the tenant. */
  readonly #facts: readonly unknown[]

  static {
    blindIndexOf = (...values) => new BlindIndex(made, ...values)
    tenantOfIndex = (index) => index.#tenant
    isSameIndex = (one, other) => one.#facts.every((fact, place) => fact === other.#facts[place])
  }

  private constructor(key: symbol, handle: Handle<'BlindIndex'>, tenant: string, facts: readonly unknown[]) {
    checkMade(key, 'BlindIndex')
    super(handle)
    this.#handle = handle
    this.#tenant = tenant
    this.#facts = facts
  }

  /** The index of a value: its version, then as many bytes as its bits take. Errors: `InvalidValue` (`index_empty_value`). */
  of(value: string): Buffer {
    return native.blindIndexOf(this.#handle, text('value', value))
  }
}

/** @internal */
export async function blindIndex(scope: Handle<'Scope'>, of: { readonly tenant: string; readonly name: string }, options: IndexOptions): Promise<BlindIndex> {
  const { table, column, bits, name = 'eq', normaliser = 'exact', version = 1 } = optionsOf('options', options, OPTIONS)
  const said = {
    table: text('table', table),
    column: text('column', column),
    name: text('name', name),
    normaliser: text('normaliser', normaliser),
    bits: whole('bits', bits, 0xffff),
    version: whole('version', version, 0xff),
  }
  const [handle] = await native.scopeBlindIndex(scope, said)
  return blindIndexOf(handle, of.tenant, [of.name, ...Object.values(said)])
}

export interface IndexSize {
  /** Of the column. */
  rows: number
  /** Different values in it. */
  distinct: number
  /** In all other indexes of the table; 0, if nothing is said. */
  otherBits?: number | undefined
  /** That frequencies tell the values of a column with fewer than 256 is known. */
  evenIfFew?: boolean | undefined
}

/** How many bits an index should have: enough to find few rows by it, too few to tell each value. Errors: `InvalidValue` (`index_too_few_values`). */
export function indexBits(size: IndexSize): number {
  const { rows, distinct, otherBits = 0, evenIfFew } = optionsOf('size', size, ['rows', 'distinct', 'otherBits', 'evenIfFew'])
  const other = whole('otherBits', otherBits, 2 ** 32 - 1)
  return native.indexBits(whole('rows', rows), whole('distinct', distinct), other, flag('evenIfFew', evenIfFew))
}
