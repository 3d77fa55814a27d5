import { whole, wrongType } from './arguments'
import { PIECE } from './given'
import { native } from './native'
import type { Handle } from './native-types'
import { until } from './until'

/**
 * What can be read at any place: a `FileHandle`, or whatever has these two methods of one. One that may never answer is for a scope with a signal:
 * nothing else ends the waiting.
 */
export interface RangeSource {
  /**
   * Reads up to `length` bytes that lie `position` bytes from the beginning into a buffer, from `offset` on; none where it ends. Errors: what
   * `openRange` or `Range.read` then fails with.
   */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  /** How many bytes there are. Errors: what `openRange` then fails with. */
  stat(): Promise<{ size: number }>
}

export function isRangeSource(value: unknown): value is RangeSource {
  const { read, stat } = (value ?? {}) as Partial<RangeSource>
  return typeof read === 'function' && typeof stat === 'function'
}

/** An object that the native part cannot read itself: it says what it lacks, which is brought, and is asked again. */
export class Far {
  readonly #source: RangeSource
  readonly #handle: Handle<'Far'>
  readonly #signal: AbortSignal | undefined

  static async of(source: RangeSource, signal?: AbortSignal): Promise<Far> {
    const { size } = answered('source.stat', await source.stat())
    return new Far(source, signal, native.farNew(whole('size', size)))
  }

  private constructor(source: RangeSource, signal: AbortSignal | undefined, handle: Handle<'Far'>) {
    this.#source = source
    this.#signal = signal
    this.#handle = handle
  }

  /** What `call` gives, once it lacks nothing. `about`: how much it is going to read. */
  async with<T>(about: number, call: (far: Handle<'Far'>) => Promise<T>): Promise<T> {
    try {
      for (;;) {
        try {
          return await call(this.#handle)
        } catch (error) {
          const [from, length] = native.farWanted(this.#handle)
          if (from === undefined || length === undefined) throw error
          await this.#bring(from, Math.max(length, about))
        }
      }
    } finally {
      native.farForget(this.#handle)
    }
  }

  async #bring(from: number, length: number): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(length, PIECE))
    for (let at = from; at < from + length; ) {
      const most = Math.min(buffer.length, from + length - at)
      // Some never answer; the next turn is not to wait for those.
      const { bytesRead } = answered('source.read', await until(this.#signal, async () => this.#source.read(buffer, 0, most, at)))
      const brought = buffer.subarray(0, whole('bytesRead', bytesRead, buffer.length))
      native.farBring(this.#handle, at, brought)
      if (brought.length === 0) return
      at += brought.length
    }
  }
}

function answered<T>(name: string, answer: T): T {
  if (typeof answer !== 'object' || answer === null) throw wrongType(name, 'an object', answer)
  return answer
}
