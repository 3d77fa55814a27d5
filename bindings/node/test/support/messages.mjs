// Messages of the feed, as far as a follower that draws its own challenges is to be sent those of the vectors: spec/revocation.md section 4.

import { createHash, createHmac } from 'node:crypto'
import { Follower } from 'portward'
import { derive, keyOf } from './vectors.mjs'

const [LIVE_DELTA, LIVE_SNAPSHOT, , LIST_SNAPSHOT, SAVED_SNAPSHOT] = [1, 2, 3, 4, 5]
const TAG = 32
const NO_HISTORY = Buffer.alloc(32)

const number = (value, length) => Buffer.from(BigInt(value).toString(16).padStart(2 * length, '0'), 'hex')
const hex = (text) => Buffer.from(text, 'hex')

/** Whether a message answers a request. */
export const isLive = (message) => message[4] === LIVE_DELTA || message[4] === LIVE_SNAPSHOT

/** The challenge at the end of a request. */
export const challengeOf = (request) => request.subarray(-16)

/** The wire form of a scope, as a follower writes it into its first request. */
export async function scopeWire(keyring, tenants) {
  return (await new Follower(keyring, { tenants }).request()).subarray(4, -17)
}

function tag(root, deploymentId, scope, before) {
  const key = derive(keyOf(root.key), deploymentId, 'portward/v1/view', [createHash('sha256').update(scope).digest()])
  return createHmac('sha256', key).update('portward/v1/feed\0').update(before).digest()
}

/** The same message with another challenge. One that was signed rightly is signed again, and a forged one stays so. */
export function rewritten(message, { roots, deploymentId, scope, challenges }) {
  const theirs = isLive(message) && [...challenges.keys()].find((challenge) => message.includes(hex(challenge)))
  if (!theirs) return message
  const at = message.indexOf(hex(theirs))
  const [before, after] = [message.subarray(0, -TAG), message.subarray(-TAG)]
  const ours = Buffer.from(before)
  challenges.get(theirs).copy(ours, at)
  const root = roots.find(({ id, key }) => key !== null && hex(id).equals(message.subarray(5, 9)))
  const isRight = root !== undefined && tag(root, deploymentId, scope, before).equals(after)
  return Buffer.concat([ours, isRight ? tag(root, deploymentId, scope, ours) : after])
}

/** What brings a follower to a view, and when. */
export function messageOf({ evidence, incarnation, sequence, history, records }, { root, deploymentId, scope, challenge }) {
  const [at, ends] = [evidence.this_update ?? 0, evidence.next_update]
  const list = [LIST_SNAPSHOT, Buffer.concat(ends === undefined ? [] : [number(at, 5), number(ends, 5)])]
  const [kind, proof] = evidence === 'none' ? [SAVED_SNAPSHOT, Buffer.alloc(0)] : 'live_sent_at' in evidence ? [LIVE_SNAPSHOT, challenge] : list
  const stamps = [number(0, 8), NO_HISTORY, number(sequence, 8), hex(history)]
  const before = Buffer.concat([Buffer.from('pwf'), Buffer.of(1, kind), hex(root.id), deploymentId, hex(incarnation), scope, ...stamps, proof, hex(records)])
  return { message: Buffer.concat([before, tag(root, deploymentId, scope, before)]), at }
}
