import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { getEventListeners, once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, readdir, readFile, readlink, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Keyring, PortwardError, Unreadable } from 'portward'
import { onEach } from './support/databases.mjs'
import { code, scope, store, until } from './support/fixtures.mjs'

const OF = { name: 'files.content', id: '7' }

onEach('sealed and opened in memory', async (database) => {
  const { scope: files } = await scope('file:contents', database)
  for (const options of [{}, { embedded: true }, { more: { 'x-version': '2' } }]) {
    const { more } = options
    const object = await files.seal(Buffer.from('a contract'), { ...OF, ...options })
    assert.equal((await files.open(object, { ...OF, more })).toString(), 'a contract')
    assert.equal(files.openSync(new Uint8Array(object), { ...OF, more }).toString(), 'a contract')
    for (const other of [{ ...OF, id: '8', more }, { ...OF, name: 'x', more }, { ...OF, more: { 'x-version': '3' } }]) {
      await assert.rejects(files.open(object, other), (error) => error instanceof Unreadable && error instanceof PortwardError)
    }
    object[object.length - 1] ^= 1
    await assert.rejects(files.open(object, { ...OF, more }), Unreadable)
  }
  assert.equal(files.openSync(files.sealSync(Buffer.from('x'), OF), OF).toString(), 'x')
})

onEach('a text is no chunk of a stream, whatever a stream of Node makes of it', async (database) => {
  const { scope: files } = await scope('file:contents', database)
  for (const stream of [files.sealStream(OF), files.openStream(OF)]) {
    const failed = once(stream, 'error')
    stream.end('x\ud800')
    const [error] = await failed
    assert.ok(error instanceof TypeError && error.message.startsWith('chunk:'), error.message)
  }
  assert.ok((await through(files.sealStream(OF), [Buffer.from('x')])).length > 1, 'the control')
})

async function through(stream, chunks) {
  const out = []
  await pipeline(Readable.from(chunks), stream, async (source) => {
    for await (const chunk of source) out.push(chunk)
  })
  return Buffer.concat(out)
}

function* cut(bytes, step) {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
}

test('streams are the same as memory, however they are cut', async () => {
  const { scope: files } = await scope()
  for (const length of [0, 1, 16_384, 200_000]) {
    const plaintext = randomBytes(length)
    for (const step of [313, 16_400, 300_000]) {
      const object = await through(files.sealStream(OF), cut(plaintext, step))
      assert.ok((await files.open(object, OF)).equals(plaintext))
      assert.ok((await through(files.openStream(OF), cut(object, step))).equals(plaintext))
    }
  }
})

test('streams of the web', async () => {
  const { scope: files } = await scope()
  const plaintext = randomBytes(300_000)
  const source = new Blob([plaintext]).stream()
  const told = []
  const opened = source.pipeThrough(files.sealWebStream({ ...OF, progress: (bytes) => told.push(bytes) })).pipeThrough(files.openWebStream(OF))
  assert.ok(Buffer.from(await new Response(opened).arrayBuffer()).equals(plaintext))
  assert.equal(told.at(-1), plaintext.length)
  const wrong = new Blob([plaintext]).stream().pipeThrough(files.openWebStream(OF))
  await assert.rejects(new Response(wrong).arrayBuffer(), Unreadable)
  const signal = AbortSignal.abort(new Error('enough'))
  await assert.rejects(new Response(new Blob([plaintext]).stream().pipeThrough(files.sealWebStream({ ...OF, signal }))).arrayBuffer(), /enough/)
})

