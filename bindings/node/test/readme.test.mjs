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
    return execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', timeout: 300_000 })
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

/** What an application has: a database of clients, and a keyring under a key of a KMS, which answers on loopback. */
const BEFORE = `
import { createServer } from 'node:http'
import { Keyring as Unwrapped } from 'portward'
import { Module, putUnder } from SUPPORT
const KEY = Buffer.alloc(32, 7)
const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const kms = createServer((_, response) => {
  const body = JSON.stringify({ Plaintext: KEY.toString('base64'), KeyId: 'arn:aws:kms:eu-central-1:111122223333:key/' + ID })
  response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.1' }).end(body)
}).listen(0, '127.0.0.1')
await once(kms, 'listening')
Object.assign(process.env, { AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:' + kms.address().port, AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' })
const inKms = {
  async slot(deployment, key) {
    const { head, wrapped } = await new Module(ID, undefined, 0).slot(deployment, key)
    head[0] = 0x10
    return { head, wrapped }
  },
}
await putUnder('keys-under-kms', Unwrapped.generate(), [inKms], { key: KEY })
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
  assert.equal(blocks.length, 9)
  const folder = await directory()
  writeFileSync(join(folder, 'a.pdf'), 'a file')
  const printed = run(folder, BEFORE.replace('SUPPORT', JSON.stringify(new URL('support/keks.mjs', import.meta.url).href)) + blocks.join('') + AFTER)
  const [let_in, refused] = ['200 {"tenant":"studio-7"}', '403 {"error":"refused"}']
  const servers = [['express', let_in], ['express', refused], ['fastify', let_in], ['hono', let_in], ['fastify', refused], ['hono', refused]]
  assert.deepEqual(printed.trim().split('\n'), ['link_revoked', 'true', 'a contract', 'file', 'ada@example.com', '1', 'a file', ...servers.map((line) => line.join(' '))])
  assert.notEqual(readFileSync(join(folder, 'a.pdf.sealed'), 'latin1').slice(0, 6), 'a file')
})
