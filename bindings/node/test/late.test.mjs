// Functions of the application that are not waited for, and fail later: nobody hears it, and it ends no process.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pgTable } from 'drizzle-orm/pg-core'
import { Portal } from 'portward'
import { Field, indexed } from 'portward/drizzle'
import { portward } from 'portward/web'
import { scope, store } from './support/fixtures.mjs'

let calls = 0
const late = async () => {
  calls += 1
  await sleep(1)
  throw new Error('late')
}
/** So long the runner would hear of it: it fails a test for what nobody else hears. */
const settled = () => sleep(20)
const contract = { name: 'a.b', id: '1' }

test('a progress', async () => {
  const { scope: files, path } = await scope()
  const source = join(path, 'a')
  await writeFile(source, Buffer.alloc(1_000_000))
  const ways = [
    (progress) => files.sealFile(source, join(path, 'b'), { ...contract, replace: true, progress }),
    async (progress) => {
      const stream = files.sealStream({ ...contract, progress })
      stream.end(Buffer.alloc(100_000))
      return Buffer.concat(await stream.toArray()).length
    },
    async (progress) => (await new Response(new Blob([Buffer.alloc(100_000)]).stream().pipeThrough(files.sealWebStream({ ...contract, progress }))).arrayBuffer()).byteLength,
  ]
  for (const way of ways) {
    calls = 0
    assert.ok((await way(late)) > 90_000)
    assert.ok(calls > 0)
    await settled()
    // What fails at once is an error.
    await assert.rejects(way(() => assert.fail('at once')), /at once/)
  }
})

test('an index', async () => {
  const { scope: records, keys } = await scope('record:clients')
  const index = await keys.scope('studio-7', 'index:clients').blindIndex({ table: 'clients', column: 'email', bits: 12 })
  const uses = (index) => [
    () => new Field('clients.email', { index }).seal(records, '1', 'ada@example.com'),
    () => pgTable('clients', { emailIndex: indexed(index)() }).emailIndex.mapToDriverValue('ada@example.com'),
  ]
  for (const use of uses(() => index)) await use()
  calls = 0
  for (const use of uses(late)) await assert.rejects(async () => use(), { name: 'TypeError', message: /^index: a BlindIndex/ })
  assert.equal(calls, 2)
  await settled()
})

test('a clock', async () => {
  const { store: links } = await store()
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const { cookie, nonce } = links.peek(token)
  const session = await links.redeem(token, cookie, nonce)
  const asked = { peek: late, redeem: late, renew: (session) => links.renew(session) }
  const renew = (clock) => {
    const headers = { cookie: `__Host-portward-session=${session.token}`, origin: 'https://portal.example' }
    const web = portward({ portal: new Portal('https://portal.example'), sessions: links, links: asked, clock })
    return web.answer(new Request('https://portal.example/portal/renew', { method: 'POST', headers }))
  }
  assert.equal((await renew(() => Math.floor(Date.now() / 1000))).status, 204)
  await assert.rejects(renew(late), { name: 'TypeError', message: /^at: / })
  await settled()
})