test('a stream listens to its signal as long as it lives, and no longer', async () => {
  const { scope: files } = await scope()
  const { signal } = new AbortController()
  const listening = () => getEventListeners(signal, 'abort').length
  const object = await files.seal(randomBytes(200_000), OF)
  const broken = Buffer.from(object)
  broken[10_000] ^= 1
  const drained = async (stream, bytes) => new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer()

  const kept = files.openWebStream({ ...OF, signal })
  assert.equal(listening(), 1)
  assert.equal((await drained(kept, object)).byteLength, 200_000)
  assert.equal(listening(), 0)

  await assert.rejects(drained(files.openWebStream({ ...OF, signal }), broken), Unreadable)
  assert.equal(listening(), 0, 'after an error of a piece')
  await assert.rejects(drained(files.openWebStream({ ...OF, signal }), object.subarray(0, -1)), Unreadable)
  assert.equal(listening(), 0, 'after an error at the end')

  const [unread, unwritten] = [files.openWebStream({ ...OF, signal }), files.openWebStream({ ...OF, signal })]
  assert.equal(listening(), 1, 'of many, one listens')
  await unread.readable.cancel('enough')
  assert.equal(listening(), 1, 'who reads has given up')
  await unwritten.writable.abort('enough')
  assert.equal(listening(), 0, 'who writes has')

  const stream = files.openStream({ ...OF, signal })
  assert.equal(listening(), 1)
  await assert.rejects(through(stream, cut(broken, 9_000)), Unreadable)
  assert.equal(listening(), 0)
})

test('a stream that was cut or changed ends with an error', async () => {
  const { scope: files } = await scope()
  const object = await files.seal(randomBytes(100_000), OF)
  await assert.rejects(through(files.openStream(OF), cut(object.subarray(0, -1), 9_000)), Unreadable)
  await assert.rejects(through(files.openStream(OF), cut(object.subarray(0, 10), 9_000)), Unreadable)
  object[50_000] ^= 1
  await assert.rejects(through(files.openStream(OF), cut(object, 9_000)), Unreadable)
  object[50_000] ^= 1
  assert.equal((await through(files.openStream(OF), cut(object, 9_000))).length, 100_000)
  await assert.rejects(through(files.openStream({ ...OF, id: '8' }), cut(object, 9_000)), Unreadable)
})

test('back pressure: who does not read is not sent more', async () => {
  const { scope: files } = await scope()
  const object = await files.seal(Buffer.alloc(32 << 20), OF)
  for (const [way, stream, chunks] of [['seal', files.sealStream(OF), cut(Buffer.alloc(32 << 20), 64 << 10)], ['open', files.openStream(OF), cut(object, 64 << 10)]]) {
    // What it holds depends on Node's own measures: more is written for as long as it says that there is room.
    let written = 0
    for (const chunk of chunks) {
      written += 1
      if (!stream.write(chunk) && !(await Promise.race([once(stream, 'drain').then(() => true), sleep(300)]))) break
    }
    assert.ok(written < 20, `${way}: ${written} chunks were taken at once`)
    assert.ok(stream.writableNeedDrain && stream.readableLength < 1 << 20, way)
    // Who reads is sent more.
    const drained = once(stream, 'drain')
    stream.resume()
    await drained
    stream.destroy()
  }
})

test('a long chunk comes out as it is read, and is looked at for as long', async () => {
  const { scope: files } = await scope()
  const bytes = randomBytes(4 << 20)
  const object = await files.seal(bytes, OF)
  for (const [way, make, chunk] of [['seal', () => files.sealStream(OF), bytes], ['open', () => files.openStream(OF), object]]) {
    const stream = make()
    let taken = 0
    stream.on('progress', (bytes) => (taken = bytes))
    stream.write(chunk)
    await once(stream, 'readable')
    await sleep(100)
    assert.ok(taken <= 256 << 10 && stream.readableLength < 512 << 10, `${way}: ${taken} bytes were taken unread`)
    const out = []
    stream.on('data', (piece) => out.push(piece)).end()
    await once(stream, 'end')
    const opened = way === 'seal' ? await files.open(Buffer.concat(out), OF) : Buffer.concat(out)
    assert.ok(opened.equals(bytes), way)

    // Memory that goes meanwhile is not taken for the end.
    const lost = new Uint8Array(chunk)
    const other = make()
    const failed = once(other, 'error')
    other.resume().end(lost)
    other.once('progress', () => structuredClone(lost.buffer, { transfer: [lost.buffer] }))
    assert.match((await failed)[0].message, /^chunk: memory that stays/)
  }
  const lost = new Uint8Array(bytes)
  const sealing = files.seal(lost, OF)
  structuredClone(lost.buffer, { transfer: [lost.buffer] })
  await assert.rejects(sealing, { name: 'TypeError', message: /^plaintext: memory that stays/ })
})

