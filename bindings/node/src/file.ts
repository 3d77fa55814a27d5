import { unheard, whole } from './arguments'
import type { Far } from './far'
import { checkMade, Handled, made } from './handle'
import { native } from './native'
import type { Handle } from './native-types'
import { Turns } from './turns'
import { onAbort, until } from './until'

/** How often progress is told, in milliseconds. */
const EVERY = 50

/** What this thread has under way. When it ends, Node waits for the pool; nobody waits for these. */
const jobs = new Set<Handle<'Job'>>()
process.once('exit', () => jobs.forEach((job) => native.jobEnd(job)))

/** Follows work on a file: tells how far it is, and ends it when the signal, or whoever is told, says so. */
export async function followed(
  { progress, signal }: { progress?: ((bytes: number) => void) | undefined; signal?: AbortSignal | undefined },
  begin: (job: Handle<'Job'>) => Promise<number>,
): Promise<number> {
  signal?.throwIfAborted()
  const job = native.jobNew()
  let failure: { reason: unknown } | undefined
  let before = 0
  const end = (reason: unknown) => {
    failure ??= { reason }
    native.jobEnd(job)
  }
  const tell = () => {
    const bytes = native.jobBytes(job)
    if (bytes === before || failure !== undefined) return
    before = bytes
    try {
      unheard(progress?.(bytes))
    } catch (error) {
      end(error)
    }
  }
  const over = signal && onAbort(signal, () => end(signal.reason))
  const timer = progress && setInterval(tell, EVERY)
  jobs.add(job)
  try {
    const done = await begin(job)
    tell()
    // Of what is done the last word may be refused, too.
    if (failure !== undefined) throw failure.reason
    return done
  } catch (error) {
    throw failure === undefined ? error : failure.reason
  } finally {
    jobs.delete(job)
    clearInterval(timer)
    over?.()
  }
}

/** @internal */
export let rangeOf: (handle: Handle<'Range'>, signal: AbortSignal | undefined, far: Far | undefined) => Range

/** An object that is opened in parts. A file that was told by its path is open until it is closed, or until nobody has this any more. */
export class Range extends Handled<'Range'> {
  readonly #handle: Handle<'Range'>
  readonly #signal: AbortSignal | undefined
  readonly #far: Far | undefined
  /** How long the plaintext is, in bytes. */
  readonly length: number
  readonly #turns = new Turns()

  static {
    rangeOf = (...values) => new Range(made, ...values)
  }

  private constructor(key: symbol, handle: Handle<'Range'>, signal: AbortSignal | undefined, far: Far | undefined) {
    checkMade(key, 'Range')
    super(handle)
    this.#handle = handle
    this.#signal = signal
    this.#far = far
    this.length = native.rangeLength(handle)
  }

  /**
   * Reads so many bytes from there, fewer where the plaintext ends before. Errors: `Unreadable`, `InvalidValue` (`closed`), `Unavailable`, and what a
   * source of the caller's is rejected with.
   */
  async read(offset: number, length: number): Promise<Buffer> {
    const [from, most] = [whole('offset', offset), whole('length', length)]
    const read = () => native.rangeRead(this.#handle, from, most)
    // It lies there in chunks, each a little longer than what it holds.
    const about = Math.ceil(Math.min(most, Math.max(0, this.length - from)) * 1.001)
    return until(this.#signal, () => this.#turns.take(() => this.#far?.with(about, read) ?? read()))
  }

  /** Closes the file, once what is being read has been read. A `FileHandle` stays open: it is the caller's. Throws nothing. */
  async close(): Promise<void> {
    await this.#turns.take(() => native.rangeClose(this.#handle))
  }

  /** As `close`; for `await using`. Throws nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
