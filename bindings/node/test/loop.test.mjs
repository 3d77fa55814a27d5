// Whatever returns a promise works on a thread of the pool: while all of them are busy it has not been done, and the event loop goes on.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Follower, Keyring, PortwardError } from 'portward'
import { calls } from './support/calls.mjs'
import { directory, scope } from './support/fixtures.mjs'

const POOL = 4
/** They answer without work of the native part: of a promise they make nothing, or ask the application. */
const OF_JAVASCRIPT = ['portward/fastify portward', 'portward/fastify frameworkErrors', 'WebPortal#answer']

/** Has every thread of the pool wait for a writer of a named pipe; returns what lets them go. */
function occupied(pipe) {
  const readers = Array.from({ length: POOL }, () => open(pipe, 'r'))
  return async () => {
    // Of a pipe that is opened for both, nobody waits.
    const both = openSync(pipe, 'r+')
    for (const reader of await Promise.all(readers)) await reader.close()
    closeSync(both)
  }
}

test('a call that returns a promise waits for a thread of the pool, and blocks nothing', { timeout: 300_000 }, async () => {
  const pipe = join(await directory(), 'pipe')
  execFileSync('mkfifo', [pipe])
  let waited = 0
  for (const [name, call, values] of await calls(await directory())) {
    const put = await values()
    const release = occupied(pipe)
    await turn()
    let result
    try {
      result = call(...put)
    } catch (error) {
      await release()
      throw error
    }
    if (!(result instanceof Promise) || OF_JAVASCRIPT.includes(name)) {
      await release()
      await result
      continue
    }
    let isDone = false
    const done = result.then(() => (isDone = true), () => (isDone = true))
    await sleep(1)
    await turn()
    const wasDone = isDone
    await release()
    await done
    assert.equal(wasDone, false, `${name} was done on the event loop`)
    waited += 1
  }
  assert.ok(waited > 40, `only ${waited}`)
})

const OF = { name: 'files.content', id: '7' }
const PIECE = 256 << 10

/** What is told to the native part meanwhile: how many bytes at most in one turn of the event loop, and how many in all. */
async function copiedIn(work) {
  const { native } = createRequire(import.meta.url)(join(dirname(fileURLToPath(import.meta.resolve('portward'))), 'native.js'))
  const own = { ...native }
  let [inTurn, most, all, isOver] = [0, 0, 0, false]
  for (const [name, call] of Object.entries(own)) {
    native[name] = (...values) => {
      for (const { byteLength } of values.filter((value) => value instanceof Uint8Array)) [inTurn, all] = [inTurn + byteLength, all + byteLength]
      most = Math.max(most, inTurn)
      return call(...values)
    }
  }
  const turns = (async () => {
    for (; !isOver; await turn()) inTurn = 0
  })()
  try {
    await work()
    return { most, all }
  } finally {
    isOver = true
    Object.assign(native, own)
    await turns
  }
}

/** The longest time that a timer was late by while this is done. */
async function delay(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await sleep(10)
  histogram.reset()
  await sleep(10)
  await work()
  await sleep(10)
  histogram.disable()
  return histogram.max
}

test('64 MiB in memory are copied in pieces, and between these the event loop turns', { timeout: 300_000 }, async () => {
  const { scope: files } = await scope()
  const bytes = Buffer.alloc(64 << 20, 7)
  let object
  const streamed = async (stream, chunk) => {
    stream.resume().end(chunk)
    await once(stream, 'end')
  }
  const ways = {
    seal: async () => (object = await files.seal(bytes, OF)),
    open: () => files.open(object, OF),
    openRange: async () => (await files.openRange(object, OF)).close(),
    sealStream: () => streamed(files.sealStream(OF), bytes),
    openStream: () => streamed(files.openStream(OF), object),
    // Of no answer that anybody asked for.
    accept: () => assert.rejects(new Follower(Keyring.generate()).accept(bytes), PortwardError),
  }
  for (const [name, work] of Object.entries(ways)) {
    const { most, all } = await copiedIn(work)
    assert.ok(most <= PIECE && all >= bytes.length, `${name}: ${most} bytes in one turn, ${all} in all`)
  }
  const control = await copiedIn(async () => files.openSync(object, OF))
  assert.ok(control.most >= bytes.length, 'what blocks is seen')
  // The least of some, for others compute here, too.
  const least = async (work, rounds, enough = 0) => {
    let found = Infinity
    for (let round = 0; round < rounds && found >= enough; round++) found = Math.min(found, await delay(work))
    return found
  }
  const openSync = await least(async () => files.openSync(object, OF), 3)
  const open = await least(ways.open, 10, openSync / 2)
  assert.ok(open < openSync / 2, `a timer was late by ${open / openSync} of what takes the event loop for itself`)
})
