// Streams of Node and of the web over a sealer or opener that takes piece after piece.

import { addAbortSignal, Transform } from 'node:stream'
import { type Transformer, type TransformStreamDefaultController, TransformStream as WebStream } from 'node:stream/web'
import { types } from 'node:util'
import { bytes } from './arguments'
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

/** Small pieces are gathered up to so many bytes: a turn on the pool costs more than they do. */
const GATHERED = 64 * 1024

/** Takes pieces one after the other: the next only when the one before has come back. */
class Turns {
  readonly #begin: Piecewise
  readonly #tell: (bytes: number) => void
  #begun: ReturnType<Piecewise> | undefined
  #gathered: Uint8Array[] = []
  #length = 0
  #total = 0

  constructor(begin: Piecewise, tell: (bytes: number) => void) {
    this.#begin = begin
    this.#tell = tell
  }

  async push(chunk: unknown): Promise<Buffer> {
    // A copy, for whoever writes may use the memory again.
    const piece = Buffer.from(bytes('chunk', chunk))
    this.#gathered.push(piece)
    this.#length += piece.length
    return this.#length < GATHERED ? NOTHING : this.#turn()
  }

  async finish(): Promise<Buffer> {
    const rest = await this.#turn()
    const last = await (await this.#stream()).finish()
    return rest.length === 0 ? last : Buffer.concat([rest, last])
  }

  async #turn(): Promise<Buffer> {
    const piece = this.#gathered.length === 1 ? this.#gathered[0]! : Buffer.concat(this.#gathered)
    this.#gathered = []
    this.#length = 0
    if (piece.length === 0) return NOTHING
    const out = await (await this.#stream()).update(piece)
    this.#total += piece.length
    this.#tell(this.#total)
    return out
  }

  #stream(): ReturnType<Piecewise> {
    return (this.#begun ??= this.#begin())
  }
}

const NOTHING = Buffer.alloc(0)

/** A stream of Node. It emits `progress` with the number of bytes that went in. */
export function nodeStream(begin: Piecewise, { progress, signal }: Options): Transform {
  const turns = new Turns(begin, (total) => {
    progress?.(total)
    stream.emit('progress', total)
  })
  const settle = (work: Promise<Buffer>, done: (error: Error | null, out?: Buffer) => void) => {
    // Whatever was thrown, nothing included, it is an error.
    work.then((out) => (out.length === 0 ? done(null) : done(null, out)), (error: unknown) => done(types.isNativeError(error) ? error : new Error(String(error))))
  }
  const stream: Transform = new Transform({
    // A text is no chunk: what is no character in it would be sealed as another.
    decodeStrings: false,
    transform: (chunk, _encoding, done) => settle(turns.push(chunk), done),
    flush: (done) => settle(turns.finish(), done),
  })
  return signal === undefined ? stream : addAbortSignal(signal, stream)
}

/** A stream of the web, of the global type: with the types of a browser that is another one than Node's. */
export function webStream(begin: Piecewise, { progress, signal }: Options): TransformStream<Uint8Array, Uint8Array> {
  const turns = new Turns(begin, (total) => progress?.(total))
  let over = () => {}
  const enqueue = async (controller: TransformStreamDefaultController<Uint8Array>, work: Promise<Buffer>) => {
    try {
      const out = await work
      if (out.length > 0) controller.enqueue(out)
    } catch (error) {
      over()
      throw error
    }
  }
  const transformer: Transformer<Uint8Array, Uint8Array> & { cancel(): void } = {
    start(controller) {
      if (signal?.aborted) controller.error(signal.reason)
      else if (signal !== undefined) over = onAbort(signal, () => controller.error(signal.reason))
    },
    transform: (chunk, controller) => enqueue(controller, turns.push(chunk)),
    async flush(controller) {
      await enqueue(controller, turns.finish())
      over()
    },
    // Whoever reads or writes has given up. Node before 20.14 does not tell.
    cancel: () => over(),
  }
  return new WebStream<Uint8Array, Uint8Array>(transformer)
}
