import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PortwardError, Unreadable } from 'portward'
import { onEach } from './support/databases.mjs'
import { code, scope } from './support/fixtures.mjs'

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
  assert.equal(listening(), 2)
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
  const stream = files.sealStream(OF)
  let written = 0
  const chunk = Buffer.alloc(64 * 1024)
  while (written < 1000 && stream.write(chunk)) written += 1
  await sleep(200)
  assert.ok(written < 20, `${written} chunks were taken at once`)
  assert.ok(stream.writableNeedDrain && stream.readableLength < 1 << 20)
  stream.destroy()
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
  for (let turn = 0; turn < 100 && (await open()); turn++) await sleep(10)
  assert.ok(!(await open()), 'what came too late is closed')
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
  await assert.rejects(files.sealFile('/dev/zero', target, { ...OF, signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('the event loop is never blocked', async () => {
  const { scope: files, path, keys } = await scope()
  let [ticks, longest, last] = [0, 0, performance.now()]
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    ticks += 1
  }, 5)
  await writeFile(join(path, 'plain'), Buffer.alloc(64 << 20))
  last = performance.now()
  longest = 0
  ticks = 0
  const { Keyring } = await import('portward')
  await Promise.all([
    files.sealFile(join(path, 'plain'), join(path, 'sealed'), OF),
    Keyring.generate().seal(Buffer.from('takes a second')),
    ...Array.from({ length: 20 }, (_, number) => keys.newTenant(`t${number}`)),
  ])
  clearInterval(timer)
  assert.ok(ticks > 10, `${ticks} ticks`)
  assert.ok(longest < 500, `${longest} ms without a tick`)
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
