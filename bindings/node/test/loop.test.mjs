// Whatever returns a promise works on a thread of the pool: while all of them are busy it has not been done, and the event loop goes on.

import assert from 'node:assert/strict'
import { pbkdf2 } from 'node:crypto'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { calls } from './support/calls.mjs'
import { directory } from './support/fixtures.mjs'

const POOL = 4
/** They answer without work of the native part: of a promise they make nothing, or ask the application. */
const OF_JAVASCRIPT = ['portward/fastify portward', 'portward/fastify frameworkErrors', 'WebPortal#answer']

/** Every thread of the pool, for some time; how many are still busy. */
function occupied() {
  const busy = { left: POOL }
  busy.over = Promise.all(Array.from({ length: POOL }, () => new Promise((resolve) => {
    pbkdf2('a', 'b', 150_000, 64, 'sha512', () => resolve((busy.left -= 1)))
  })))
  return busy
}

test('a call that returns a promise waits for a thread of the pool, and blocks nothing', { timeout: 300_000 }, async () => {
  let waited = 0
  for (const [name, call, values] of await calls(await directory())) {
    const put = await values()
    const busy = occupied()
    await turn()
    let result
    try {
      result = call(...put)
    } catch (error) {
      await busy.over
      throw error
    }
    if (!(result instanceof Promise) || OF_JAVASCRIPT.includes(name)) {
      await busy.over
      await result
      continue
    }
    let isDone = false
    const done = result.then(() => (isDone = true), () => (isDone = true))
    await turn()
    await turn()
    assert.equal(busy.left, POOL, `${name} stood in the way for longer than the pool was busy`)
    assert.equal(isDone, false, `${name} was done on the event loop`)
    await busy.over
    await done
    waited += 1
  }
  assert.ok(waited > 40, `only ${waited}`)
})