test('back pressure and an end in the middle of streams of the web', async () => {
  const { scope: files } = await scope()
  const object = await files.seal(Buffer.alloc(8 << 20), OF)
  const enough = new Error('enough')
  for (const [way, open, bytes] of [['seal', (more) => files.sealWebStream({ ...OF, ...more }), Buffer.alloc(8 << 20)], ['open', (more) => files.openWebStream({ ...OF, ...more }), object]]) {
    const controller = new AbortController()
    let taken = 0
    const stream = open({ signal: controller.signal, progress: (bytes) => (taken = bytes) })
    const writer = stream.writable.getWriter()
    const writing = []
    const chunks = cut(bytes, 64 << 10)
    /** Until there has been no room for fifty turns: it may come late. */
    const write = async () => {
      for (let full = 0; full < 50 && writing.length < 100; full++) {
        if (writer.desiredSize > 0) {
          writing.push(writer.write(chunks.next().value))
          writing.at(-1).catch(() => {})
          full = 0
        }
        await sleep(5)
      }
    }
    await write()
    assert.ok(writing.length < 20, `${way}: ${writing.length} chunks were taken at once`)
    assert.ok(writer.desiredSize <= 0 && taken <= 128 << 10, `${way}: ${taken} bytes were taken unread`)

    const reader = stream.readable.getReader()
    const before = writing.length
    assert.ok((await reader.read()).value.length > 0)
    await writing[0]
    await write()
    assert.ok(writing.length > before, `${way}: who reads is sent more`)
    const [reading, last] = [reader.read().then(() => reader.read()).then(() => reader.read()), writer.write(chunks.next().value)]
    controller.abort(enough)
    for (const promise of [reading, last, reader.closed, writer.closed]) await assert.rejects(promise, enough, way)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  }
})

test('progress, and an end in the middle of a stream', async () => {
  const { scope: files } = await scope()
  const told = []
  const stream = files.sealStream(OF)
  stream.on('progress', (bytes) => told.push(bytes))
  await through(stream, cut(randomBytes(500_000), 50_000))
  assert.ok(told.length > 3 && told.at(-1) === 500_000)

  const controller = new AbortController()
  const endless = (function* () {
    for (let number = 0; ; number++) {
      if (number === 10) controller.abort()
      yield chunk
    }
  })()
  const chunk = Buffer.alloc(64 * 1024)
  await assert.rejects(through(files.sealStream({ ...OF, signal: controller.signal }), endless), { name: 'AbortError' })
})

