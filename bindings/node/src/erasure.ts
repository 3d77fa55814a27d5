import { date } from './handle'
import type { ErasureRow } from './native-types'

/** What a destruction has done. */
export interface Erasure extends Omit<ErasureRow, 'completeAt'> {
  /** When no cache and no backup of the key store holds one of them any more. */
  readonly completeAt: Date
}

/** @internal */
export function erasureOf({ keys, completeAt }: ErasureRow): Erasure {
  return Object.freeze({ keys: Object.freeze(keys), completeAt: date(completeAt) })
}
