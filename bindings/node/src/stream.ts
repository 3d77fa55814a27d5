// Streams of Node and of the web over a sealer or opener that takes piece after piece.

import { addAbortSignal, Transform } from 'node:stream'
import { type Transformer, TransformStream as WebStream } from 'node:stream/web'
import { bytes, unheard } from './arguments'
import { failure } from './errors'
import { Lasting } from './given'
import { onAbort } from './until'

/** Begins to take pieces. */
export type Piecewise = () => Promise<{
  update(bytes: Uint8Array): Promise<Buffer>
  finish(): Promise<Buffer>
}>

interface Options {
  progress?: ((bytes: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** How much goes to the pool at a time: small pieces are gathered, for a turn there costs more than they do, and long ones cut. */
const TURN = 64 * 1024

/** Takes pieces one after the other: the next only when the one before has come back. */
class Turns {
  readonly #begin: Piecewise
  readonly #tell: (bytes: number) => void
  readonly #give: (out: Buffer) => void | Promise<void>
  #begun: ReturnType<Piecewise> | undefined
  #gathered: Buffer | undefined
  #length = 0
  #total = 0

  constructor(begin: Piecewise, tell: (bytes: number) => void, give: (out: Buffer) => void | Promise<void>) {
    this.#begin = begin
    this.#tell = tell
    this.#give = give
  }

  /** Until this is done, whoever writes leaves the memory as it is. */
  async push(chunk: unknown): Promise<void> {
    const all = new Lasting('chunk', chunk)
    for (let at = 0; at < all.length; ) {
      if (this.#length === 0 && all.length - at >= TURN) {
        const from = at
        await this.#turn(() => all.piece(from, TURN))
        at += TURN
      } else {
        const piece = all.piece(at, TURN - this.#length)
        this.#gather(piece)
        at += piece.length
        if (this.#length === TURN) await this.#rest()
      }
    }
  }

  async finish(): Promise<void> {
    if (this.#length > 0) await this.#rest()
    await this.#put(await (await this.#stream()).finish())
  }

  #gather(piece: Uint8Array): void {
    this.#gathered ??= Buffer.allocUnsafeSlow(TURN)
    this.#gathered.set(piece, this.#length)
    this.#length += piece.length
  }

  async #rest(): Promise<void> {
    const piece = this.#gathered!.subarray(0, this.#length)
    this.#length = 0
    await this.#turn(() => piece)
  }

  /** `piece` is asked for once it can be handed on, which copies it. */
  async #turn(piece: () => Uint8Array): Promise<void> {
    const stream = await this.#stream()
    const taken = piece()
    this.#total += taken.length
    const out = await stream.update(taken)
    this.#tell(this.#total)
    await this.#put(out)
  }

  async #put(out: Buffer): Promise<void> {
    if (out.length > 0) await this.#give(out)
  }

  #stream(): ReturnType<Piecewise> {
    return (this.#begun ??= this.#begin())
  }
}

/** A transform that is given what comes out piece by piece, and not more than somebody reads. */
class Paced extends Transform {
  #wanted: (() => void) | undefined

  override write(chunk: unknown, ...more: any[]): boolean {
    return super.write(this.#there(chunk), ...(more as []))
  }

  override end(chunk?: unknown, ...more: any[]): this {
    return super.end(this.#there(chunk), ...(more as []))
  }

  /** Bytes, looked at before Node does, which makes others of them: none of a view whose memory is gone. Other views are not taken for bytes. */
  #there(chunk: unknown): unknown {
    if (!ArrayBuffer.isView(chunk)) return chunk
    try {
      return bytes('chunk', chunk)
    } catch (error) {
      this.destroy(error as Error)
      return Buffer.alloc(0)
    }
  }

  /** Gives out a piece; waits until more is wanted. */
  async give(out: Buffer): Promise<void> {
    if (!this.push(out)) await new Promise<void>((resolve) => (this.#wanted = resolve))
  }

  override _read(size: number): void {
    super._read(size)
    this.#wanted?.()
    this.#wanted = undefined
  }
}

/** A stream of Node. It emits `progress` with the number of bytes that went in. */
export function nodeStream(begin: Piecewise, { progress, signal }: Options): Transform {
  const tell = (total: number) => {
    unheard(progress?.(total))
    stream.emit('progress', total)
  }
  const turns = new Turns(begin, tell, (out) => stream.give(out))
  const settle = (work: Promise<void>, done: (error?: Error) => void) => {
    // Whatever was thrown, nothing included, it is an error.
    work.then(() => done(), (error: unknown) => done(failure(error)))
  }
  const stream = new Paced({
    // A text is no chunk: what is no character in it would be sealed as another.
    decodeStrings: false,
    transform: (chunk, _encoding, done) => settle(turns.push(chunk), done),
    flush: (done) => settle(turns.finish(), done),
  })
  return signal === undefined ? stream : addAbortSignal(signal, stream)
}

/** A stream of the web, of the global type: with the types of a browser that is another one than Node's. */
export function webStream(begin: Piecewise, { progress, signal }: Options): TransformStream<Uint8Array, Uint8Array> {
  let give = (_out: Buffer) => {}
  let over = () => {}
  const turns = new Turns(begin, (total) => unheard(progress?.(total)), (out) => give(out))
  const settled = async (work: Promise<void>) => {
    try {
      await work
    } catch (error) {
      over()
      throw error
    }
  }
  const transformer: Transformer<Uint8Array, Uint8Array> & { cancel(): void } = {
    start(controller) {
      give = (out) => controller.enqueue(out)
      if (signal?.aborted) controller.error(signal.reason)
      else if (signal !== undefined) over = onAbort(signal, () => controller.error(signal.reason))
    },
    transform: (chunk) => settled(turns.push(chunk)),
    async flush() {
      await settled(turns.finish())
      over()
    },
    // Whoever reads or writes has given up. Node before 20.14 does not tell.
    cancel: () => over(),
  }
  return new WebStream<Uint8Array, Uint8Array>(transformer)
}