test('files are there whole or not at all', async () => {
  const { scope: files, path } = await scope()
  const [plain, sealed, opened] = ['plain', 'sealed', 'opened'].map((name) => join(path, name))
  const bytes = randomBytes(3_000_000)
  await writeFile(plain, bytes)
  const told = []
  assert.equal(await files.sealFile(plain, sealed, { ...OF, threads: 2, progress: (bytes) => told.push(bytes) }), bytes.length)
  assert.equal(told.at(-1), bytes.length)
  for (const threads of [0, 65]) assert.equal(await code(() => files.sealFile(plain, sealed, { ...OF, threads, replace: true })), 'number_out_of_range')
  assert.equal(await code(() => files.sealFile(plain, sealed, OF)), 'file_exists')
  await files.sealFile(plain, sealed, { ...OF, replace: true })
  assert.equal((await stat(sealed)).mode & 0o077, 0, 'others cannot read it')
  await files.openFile(sealed, opened, OF)
  assert.ok((await readFile(opened)).equals(bytes))
  await pipeline(createReadStream(sealed), files.openStream(OF), createWriteStream(join(path, 'streamed')))
  assert.ok((await readFile(join(path, 'streamed'))).equals(bytes))

  const range = await files.openRange(sealed, OF)
  assert.equal(range.length, bytes.length)
  assert.ok((await range.read(1_234_567, 100)).equals(bytes.subarray(1_234_567, 1_234_667)))
  assert.equal((await range.read(bytes.length - 1, 100)).length, 1)
  const open = async () => (await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))).includes(sealed)
  assert.ok(await open())
  const [read] = await Promise.all([range.read(0, 100), range.close()])
  assert.ok(read.equals(bytes.subarray(0, 100)) && !(await open()))
  assert.equal(await code(() => range.read(0, 1)), 'closed')
  assert.equal(range.length, bytes.length)
  await range.close()
  // In the order in which they were asked for, however many threads there are.
  for (let turn = 0; turn < 200; turn++) {
    const one = await files.openRange(sealed, OF)
    const [before, , after] = await Promise.allSettled([one.read(0, 100), one.close(), one.read(0, 100)])
    assert.deepEqual([before.status, after.reason?.code], ['fulfilled', 'closed'])
  }
  const late = new AbortController()
  const opening = files.withSignal(late.signal).openRange(sealed, OF)
  late.abort()
  await assert.rejects(opening, { name: 'AbortError' })
  await until(async () => !(await open()))
  assert.ok(!(await open()), 'what came too late is closed')
  const object = await readFile(sealed)
  const ofBytes = await files.openRange(object, OF)
  object.fill(0)
  assert.equal(ofBytes.length, bytes.length)
  assert.ok((await ofBytes.read(1_234_567, 100)).equals(bytes.subarray(1_234_567, 1_234_667)), 'a copy')
  await ofBytes.close()
  assert.equal(await code(() => ofBytes.read(0, 1)), 'closed')
  await assert.rejects(files.openRange(object, OF), Unreadable)
  await assert.rejects(files.openRange(new Uint8Array(new SharedArrayBuffer(8)), OF), TypeError)
  await assert.rejects(files.openRange([1, 2], OF), /source/)
  const other = await files.openRange(sealed, OF)
  await other[Symbol.asyncDispose]()
  assert.equal(await code(() => other.read(0, 1)), 'closed')

  const broken = await readFile(sealed)
  broken[2_000_000] ^= 1
  await writeFile(sealed, broken)
  const nothing = join(path, 'nothing')
  await assert.rejects(files.openFile(sealed, nothing, OF), Unreadable)
  await assert.rejects(stat(nothing), { code: 'ENOENT' })
  assert.equal(await code(() => files.sealFile(join(path, 'none'), nothing, OF)), 'source_unreadable')
  assert.equal(await code(() => files.sealFile(plain, join(path, 'no', 'where'), OF)), 'target_unwritable')
})

test('any part is opened of what JavaScript alone can read', async () => {
  const { scope: files, path } = await scope()
  const bytes = randomBytes(3_000_000)
  const sealed = join(path, 'sealed')
  await writeFile(sealed, await files.seal(bytes, { ...OF, embedded: true }))
  const handle = await open(sealed)
  const range = await files.openRange(handle, OF)
  assert.equal(range.length, bytes.length)
  const parts = [[0, 100], [1_234_567, 100], [2_999_999, 100], [16_000, 1_000_000], [0, 3_000_000], [3_000_000, 5], [4_000_000, 5], [5, 0]]
  const read = await Promise.all(parts.map(([from, length]) => range.read(from, length)))
  for (const [at, [from, length]] of parts.entries()) assert.ok(read[at].equals(bytes.subarray(from, from + length)), `${from}, ${length}`)
  await range.close()
  assert.equal(await code(() => range.read(0, 1)), 'closed')
  assert.equal((await handle.read(Buffer.alloc(4), 0, 4, 0)).bytesRead, 4, 'it is the caller who closes it')

  // Whatever has the two methods: of what is asked for no more is read than it takes.
  let asked = 0
  const enough = new Error('enough')
  let fails = false
  const counted = {
    stat: () => handle.stat(),
    async read(buffer, offset, length, position) {
      if (fails) throw enough
      asked += length
      return handle.read(buffer, offset, Math.min(length, 10_000), position)
    },
  }
  const few = await files.openRange(counted, OF)
  asked = 0
  assert.ok((await few.read(1_000_000, 100)).equals(bytes.subarray(1_000_000, 1_000_100)))
  assert.ok(asked < 100_000, `${asked} bytes`)
  fails = true
  await assert.rejects(few.read(2_000_000, 100), enough)
  fails = false
  assert.ok((await few.read(2_000_000, 100)).equals(bytes.subarray(2_000_000, 2_000_100)), 'it can be asked again')
  await few.close()

  await assert.rejects(files.openRange(handle, { ...OF, id: '8' }), Unreadable)
  for (const wrong of [{ ...counted, stat: async () => ({}) }, { ...counted, read: async () => ({ bytesRead: -1 }) }, { read: 1, stat: 1 }, {}]) {
    await assert.rejects(files.openRange(wrong, OF), (error) => error instanceof TypeError || error.code === 'number_out_of_range')
  }
  const cut = await files.openRange(handle, OF)
  await truncate(sealed, 2_000_000)
  await assert.rejects(cut.read(2_500_000, 100), Unreadable)
  await assert.rejects(files.openRange(handle, OF), Unreadable)
  await truncate(sealed, 0)
  await assert.rejects(files.openRange(handle, OF), Unreadable)
  await handle.close()
  await assert.rejects(files.openRange(handle, OF), { code: 'EBADF' })
})

