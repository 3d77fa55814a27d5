import { setImmediate as turn } from 'node:timers/promises'
import { bytes, wrongType } from './arguments'
import { native } from './native'
import type { Handle } from './native-types'

/** So much is copied at once: the event loop does not feel it. */
export const PIECE = 256 * 1024

/** Bytes that are looked at over some time, in which they may be gone. */
export class Lasting {
  readonly #name: string
  readonly #bytes: Uint8Array
  readonly length: number

  constructor(name: string, value: unknown) {
    this.#name = name
    this.#bytes = bytes(name, value)
    this.length = this.#bytes.length
  }

  /** These of them, not copied. */
  piece(from: number, length: number): Uint8Array {
    // Transferred to a thread, or cut short: what is left would pass for all.
    if (this.#bytes.length !== this.length) throw wrongType(this.#name, 'memory that stays until it was read', this.#bytes)
    return this.#bytes.subarray(from, from + length)
  }
}

/** Copies bytes for the native part: at once if they are few, else a piece a turn of the event loop. */
export async function given(name: string, value: unknown, signal?: AbortSignal): Promise<Handle<'Given'>> {
  const all = new Lasting(name, value)
  const copy = native.givenNew(all.length, all.piece(0, PIECE))
  for (let at = PIECE; at < all.length; at += PIECE) {
    await turn()
    signal?.throwIfAborted()
    native.givenMore(copy, all.piece(at, PIECE))
  }
  return copy
}
