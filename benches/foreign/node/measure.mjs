// Seals and opens with Node's `crypto`, from memory to memory. Prints a line of JSON a measurement: the best of several runs, in nanoseconds
// by the wall, since Node 20 cannot tell the time of one thread.

import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from 'node:crypto'

import { CHUNK, COMMITMENT, CONTEXT, KEY, SALT, TAG, derive, numbered, openWith, sealWith } from './chunks.mjs'

const SIZES = { '64B': 64, '1KiB': 1 << 10, '64KiB': 64 << 10, '1MiB': 1 << 20 }
const [RUNS, RUN_NS] = { short: [2, 2e6], long: [15, 3e8] }[process.env.PORTWARD_BENCH] ?? [7, 1e8]

// One key for all messages and a random nonce: no more than 2^32 of them, and no commitment.
const plain = {
  seal(plaintext) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', KEY, nonce).setAAD(CONTEXT)
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  },
  open(sealed) {
    const decipher = createDecipheriv('aes-256-gcm', KEY, sealed.subarray(0, 12)).setAAD(CONTEXT)
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
    return Buffer.concat([decipher.update(sealed.subarray(12, sealed.length - TAG)), decipher.final()])
  },
}

// As ours: salt, then by HKDF a key, a nonce and a commitment of this message alone, then chunks.
const fresh = {
  seal(plaintext) {
    const salt = randomBytes(SALT)
    const { key, nonce, commitment } = derive(salt)
    const parts = [salt, commitment]
    for (let chunk = 0; chunk * CHUNK <= plaintext.length; chunk++) {
      parts.push(...sealWith(key, numbered(nonce, chunk), plaintext.subarray(chunk * CHUNK, (chunk + 1) * CHUNK)))
    }
    return Buffer.concat(parts)
  },
  open(sealed) {
    const { key, nonce, commitment } = derive(sealed.subarray(0, SALT))
    if (!timingSafeEqual(commitment, sealed.subarray(SALT, SALT + COMMITMENT))) throw new Error('another key')
    const parts = []
    const body = sealed.subarray(SALT + COMMITMENT)
    for (let chunk = 0; chunk * (CHUNK + TAG) < body.length; chunk++) {
      const piece = body.subarray(chunk * (CHUNK + TAG), (chunk + 1) * (CHUNK + TAG))
      parts.push(...openWith(key, numbered(nonce, chunk), piece))
    }
    return Buffer.concat(parts)
  },
}

function best(call) {
  let calls = 1
  let fastest = Infinity
  for (let run = 0; run < RUNS; run++) {
    let spent
    while ((spent = timed(call, calls)) < RUN_NS / 2) calls *= 2
    fastest = Math.min(fastest, spent / calls)
  }
  return fastest
}

function timed(call, calls) {
  const start = process.hrtime.bigint()
  for (let index = 0; index < calls; index++) call()
  return Number(process.hrtime.bigint() - start)
}

for (const [name, peer] of Object.entries({ 'node-gcm': plain, 'node-fresh-key': fresh })) {
  for (const [size, length] of Object.entries(SIZES)) {
    const plaintext = randomBytes(length)
    const sealed = peer.seal(plaintext)
    if (!peer.open(sealed).equals(plaintext)) throw new Error(`${name} does not open what it seals`)
    const report = (id, ns) => console.log(JSON.stringify({ id, ns: Math.round(ns * 10) / 10 }))
    report(`seal-${size}/${name}`, best(() => peer.seal(plaintext)))
    report(`open-${size}/${name}`, best(() => peer.open(sealed)))
  }
}
