// Memory of one's own. What `Buffer.from` makes lies in a pool of Node's beside what others hold: who clones it, or sends it to a worker, sends the
// whole pool along.

import { types } from 'node:util'

/** A copy. */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}

/** A text as bytes, which whoever asked for them wipes. */
export function ownText(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}

/** Pieces in one: a body may hold a token. `TypeError` for texts, which a stream gives that was told an encoding. */
export function ownWhole(pieces: readonly unknown[]): Buffer {
  if (!pieces.every(types.isUint8Array)) throw new TypeError('body: bytes are wanted, a stream that was told an encoding gives text')
  const whole = Buffer.allocUnsafeSlow(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
