// Seals or opens one large file, once, and prints what it took as a line of JSON, as `benches/src/bin/file.rs` does.
//
// node file.mjs memory|disk seal|open <peer> 1 <MiB> <folder>

import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'

import { CHUNK, COMMITMENT, CONTEXT, KEY, SALT, TAG, derive, numbered, openWith, sealWith } from './chunks.mjs'
import { Disk, Memory, STEP } from './media.mjs'

// A pipeline, as Node's documentation has it. What is opened comes out before it is known to be authentic.
const plain = {
  async seal(source, target) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', KEY, nonce).setAAD(CONTEXT)
    target.write([nonce])
    await pipeline(source.stream(), cipher, target.stream())
    target.write([cipher.getAuthTag()])
  },
  async open(source, target) {
    const end = source.length - TAG
    const decipher = createDecipheriv('aes-256-gcm', KEY, Buffer.from(source.read(0, 12))).setAAD(CONTEXT)
    decipher.setAuthTag(Buffer.from(source.read(end, TAG)))
    await pipeline(source.stream(12, end), decipher, target.stream())
  },
}

// As ours, and in one go: some chunks are read, sealed and written, then the next.
const fresh = {
  seal(source, target) {
    const salt = randomBytes(SALT)
    const { key, nonce, commitment } = derive(salt)
    target.write([salt, commitment])
    chunks(source, 0, CHUNK, target, (chunk, piece) => sealWith(key, numbered(nonce, chunk), piece))
  },
  open(source, target) {
    const start = Buffer.from(source.read(0, SALT + COMMITMENT))
    const { key, nonce, commitment } = derive(start.subarray(0, SALT))
    if (!timingSafeEqual(commitment, start.subarray(SALT))) throw new Error('another key')
    if ((source.length - start.length) % (CHUNK + TAG) === 0) throw new Error('cut')
    chunks(source, start.length, CHUNK + TAG, target, (chunk, piece) => openWith(key, numbered(nonce, chunk), piece))
  },
}

// The last is a short one, perhaps empty.
function chunks(source, from, size, target, work) {
  const step = Math.floor(STEP / CHUNK) * size
  for (let at = from, chunk = 0; at <= source.length; at += step) {
    const block = source.read(at, step)
    const parts = []
    for (let place = 0; place < step && place <= block.length; place += size) {
      parts.push(...work(chunk++, block.subarray(place, place + size)))
    }
    target.write(parts)
  }
}

function resetPeak() {
  writeFileSync('/proc/self/clear_refs', '5')
}

function peakKib() {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])
}

const [way, operation, name, threads, mebibytes, folder] = process.argv.slice(2)
const peer = { 'node-gcm': plain, 'node-fresh-key': fresh }[name]
const length = Number(mebibytes) * 2 ** 20
const medium = way === 'disk' ? new Disk(folder) : new Memory(length)
let source = medium.plaintext()
let held = 0
if (operation === 'open') {
  const kept = medium.kept()
  await peer.seal(source, kept)
  await kept.finish()
  source = medium.sealed(kept)
  held = medium.held(kept)
}
const target = medium.output()
resetPeak()
const [start, cpu] = [process.hrtime.bigint(), process.cpuUsage()]
await peer[operation](source, target)
target.finish()
const seconds = Number(process.hrtime.bigint() - start) / 1e9
const { user, system } = process.cpuUsage(cpu)
const peak = peakKib() - Math.floor(held / 1024)
if (operation === 'open' ? target.length !== length : target.length <= length) throw new Error('not all of it')
medium.clean()
const id = `${way}-${operation}-${threads}/${name}`
console.log(JSON.stringify({ id, seconds, cpu: (user + system) / 1e6, peak_kib: peak }))
