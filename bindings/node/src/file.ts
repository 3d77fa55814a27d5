import { whole } from './arguments'
import { checkMade, Handled, made } from './handle'
import { native } from './native'
import type { Handle } from './native-types'
import { Turns } from './turns'
import { onAbort } from './until'

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
      progress?.(bytes)
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
export let rangeOf: (handle: Handle<'Range'>) => Range

/** An object that is opened in parts. Its file is open until it is closed, or until nobody has this any more. */
export class Range extends Handled<'Range'> {
  readonly #handle: Handle<'Range'>
  /** How long the plaintext is, in bytes. */
  readonly length: number
  readonly #turns = new Turns()

  static {
    rangeOf = (handle) => new Range(made, handle)
  }

  private constructor(key: symbol, handle: Handle<'Range'>) {
    checkMade(key, 'Range')
    super(handle)
    this.#handle = handle
    this.length = native.rangeLength(handle)
  }

  /** Reads so many bytes from there, fewer where the plaintext ends before. */
  async read(offset: number, length: number): Promise<Buffer> {
    const [from, most] = [whole('offset', offset), whole('length', length)]
    return this.#turns.take(() => native.rangeRead(this.#handle, from, most))
  }

  /** Closes the file, once what is being read has been read. */
  async close(): Promise<void> {
    await this.#turns.take(() => native.rangeClose(this.#handle))
  }

  /** As `close`; for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
