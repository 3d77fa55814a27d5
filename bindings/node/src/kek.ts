// KEKs that the application asks, for a keyring that lies under one: spec/envelope.md section 11.

import { types } from 'node:util'
import { bytes, unheard, wrongType } from './arguments'
import { InvalidValue, type PortwardError, Unavailable } from './errors'
import type { KekSlotRow } from './native-types'

/** One of the KEKs that a keyring lies under, and what has to be unwrapped. Nothing of it is secret. */
export interface KekSlot extends Omit<KekSlotRow, 'context'> {
  /** The same in names and texts, for one that takes these: AWS KMS. */
  readonly encryptionContext: Readonly<Record<string, string>>
}

/** Whoever has KEKs, asked by `Keyring.open`. `portward/aws-kms` has one. */
export interface KekProvider {
  /**
   * Whether this KEK is here and may be used. Calls nobody. A slot comes from a file that whoever can write the directory has written: compare
   * `kind`, `id` and `version` with what the application is configured for. Throws nothing; what it throws all the same is taken as of `unwrap`.
   */
  resolves(slot: KekSlot): boolean
  /**
   * The 32 bytes in `slot.wrapped`, which are bound to `slot.binding`, or `slot.encryptionContext`; they are overwritten once they were read. To be
   * rejected with an `Unavailable` of the code `kek_unavailable` if, and only if, another attempt may go well: then the next KEK is asked, if
   * there is one. Whatever else it is rejected with is a refusal. `signal`: that of `Keyring.open`.
   */
  unwrap(slot: KekSlot, signal?: AbortSignal): Promise<Uint8Array>
}

/** @internal */
export function slotOf({ context, ...row }: KekSlotRow): KekSlot {
  return Object.freeze({ ...row, encryptionContext: Object.freeze(Object.fromEntries(context) as Record<string, string>) })
}

/** @internal Which slot was unwrapped, and the key in it. */
export async function keyOf(slots: readonly KekSlot[], provider: KekProvider, signal?: AbortSignal): Promise<[number, Uint8Array]> {
  let away: { cause: unknown } | undefined
  for (const [number, slot] of slots.entries()) {
    let isHere: unknown
    let key: unknown
    try {
      isHere = provider.resolves(slot)
      if (isHere === true) key = await provider.unwrap(slot, signal)
    } catch (cause) {
      // Whatever it has to say, it is the cause, and goes no further.
      if (!isAway(cause)) throw because(cause, new Unavailable('the KEK does not unwrap the keyring', 'unwrap_failed', 'unavailable'))
      away = { cause }
      continue
    }
    // What is no answer at all, such as a promise, is a mistake of the provider's code.
    unheard(isHere)
    if (typeof isHere !== 'boolean') throw wrongType('kek.resolves', 'a boolean', isHere)
    if (isHere) return [number, keyIn(key)]
  }
  if (away) throw because(away.cause, new Unavailable('the provider of the KEK cannot be reached', 'kek_unavailable', 'unavailable'))
  throw new InvalidValue('the keyring is under a KEK that the provider does not have', 'kek_required')
}

function overwrite(unwrapped: unknown): void {
  try {
    if (types.isUint8Array(unwrapped)) Uint8Array.prototype.fill.call(unwrapped, 0)
  } catch {
    // Its memory is gone.
  }
}

/** What is no key of ours may be one in memory that is not taken: it does not stay there. */
function keyIn(unwrapped: unknown): Uint8Array {
  try {
    return bytes('kek.unwrap', unwrapped)
  } catch (error) {
    overwrite(unwrapped)
    throw error
  }
}

function isAway(error: unknown): boolean {
  return error instanceof Unavailable && error.code === 'kek_unavailable'
}

/** @internal */
export function because(cause: unknown, error: PortwardError): PortwardError {
  error.cause = cause
  return error
}
