import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Keyring, KeyStore, Store } from 'portward'
import { portalApp } from '../portal.mjs'

const ORIGIN = 'https://portal.example'
const STUDIO = { 'x-studio-key': 'secret' }
const refusals = []
let [path, store, keys, app] = []

before(async () => {
  path = await mkdtemp(join(tmpdir(), 'portward-example-'))
  const keyring = Keyring.generate()
  store = await Store.open(`sqlite:${join(path, 'links.db')}`, keyring, { create: true })
  keys = await KeyStore.open(`sqlite:${join(path, 'keys.db')}`, keyring, { feed: store, create: true })
  for (const tenant of ['studio-7', 'studio-8']) await keys.newTenant(tenant)
  app = await portalApp({ store, keys, origin: ORIGIN, studioKey: 'secret', log: (refusal) => refusals.push(refusal.code) })
})

after(async () => {
  await app.close()
  await keys.close()
  await store.close()
  await rm(path, { recursive: true })
})

const cookies = (response) => Object.fromEntries(response.cookies.map(({ name, value }) => [name, value]))

/** What a browser does with a link. */
async function comeWith(url) {
  const taken = await app.inject({ url: new URL(url).pathname })
  const link = cookies(taken)
  const page = await app.inject({ url: taken.headers.location, cookies: link })
  const nonce = page.body.match(/name="nonce" value="([^"]+)"/)[1]
  const form = { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN }
  const sent = { method: 'POST', url: '/portal/redeem', cookies: { ...link, ...cookies(page) }, headers: form, payload: `nonce=${nonce}` }
  return app.inject(sent)
}

async function made(tenant, permissions) {
  const body = { client: '42', permissions, label: 'the contract' }
  return (await app.inject({ method: 'POST', url: `/studio/${tenant}/links`, headers: STUDIO, payload: body })).json()
}

test('a client comes, reads a file, writes a message; then the link is revoked', async () => {
  const file = { method: 'PUT', url: '/studio/studio-7/files/1204', headers: { ...STUDIO, 'content-type': 'application/octet-stream' } }
  assert.equal((await app.inject({ ...file, payload: 'the contract' })).statusCode, 200)
  const { id, url } = await made('studio-7', ['files:read', 'messages:send'])
  assert.match(url, /^https:\/\/portal\.example\/portal\/pwl_/)

  const redeemed = await comeWith(url)
  assert.deepEqual([redeemed.statusCode, redeemed.headers.location], [303, '/portal/'])
  const session = { '__Host-portward-session': cookies(redeemed)['__Host-portward-session'] }

  assert.deepEqual((await app.inject({ url: '/portal/', cookies: session })).json().tenant, 'studio-7')
  assert.equal((await app.inject({ url: '/files/1204', cookies: session })).body, 'the contract')
  const message = { method: 'POST', url: '/messages', cookies: session, payload: { text: 'hello' } }
  assert.equal((await app.inject({ ...message, headers: { origin: ORIGIN } })).statusCode, 201)
  assert.equal((await app.inject({ ...message, headers: { origin: 'https://evil.example' } })).statusCode, 403, 'from a foreign page')

  const revoke = { method: 'DELETE', url: `/studio/studio-7/links/${id}`, headers: STUDIO }
  assert.equal((await app.inject(revoke)).statusCode, 200)
  for (const url of ['/portal/', '/files/1204']) {
    const refused = await app.inject({ url, cookies: session })
    assert.deepEqual([refused.statusCode, refused.json()], [403, { error: 'refused' }])
  }
  assert.ok(refusals.includes('link_revoked'), 'the operator knows why')
})

test('a session of one tenant never sees the files of another', async () => {
  const session = { '__Host-portward-session': cookies(await comeWith((await made('studio-8', ['files:read'])).url))['__Host-portward-session'] }
  assert.equal((await app.inject({ url: '/files/1204', cookies: session })).statusCode, 404)
  assert.equal((await app.inject({ method: 'POST', url: '/messages', cookies: session, headers: { origin: ORIGIN }, payload: { text: 'x' } })).statusCode, 403)
})

test('a message about a file is for who may read it', async () => {
  const write = async (session, file) => {
    const cookies = { '__Host-portward-session': session }
    return app.inject({ method: 'POST', url: '/messages', cookies, headers: { origin: ORIGIN }, payload: { text: 'x', file } })
  }
  const comes = async (permissions) => cookies(await comeWith((await made('studio-7', permissions)).url))['__Host-portward-session']
  const [reads, writes] = [await comes(['files:read', 'messages:send']), await comes(['messages:send'])]
  assert.deepEqual([(await write(reads, '1204')).statusCode, (await write(writes)).statusCode], [201, 201])
  for (const refused of [await write(writes, '1204'), await write(reads, 'no identifier')]) {
    assert.deepEqual([refused.statusCode, refused.json(), refused.headers['cache-control']], [403, { error: 'refused' }, 'no-store'])
  }
  assert.deepEqual(refusals.slice(-2), ['permission_denied', 'identifier_character'])
})

test('without a session, without the key, or with a damaged link, nobody gets anything', async () => {
  assert.equal((await app.inject({ url: '/portal/' })).statusCode, 403)
  assert.equal((await app.inject({ method: 'POST', url: '/studio/studio-7/links', payload: {} })).statusCode, 401)
  const damaged = await app.inject({ url: '/portal/pwl_damaged' })
  assert.deepEqual([damaged.statusCode, damaged.headers['cache-control']], [400, 'no-store'])
  const wrong = await app.inject({ method: 'DELETE', url: '/studio/studio-7/links/zz', headers: STUDIO })
  assert.deepEqual([wrong.statusCode, wrong.json()], [400, { error: 'id_malformed' }], 'the studio is told what is wrong')
})

test('the quickstart story ends with the attack failing', () => {
  const story = execFileSync(process.execPath, [fileURLToPath(new URL('../quickstart.mjs', import.meta.url))], { encoding: 'utf8' })
  const refused = story.match(/^refused: \w+$/gm)
  assert.deepEqual(refused.slice(0, 1), ['refused: permission_denied'])
  assert.deepEqual(refused.slice(-3), ['refused: link_revoked', 'refused: link_revoked', 'refused: link_revoked'])
})

/** Starts the server in this folder, on a port that was free: again where somebody took it meanwhile. */
async function started(folder, tries = 5) {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address()
  free.close()
  await once(free, 'close')
  const options = { cwd: folder, env: { ...process.env, PORT: port, STUDIO_KEY: 'secret' }, stdio: ['ignore', 'pipe', 'inherit'] }
  const server = spawn(process.execPath, [fileURLToPath(new URL('../server.mjs', import.meta.url))], options)
  const [said] = await Promise.race([once(server.stdout, 'data'), once(server, 'exit')])
  return typeof said === 'number' && tries > 1 ? started(folder, tries - 1) : { server, port, said: String(said) }
}

test('the server begins, ends, and begins again with what it has', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portward-server-'))
  for (let turn = 0; turn < 2; turn++) {
    const { server, port, said } = await started(folder)
    try {
      assert.match(said, /studio's key: secret/)
      const headers = { ...STUDIO, 'content-type': 'application/json' }
      const url = `http://127.0.0.1:${port}/studio/studio-7/links`
      const made = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ client: '42', permissions: ['files:read'] }) })
      assert.equal(made.status, 200)
      server.kill('SIGINT')
      assert.deepEqual(await once(server, 'exit'), [0, null])
    } finally {
      server.kill('SIGKILL')
    }
  }
  await rm(folder, { recursive: true })
})