test('files that are open already are sealed and opened through streams', async () => {
  const { scope: files, path } = await scope()
  const bytes = randomBytes(300_000)
  await writeFile(join(path, 'plain'), bytes)
  const through = async (from, stream, to) => {
    const [source, target] = [await open(join(path, from)), await open(join(path, to), 'w')]
    await pipeline(source.createReadStream(), stream, target.createWriteStream())
    assert.deepEqual([source.fd, target.fd], [-1, -1], 'they are closed')
  }
  await through('plain', files.sealStream(OF), 'sealed')
  await through('sealed', files.openStream(OF), 'opened')
  assert.ok((await readFile(join(path, 'opened'))).equals(bytes))
  await assert.rejects(through('plain', files.openStream(OF), 'other'), Unreadable)
})

test('what is read of a range heeds the signal of its scope', async () => {
  const { scope: files } = await scope()
  const enough = new Error('enough')
  const controller = new AbortController()
  const object = await files.seal(randomBytes(100_000), OF)
  const slow = { stat: async () => ({ size: object.length }), read: async (buffer, offset, length, position) => ({ bytesRead: object.copy(buffer, offset, position, position + length) }) }
  for (const source of [object, slow]) {
    const controller = new AbortController()
    const range = await files.withSignal(controller.signal).openRange(source, OF)
    assert.equal((await range.read(0, 10)).length, 10)
    const reading = range.read(0, 10)
    controller.abort(enough)
    await assert.rejects(reading, enough)
    await assert.rejects(range.read(0, 10), enough)
    await range.close()
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  }
  // Nor is more brought, or copied, once nobody waits for it.
  const late = new AbortController()
  let reads = 0
  const counted = { ...slow, read: async (...values) => (reads++, await sleep(1), slow.read(values[0], values[1], Math.min(values[2], 1000), values[3])) }
  const range = await files.withSignal(late.signal).openRange(counted, OF)
  const before = reads
  const reading = range.read(0, 100_000)
  while (reads === before) await sleep(1)
  late.abort(enough)
  await assert.rejects(reading, enough)
  const then = reads
  await sleep(50)
  assert.ok(then - before < 50 && reads - then < 3, `${then - before}, ${reads - then}`)
  const sealing = files.withSignal(controller.signal).seal(Buffer.alloc(8 << 20), OF)
  setImmediate(() => controller.abort(enough))
  await assert.rejects(sealing, enough)
})

test('a source that never answers ends with the signal, and does not keep the range from being closed', { timeout: 60_000 }, async () => {
  const { scope: files } = await scope()
  const enough = new Error('enough')
  const object = await files.seal(randomBytes(1 << 20), OF)
  const never = () => new Promise(() => {})
  let isHung = false
  const read = async (buffer, offset, length, position) => (isHung ? never() : { bytesRead: object.copy(buffer, offset, position, position + length) })
  const source = { stat: async () => ({ size: object.length }), read }
  const controller = new AbortController()
  const range = await files.withSignal(controller.signal).openRange(source, OF)
  assert.equal((await range.read(0, 10)).length, 10)
  isHung = true
  const reading = [range.read(500_000, 10), range.read(600_000, 10)]
  setTimeout(() => controller.abort(enough), 20)
  for (const one of reading) await assert.rejects(one, enough)
  await range.close()
  for (const hung of [{ ...source, stat: never }, source]) {
    const controller = new AbortController()
    setTimeout(() => controller.abort(enough), 20)
    await assert.rejects(files.withSignal(controller.signal).openRange(hung, OF), enough)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  }
  // It may be the source that says so, before anybody listens.
  const own = new AbortController()
  isHung = false
  const ending = await files.withSignal(own.signal).openRange({ ...source, read: (...put) => (isHung && own.abort(enough), read(...put)) }, OF)
  isHung = true
  await assert.rejects(ending.read(500_000, 10), enough)
  await ending.close()
  isHung = false
  await (await files.openRange(source, OF)).close()
  for (const wrong of [null, undefined, 7]) {
    await assert.rejects(files.openRange({ ...source, stat: async () => wrong }, OF), { name: 'TypeError', message: /^source.stat: an object/ })
    await assert.rejects(files.openRange({ ...source, read: async () => wrong }, OF), { name: 'TypeError', message: /^source.read: an object/ })
  }
})

