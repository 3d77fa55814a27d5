// What the READMEs show in JavaScript is run.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { directory } from './support/fixtures.mjs'

const blocksOf = (path) => [...readFileSync(new URL(path, import.meta.url), 'utf8').matchAll(/```js\n(.*?)```/gs)].map(([, block]) => block)

/** Runs a module in an empty folder; what it prints. */
function run(folder, module) {
  // In this folder, so that the package finds itself by its name.
  const file = fileURLToPath(new URL(`.readme-${process.pid}.mjs`, import.meta.url))
  try {
    writeFileSync(file, module)
    return execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', timeout: 60_000 })
  } finally {
    rmSync(file, { force: true })
  }
}

test('the quick start of the repository runs, and ends with a refusal', async () => {
  const blocks = blocksOf('../../../README.md')
  assert.equal(blocks.length, 1)
  const folder = await directory()
  const end = `
try {
  store.verifyLink(link.token)
} catch (error) {
  console.log(error.code)
}
await store.close()
`
  assert.equal(run(folder, blocks[0] + end), 'link_revoked\n')
  assert.ok(existsSync(join(folder, 'portal.db')))
})

/** What an application has: a database of clients. */
const BEFORE = `
import initSqlJs from 'sql.js'
import { drizzle } from 'drizzle-orm/sql-js'
import { Issuer } from 'portward'
import { once } from 'node:events'
const database = new (await initSqlJs()).Database()
database.run('create table clients (id text primary key, email blob not null, email_index blob not null)')
const db = drizzle(database)
`

/** What becomes of it: each server lets the holder of a session in, and nobody else. */
const AFTER = `
console.log(await response.text())
const { token } = new Issuer(keyring).issueSession(store.verifyLink((await store.issue('studio-7', '42', ['files:read'])).token))
const headers = { authorization: 'Bearer ' + token }
const listening = app.listen(0, '127.0.0.1')
await once(listening, 'listening')
const url = 'http://127.0.0.1:' + listening.address().port + '/files/7'
for (const answer of [await fetch(url, { headers }), await fetch(url)]) console.log('express', answer.status, await answer.text())
listening.close()
for (const with_ of [{ headers }, {}]) {
  const { statusCode, body } = await server.inject({ url: '/files/7', ...with_ })
  console.log('fastify', statusCode, body)
  const answer = await hono.request('https://portal.example/files', with_)
  console.log('hono', answer.status, await answer.text())
}
await keys.close()
await store.close()
process.exit()
`

test('all that the README of the package shows runs', async () => {
  const blocks = blocksOf(new URL('README.md', import.meta.resolve('portward/package.json')))
  assert.equal(blocks.length, 8)
  const folder = await directory()
  writeFileSync(join(folder, 'a.pdf'), 'a file')
  const printed = run(folder, BEFORE + blocks.join('') + AFTER)
  const [let_in, refused] = ['200 {"tenant":"studio-7"}', '403 {"error":"refused"}']
  const servers = [['express', let_in], ['express', refused], ['fastify', let_in], ['hono', let_in], ['fastify', refused], ['hono', refused]]
  assert.deepEqual(printed.trim().split('\n'), ['link_revoked', 'true', 'a contract', 'file', 'ada@example.com', 'a file', ...servers.map((line) => line.join(' '))])
  assert.notEqual(readFileSync(join(folder, 'a.pdf.sealed'), 'latin1').slice(0, 6), 'a file')
})
