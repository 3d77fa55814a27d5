// Where a large file comes from and where it goes. A source reads at a place, or is a stream; a target takes parts, or is a stream.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { Readable, Writable } from 'node:stream'

export const STEP = 128 << 10

// Plaintext is one block again and again; what comes out last is counted, and kept nowhere.
export class Memory {
  #length

  constructor(length) {
    this.#length = length
  }

  plaintext() {
    const noise = randomBytes(STEP)
    return new Bytes(this.#length, (at, length) => noise.subarray(0, length))
  }

  kept() {
    return new Held(Buffer.alloc(this.#length + Math.ceil(this.#length / 512) + 4096))
  }

  sealed({ room, length }) {
    return new Bytes(length, (at, part) => room.subarray(at, at + part))
  }

  output() {
    return new Target()
  }

  held(target) {
    return target.length
  }

  clean() {}
}

// As ours: a new file takes its name once the medium has it. What is read lies in none of the system's caches.
export class Disk {
  #folder

  constructor(folder) {
    this.#folder = folder
  }

  plaintext() {
    return cold(`${this.#folder}/source`)
  }

  kept() {
    return new WholeFile(this.#folder, 'sealed')
  }

  sealed({ path }) {
    return cold(path)
  }

  output() {
    return new WholeFile(this.#folder, 'result')
  }

  held() {
    return 0
  }

  clean() {
    for (const name of ['sealed', 'result']) fs.rmSync(`${this.#folder}/${name}`, { force: true })
  }
}

function cold(path) {
  // As `posix_fadvise`, which Node has not.
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
  const file = fs.openSync(path)
  const room = Buffer.alloc(2 * STEP)
  const read = (at, length) => room.subarray(0, fs.readSync(file, room, 0, length, at))
  const stream = (start, end) => fs.createReadStream(path, { start, end: end - 1, highWaterMark: STEP })
  return new Bytes(fs.fstatSync(file).size, read, stream)
}

class Bytes {
  length
  #part
  #stream

  constructor(length, part, stream) {
    this.length = length
    this.#part = part
    this.#stream = stream
  }

  // As many bytes from there on as there are, but no more than these. They are gone at the next call.
  read(at, length) {
    return this.#part(at, Math.min(length, this.length - at))
  }

  stream(start = 0, end = this.length) {
    if (this.#stream) return this.#stream(start, end)
    return Readable.from(this.#blocks(start, end), { objectMode: false, highWaterMark: STEP })
  }

  *#blocks(start, end) {
    for (let at = start; at < end; at += STEP) yield this.read(at, Math.min(STEP, end - at))
  }
}

// Counts, and keeps nothing.
class Target {
  length = 0

  write(parts) {
    for (const part of parts) this.take(part)
  }

  take(part) {
    this.length += part.length
  }

  stream() {
    const write = (part, _, done) => {
      this.take(part)
      done()
    }
    return new Writable({ highWaterMark: STEP, write })
  }

  finish() {}
}

class Held extends Target {
  constructor(room) {
    super()
    this.room = room
  }

  take(part) {
    part.copy(this.room, this.length)
    super.take(part)
  }
}

class WholeFile {
  #folder
  #file

  constructor(folder, name) {
    this.#folder = folder
    this.path = `${folder}/${name}`
    this.#file = fs.openSync(`${this.path}.new`, 'w')
  }

  write(parts) {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (fs.writevSync(this.#file, parts) !== length) throw new Error('the disk is full')
  }

  stream() {
    return fs.createWriteStream(null, { fd: this.#file, autoClose: false, highWaterMark: STEP })
  }

  finish() {
    this.length = fs.fstatSync(this.#file).size
    fs.fsyncSync(this.#file)
    fs.closeSync(this.#file)
    fs.renameSync(`${this.path}.new`, this.path)
    const folder = fs.openSync(this.#folder)
    fs.fsyncSync(folder)
    fs.closeSync(folder)
  }
}