test('a named pipe is no file: nobody waits for who writes into it', { skip: process.platform === 'win32', timeout: 60_000 }, async () => {
  const { scope: files, path } = await scope()
  const pipe = join(path, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const call of [() => files.sealFile(pipe, join(path, 'x'), OF), () => files.openFile(pipe, join(path, 'x'), OF), () => files.openRange(pipe, OF)]) {
    assert.equal(await code(call), 'source_unreadable')
  }
})

test('work on a file is ended by a signal, or by an error of who is told', async () => {
  const { scope: files, path } = await scope()
  const target = join(path, 'target')
  const enough = new Error('enough')
  const controller = new AbortController()
  const sealing = files.sealFile('/dev/zero', target, { ...OF, signal: controller.signal })
  setTimeout(() => controller.abort(enough), 100)
  await assert.rejects(sealing, enough)
  await assert.rejects(stat(target), { code: 'ENOENT' })
  const throws = () => {
    throw enough
  }
  await assert.rejects(files.sealFile('/dev/zero', target, { ...OF, progress: throws }), enough)
  const small = join(path, 'small')
  await writeFile(small, 'x')
  await assert.rejects(files.sealFile(small, target, { ...OF, progress: throws }), enough, 'the last word, too')
  await assert.rejects(files.sealFile('/dev/zero', target, { ...OF, signal: AbortSignal.abort() }), { name: 'AbortError' })
})

/** The longest time without a tick of a timer while this is done, in milliseconds; the best of so many, for others compute here, too. */
async function longestGap(work, rounds = 15) {
  let best = Infinity
  for (let round = 0; round < rounds && best >= GAP; round++) {
    let [longest, last] = [0, performance.now()]
    const tick = () => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
    }
    const timer = setInterval(tick, 5)
    await work(round)
    tick()
    clearInterval(timer)
    best = Math.min(best, longest)
  }
  return best
}

const GAP = 100

test('what computes, and what writes files, never blocks the event loop', async () => {
  const { scope: files, path, keys } = await scope()
  await writeFile(join(path, 'plain'), Buffer.alloc(64 << 20))
  const longest = await longestGap((round) =>
    Promise.all([
      files.sealFile(join(path, 'plain'), join(path, 'sealed'), { ...OF, replace: true }),
      Keyring.generate().seal(Buffer.from('takes a second')),
      ...Array.from({ length: 20 }, (_, number) => keys.newTenant(`t${round}-${number}`)),
    ]),
  )
  assert.ok(longest < GAP, `${longest} ms without a tick`)
})

/** Has another process lock these databases for so long, from when this begins to work. */
async function locked(milliseconds, paths, work) {
  const program = `
import sqlite3, sys, time
held = [sqlite3.connect(path, isolation_level=None) for path in sys.argv[2:]]
for one in held: one.execute('BEGIN EXCLUSIVE')
print('locked', flush=True)
sys.stdin.readline()
time.sleep(int(sys.argv[1]) / 1000)
for one in held: one.execute('ROLLBACK')
`
  const locker = spawn('python3', ['-c', program, `${milliseconds}`, ...paths], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(locker, 'exit')
  await once(locker.stdout, 'data')
  const since = performance.now()
  locker.stdin.write('\n')
  await work()
  const waited = performance.now() - since
  assert.deepEqual(await ended, [0, null])
  return waited
}

const skip = spawnSync('python3', ['-c', 'import sqlite3']).status !== 0 && 'no python3, which locks the database'
test('what waits for a locked database never blocks the event loop', { skip }, async () => {
  const { store: links, path: linksIn } = await store()
  const { keys, path: keysIn } = await scope()
  const databases = [join(linksIn, 'links.db'), join(keysIn, 'keys.db')]
  let waited = Infinity
  const longest = await longestGap(async (round) => {
    const link = await links.issue('studio-7', '42', ['files:read'])
    const { cookie, nonce } = links.peek(link.token)
    const waiting = [
      () => links.issue('studio-7', '42', ['files:read']),
      () => links.redeem(link.token, cookie, nonce),
      () => keys.scope('studio-7', `file:round-${round}`).seal(Buffer.from('x'), OF),
      () => links.list('studio-7'),
      () => links.issue('studio-7', '43', ['files:read']).then(({ id }) => links.revokeLink('studio-7', id)),
    ]
    waited = Math.min(waited, await locked(700, databases, () => Promise.all(waiting.map((work) => work()))))
  })
  assert.ok(longest < GAP, `${longest} ms without a tick`)
  assert.ok(waited > 500, `${waited} ms: it has waited`)
  // What says that it blocks, does.
  const blocked = await longestGap(() => locked(300, databases, async () => keys.scope('studio-7', 'file:blocked').sealSync(Buffer.from('x'), OF)), 1)
  assert.ok(blocked >= GAP, `${blocked} ms without a tick`)
})

onEach('one data key is destroyed, and what was sealed since opens', async (database) => {
  const { scope: files } = await scope('file:contents', database)
  const old = await files.seal(Buffer.from('old'), OF)
  const key = files.keyOf(old)
  await assert.rejects(files.destroyKey(key, { backupsKept: 0 }), { code: 'key_state' }, 'it seals')
  await files.rotate()
  const since = await files.seal(Buffer.from('new'), OF)
  assert.notEqual(files.keyOf(since), key)
  assert.equal((await files.open(old, OF)).toString(), 'old')
  assert.deepEqual((await files.destroyKey(key, { backupsKept: 86_400 })).keys, [key])
  await assert.rejects(files.open(old, OF), { code: 'data_key_destroyed' })
  assert.equal((await files.open(since, OF)).toString(), 'new')
  await assert.rejects(files.destroyKey('07'.repeat(16), { backupsKept: 0 }), { code: 'unknown_key' })
  await assert.rejects(files.destroyKey('07', { backupsKept: 0 }), { code: 'id_malformed' })
  await assert.rejects(files.destroyKey(key, {}), TypeError)
  assert.throws(() => files.keyOf(Buffer.from('no object')), { code: 'not_an_envelope' })
  assert.throws(() => files.keyOf('text'), TypeError)
})

onEach('a scope that was destroyed begins anew by name', async (database) => {
  const { scope: files, keys } = await scope('file:contents', database)
  const old = await files.seal(Buffer.from('old'), OF)
  await assert.rejects(files.begin(), { code: 'key_exists' })
  await assert.rejects(keys.scope('studio-7', 'index:email').begin(), { code: 'index_key' })
  await files.destroy({ backupsKept: 0 })
  await assert.rejects(files.seal(Buffer.from('no'), OF), { code: 'key_destroyed' })
  await files.begin()
  assert.equal((await files.open(await files.seal(Buffer.from('new'), OF), OF)).toString(), 'new')
  await assert.rejects(files.open(old, OF), { code: 'data_key_destroyed' })
})

onEach('keys are rotated, and destroyed for good', async (database) => {
  const { scope: files, keys } = await scope('file:contents', database)
  const object = await files.seal(Buffer.from('x'), OF)
  await files.rotate()
  assert.equal(await keys.rotateTenant('studio-7'), 2)
  await keys.rewrap()
  assert.equal((await files.open(object, OF)).toString(), 'x')
  const { keys: gone, completeAt } = await files.destroy({ backupsKept: 86_400 })
  assert.ok(gone.length >= 2 && completeAt > new Date())
  await assert.rejects(files.open(object, OF), PortwardError)
  assert.ok((await keys.destroyTenant('studio-7', { backupsKept: 0 })).keys.length > 0)
})
