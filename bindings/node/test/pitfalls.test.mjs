// Each pitfall of napi that is known, and that it is closed.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import vm from 'node:vm'
import { Access, Deployment, Follower, Issuer, Keyring, KeyStore, Portal, PortwardError, Store, UntrustedLink, Verifier, indexBits } from 'portward'
import { code, directory, scope, store } from './support/fixtures.mjs'

const keyring = Keyring.generate()
const issuer = new Issuer(keyring)
const verifier = Verifier.withoutRevocation(keyring)
const link = () => issuer.issueLink('studio-7', '42', ['files:read']).token

test('options are plain objects: the restrictions of others would not be seen', () => {
  const issuer = new Issuer(Keyring.generate())
  class Options {
    lifetime = 60
  }
  const behind = Object.create(Object.assign(Object.create(null), { lifetime: 60 }))
  for (const wrong of [new Map([['lifetime', 60]]), Promise.resolve({ lifetime: 60 }), new Options(), ['lifetime'], new Date(), behind]) {
    assert.throws(() => issuer.issueLink('t', 'c', ['files:read'], wrong), TypeError)
  }
  const hidden = Object.defineProperty({}, 'lifetime', { value: 60, enumerable: false })
  assert.ok(issuer.issueLink('t', 'c', ['files:read'], hidden).expiresAt - Date.now() < 61_000, 'what is its own counts')
  for (const right of [{ lifetime: 60 }, Object.assign(Object.create(null), { lifetime: 60 }), vm.runInNewContext('({ lifetime: 60 })'), {}]) issuer.issueLink('t', 'c', ['files:read'], right)
})

test('-1, 1.5, NaN and what is too large are refused', async () => {
  for (const wrong of [-1, 1.5, NaN, Infinity, 2 ** 53, -0.5]) {
    assert.equal(await code(() => issuer.issueLink('t', 'c', ['files:read'], { lifetime: wrong })), 'time_out_of_range', `${wrong}`)
    assert.equal(await code(() => verifier.verifyLink(link(), { at: wrong })), 'time_out_of_range', `${wrong}`)
  }
  for (const wrong of [-1, 1.5, NaN, 2 ** 53]) {
    assert.equal(await code(() => indexBits({ rows: wrong, distinct: 1 })), 'number_out_of_range', `${wrong}`)
  }
  assert.equal(await code(() => verifier.verifyLink(link(), { at: new Date(NaN) })), 'time_out_of_range')
  const now = Math.floor(Date.now() / 1000)
  assert.equal(verifier.verifyLink(issuer.issueLink('t', 'c', ['files:read'], { lifetime: 60 }).token, { at: now + 1 }).client, 'c')
  assert.ok(indexBits({ rows: 100_000, distinct: 90_000 }) > 0)
})

test('half of a surrogate pair is refused', async () => {
  assert.equal(await code(() => issuer.issueLink('t\ud800', 'c', ['files:read'])), 'text_malformed')
  const { scope: keys } = await scope()
  assert.equal(await code(() => keys.seal(Buffer.of(1), { name: 'a.b', id: '\udfff' })), 'text_malformed')
  const pair = { name: 'a.b', id: '\ud83d\ude00' }
  assert.equal((await keys.open(await keys.seal(Buffer.from('x'), pair), pair)).toString(), 'x')
  assert.ok(issuer.issueLink('t', 'c', ['files:read']).token)
})

test('a token with half of a surrogate pair, or any other rubbish, is damaged', () => {
  for (const rubbish of ['\ud800', 'pwl_\udc00', 'x'.repeat(1 << 20), '', 'pwl_', link() + '\ud800', '\0']) {
    assert.throws(() => verifier.verifyLink(rubbish), { public: 'damaged' })
  }
  assert.equal(verifier.verifyLink(link()).client, '42')
})

test('so is what came along with one: what a visitor sends is no mistake of the application', async () => {
  const { store: links } = await store()
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const { cookie, nonce } = links.peek(token)
  for (const rubbish of ['\ud800', 'x'.repeat(1 << 20), '', '\0']) {
    for (const [one, other] of [[cookie, rubbish], [rubbish, nonce]]) await assert.rejects(links.redeem(token, one, other), { name: 'Refused' })
  }
  assert.throws(() => links.peek(token, '\ud800'), { name: 'Refused', code: 'cookie_malformed' })
  assert.ok((await links.redeem(token, cookie, nonce)).token)
})

test('detached and shared memory is refused', async () => {
  const detached = new Uint8Array(8)
  structuredClone(detached.buffer, { transfer: [detached.buffer] })
  const shared = new Uint8Array(new SharedArrayBuffer(8))
  const { scope: keys } = await scope()
  for (const wrong of [detached, shared]) {
    assert.throws(() => Deployment.fromJson(wrong), { name: 'TypeError', message: /^json: / })
    await assert.rejects(keys.seal(wrong, { name: 'a.b', id: '1' }), { name: 'TypeError', message: /^plaintext: / })
    const stream = keys.sealStream({ name: 'a.b', id: '1' })
    await assert.rejects(new Promise((_, reject) => stream.on('error', reject).end(wrong)), { name: 'TypeError' })
  }
  // Empty is not detached.
  assert.equal((await keys.open(await keys.seal(new Uint8Array(0), { name: 'a.b', id: '1' }), { name: 'a.b', id: '1' })).length, 0)
})

test('a view of memory that is gone is not empty, and what a view says of itself is not believed', async () => {
  const of = { name: 'a.b', id: '1' }
  const { scope: keys } = await scope()
  const resizable = new ArrayBuffer(8, { maxByteLength: 8 })
  const views = [new Uint8Array(resizable, 4, 4), Buffer.from(resizable, 4, 4), new Uint8Array(resizable, 4)]
  const seals = { seal: (view) => keys.seal(view, of), sealSync: (view) => keys.sealSync(view, of), sealStream: async (view) => Buffer.concat(await keys.sealStream(of).end(view).toArray()) }
  const written = async (view) => {
    const stream = keys.sealStream(of)
    stream.write(view)
    return Buffer.concat(await stream.end().toArray())
  }
  const opened = async (sealed) => (await keys.open(sealed, of)).toString('hex')
  const all = Object.entries({ ...seals, written })
  for (const [name, seal] of all) for (const view of views) assert.equal(await opened(await seal(view)), '00000000', name)
  resizable.resize(2)
  for (const [name, seal] of all) {
    for (const view of views) await assert.rejects(async () => seal(view), { name: 'TypeError', message: /^(plaintext|chunk): / }, name)
  }
  // Node would make bytes of other views, and none of these.
  for (const view of [new Uint16Array(resizable, 0, 1), new DataView(resizable, 0, 1)]) {
    await assert.rejects(async () => seals.sealStream(view), { name: 'TypeError', message: /^chunk: / })
  }
  // Of its own `buffer` and `length` nothing is believed: shared memory does not come in by them, and nothing stays out.
  const shared = new Uint8Array(new SharedArrayBuffer(4))
  const lying = Object.defineProperties(new Uint8Array(new SharedArrayBuffer(4)), { buffer: { value: new ArrayBuffer(4) }, byteLength: { value: 4 } })
  const short = Object.defineProperties(Uint8Array.of(1, 2), { length: { value: 0 }, subarray: { value: () => shared }, buffer: { value: shared.buffer } })
  for (const [name, seal] of all) {
    await assert.rejects(async () => seal(lying), { name: 'TypeError', message: /no other thread/ }, name)
    assert.equal(await opened(await seal(short)), '0102', name)
  }
})

test('texts that do not end are refused', () => {
  function* endless() {
    for (;;) yield 'files:read'
  }
  assert.throws(() => issuer.issueLink('t', 'c', endless()), { name: 'InvalidValue', code: 'number_out_of_range', message: /^permissions: / })
  assert.ok(issuer.issueLink('t', 'c', Array.from({ length: 10_000 }, () => 'files:read')).token)
})

test('what is sealed is what was told, whatever becomes of the memory', async () => {
  const { scope: keys } = await scope()
  const bytes = Buffer.from('as it was')
  const sealing = keys.seal(bytes, { name: 'a.b', id: '1' })
  bytes.fill(0)
  assert.equal((await keys.open(await sealing, { name: 'a.b', id: '1' })).toString(), 'as it was')
})

test('a wrong type is a TypeError that names the argument', async () => {
  const { store: opened } = await store()
  const { scope: keys } = await scope()
  const headers = ['Authorization', 'Bearer pws_']
  const exchange = new Portal('https://a.example').read({ method: 'POST', path: '/portal/renew', headers })
  assert.equal((await exchange.run(opened)).status, 400)
  assert.throws(() => opened.verifyLink.call({}, link()), TypeError)
  const cases = {
    tenant: () => issuer.issueLink(7, 'c', []),
    client: () => issuer.issueLink('t', null, []),
    permissions: () => issuer.issueLink('t', 'c', 'files:read'),
    lifetime: () => issuer.issueLink('t', 'c', ['files:read'], { lifetime: '7' }),
    options: () => issuer.issueLink('t', 'c', ['files:read'], 7),
    keyring: () => new Issuer({}),
    token: () => verifier.verifyLink(Buffer.from(link())),
    at: () => verifier.verifyLink(link(), { at: '2020' }),
    link: () => issuer.issueSession({ kind: 'link' }),
    seal: () => new UntrustedLink(link()).narrow({ seal: 1 }),
    origin: () => new Portal(7),
    plaintext: () => keys.seal('text', { name: 'a', id: '1' }),
    name: () => keys.seal(Buffer.of(1), { id: '1' }),
    store: () => exchange.run({}),
    page: () => new Portal('https://a.example', { page: 'x' }),
    request: () => new Portal('https://a.example').read('GET'),
    body: () => new Portal('https://a.example').read({ method: 'POST', path: '/portal/peek', headers: [], body: 'x' }),
    threads: () => keys.sealFile('a', 'b', { name: 'a', id: '1', threads: '2' }),
    signal: () => keys.sealFile('a', 'b', { name: 'a', id: '1', signal: {} }),
    progress: () => keys.sealFile('a', 'b', { name: 'a', id: '1', progress: 1 }),
    json: () => Deployment.fromJson('{}'),
    usesMax: () => opened.issue('t', 'c', ['files:read'], { usesMax: '1' }),
    limit: () => opened.list('t', { limit: 'many' }),
    after: () => opened.list('t', { after: 1 }),
  }
  for (const [name, call] of Object.entries(cases)) {
    await assert.rejects(async () => call(), (error) => error instanceof TypeError && error.message.startsWith(`${name}:`), name)
  }
})

test('null is not nothing: an option that is left away is undefined', async () => {
  const { store: links, location, keyring: linksKeyring } = await store()
  const { keys, scope: files } = await scope()
  const { id } = await links.issue('t', 'c', ['files:read'], { label: 'x', usesMax: 1 })
  const of = { name: 'a.b', id: '1' }
  const path = await directory()
  const now = Math.floor(Date.now() / 1000)
  const times = { thisUpdate: now, nextUpdate: now + 60 }
  const index = { table: 'clients', column: 'email', bits: 8 }
  const indexes = keys.scope('studio-7', 'index:clients')
  /** For each call the options that may be left away. */
  const calls = [
    [(options) => issuer.issueLink('t', 'c', ['files:read'], options), ['audience', 'lifetime']],
    [(options) => issuer.issueSession(verifier.verifyLink(link()), options), ['lifetime']],
    [(options) => Verifier.withoutRevocation(keyring, options), ['audience', 'skew']],
    [(options) => verifier.verifyLink(link(), options), ['at']],
    [(options) => new UntrustedLink(link()).narrow({ audience: 'x', recipient: 'x', ...options }), ['expiresAt', 'permissions', 'resources', 'audience', 'recipient', 'seal', 'vocabulary']],
    [(options) => new Follower(keyring, options), ['tenants', 'highest', 'maxStaleness', 'audience', 'skew']],
    [(options) => links.issue('t', 'c', ['files:read'], options), ['audience', 'lifetime', 'label', 'usesMax', 'expiresAt']],
    [(options) => links.list('t', options), ['client', 'state', 'expiresBefore', 'labelContains', 'after', 'limit']],
    [(options) => links.edit('t', id, { label: 'x', ...options }), ['expiresAt', 'permissions']],
    [(options) => links.history('t', id, options), ['before', 'limit']],
    [(options) => links.publish({ ...times, ...options }), ['tenants']],
    [async (options) => (await Store.open(location, linksKeyring, options)).close(), ['create', 'audience', 'skew', 'maxStaleness', 'follow', 'events']],
    [(options) => files.sealFile('/dev/null', join(path, `${Math.random()}`), { ...of, ...options }), ['embedded', 'replace', 'threads', 'progress', 'signal', 'more']],
    [(options) => indexes.blindIndex({ ...index, ...options }), ['name', 'normaliser', 'version']],
    [(options) => indexBits({ rows: 100_000, distinct: 90_000, ...options }), ['otherBits', 'evenIfFew']],
    [(options) => new Portal('https://a.example', options), ['path', 'page']],
    [({ deployment }) => Keyring.generate(deployment), ['deployment']],
    [({ permissions }) => Deployment.generate(permissions), ['permissions']],
    [(options) => Keyring.create(join(path, `${Math.random()}`), options), ['permissions', 'passphrase', 'events']],
  ]
  for (const [call, names] of calls) {
    for (const name of names) {
      await assert.rejects(async () => call({ [name]: null }), (error) => error instanceof TypeError && error.message.startsWith(`${name}:`), name)
      await call({ [name]: undefined })
    }
  }
  // Where it says something it is one.
  const { label, usesMax, resources } = await links.edit('t', id, { label: null, usesMax: null, resources: null })
  assert.deepEqual([label, usesMax, resources], [null, null, null])
  assert.ok(links.peek((await links.show('t', id)).token, null).nonce)
  verifier.verifyLink(link()).require('files:read', null)
})

test('an option that there is not is refused: it may be a restriction that was misspelt', () => {
  assert.throws(() => new UntrustedLink(link()).narrow({ permission: ['files:read'] }), { name: 'TypeError', message: /"permission"/ })
  assert.throws(() => issuer.issueLink('t', 'c', ['files:read'], { ttl: 1 }), { name: 'TypeError', message: /"ttl"/ })
  const { token } = issuer.issueLink('t', 'c', ['files:read', 'messages:send'], { lifetime: 1 })
  const vocabulary = keyring.deployment.permissions
  assert.ok(!verifier.verifyLink(new UntrustedLink(token).narrow({ permissions: ['files:read'], vocabulary })).allows('messages:send'))
})

test('objects are made by us alone, and not confused', () => {
  for (const type of [Deployment, Keyring, Verifier, Store, Access]) assert.throws(() => new type(), TypeError)
  assert.throws(() => new Issuer(Object.create(Keyring.prototype)), TypeError)
  assert.throws(() => new Issuer(keyring.deployment), TypeError)
  assert.throws(() => Object.create(Access.prototype).require('files:read'), TypeError)
  assert.throws(() => Verifier.prototype.verifyLink.call({}, link()), TypeError)
  const access = Verifier.prototype.verifyLink.call(verifier, link())
  Access.prototype.require.call(access, 'files:read')
  assert.ok(access instanceof Access && new Issuer(keyring).issueSession(access).token)
})

test('nothing in the environment changes which native part is loaded', () => {
  const env = { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: '/nowhere.node', NAPI_RS_FORCE_WASI: '1' }
  const out = execFileSync(process.execPath, ['-p', 'require("portward").Deployment.generate().id.length'], { env, cwd: new URL('..', import.meta.url) })
  assert.equal(out.toString().trim(), '32')
})

test('there is one of each class, however the package is loaded', async () => {
  const commonjs = createRequire(import.meta.url)('portward')
  assert.equal(commonjs.PortwardError, PortwardError)
  assert.throws(() => verifier.verifyLink('x'), commonjs.Refused)
})

test('what is printed shows no token', async () => {
  const { store: links } = await store()
  const portal = new Portal('https://portal.example')
  const made = issuer.issueLink('t', 'c', ['files:read'])
  const access = verifier.verifyLink(made.token)
  const session = issuer.issueSession(access)
  const exchange = portal.read({ method: 'POST', path: '/portal/renew', headers: ['Authorization', `Bearer ${session.token}`] })
  const came = portal.session({ method: 'GET', path: '/', headers: ['Authorization', `Bearer ${session.token}`] })
  const answer = exchange.granted({ token: session.token, expiresAt: session.expiresAt })
  const shown = [made, access, keyring, session, exchange, came, answer, await links.issue('t', 'c', ['files:read']), new UntrustedLink(made.token)]
  const printed = (value) => inspect(value, { depth: 9, showHidden: true }) + JSON.stringify(value)
  assert.doesNotMatch(printed(shown), /pw[lsk]\d?_/)
  // They are there, for who asks, and would be seen.
  const held = { made: made.token, session: session.token, exchange: exchange.token, came: came.token, body: answer.body, key: keyring.exportInClear().toString() }
  for (const [name, value] of Object.entries(held)) assert.match(printed(value), /pw[lsk]\d?_/, name)
  assert.deepEqual([came.inCookie, answer.status, answer.headers.length > 3], [false, 200, true])
  const kept = await links.issue('t', 'c', ['files:read'])
  await links.revokeLink('t', kept.id)
  const refused = [
    () => Verifier.withoutRevocation(keyring, { [made.token]: 1 }),
    () => verifier.verifyLink(made.token, { [`Bearer ${session.token}`]: 1 }),
    () => verifier.verifyLink(`${made.token}x`),
    () => verifier.verifyLink(made.token, { at: 0 }),
    () => verifier.verifySession(made.token),
    () => Verifier.withoutRevocation(Keyring.generate()).verifyLink(made.token),
    () => new UntrustedLink(`x${made.token}`),
    () => new UntrustedLink(made.token).narrow({ audience: made.token }),
    () => links.verifyLink(kept.token),
    () => links.redeem(kept.token, kept.token, kept.token),
    () => links.renew(`${session.token}x`),
    () => links.show('t', session.token),
    () => Keyring.fromJson(keyring.exportInClear(), Deployment.generate()),
    () => Keyring.fromJson(Buffer.from(`{"roots":"${session.token}"}`), keyring.deployment),
  ]
  const long = 'audiences'.repeat(10)
  assert.throws(() => verifier.verifyLink(made.token, { [long]: 1 }), { name: 'TypeError', message: `options: there is no option "${long.slice(0, 40)}"` })
  for (const call of refused) {
    await assert.rejects(async () => call(), (error) => (error instanceof PortwardError || error.message.includes('there is no option')) && !/pw[lsk]\d?_/.test(printed(error)), `${call}`)
  }
})

test('what is printed of a database that lets nobody in shows no password', async () => {
  // A server that speaks as much of PostgreSQL as it takes to refuse a password.
  const message = (type, body) => Buffer.concat([Buffer.from(type), Buffer.of(0, 0, 0, body.length + 4), body])
  let asked = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      if (bytes.length === 8) return socket.write('N') // no TLS here
      if (bytes[0] !== 0x70) return socket.write(message('R', Buffer.of(0, 0, 0, 3)))
      asked += bytes.includes('s3cret-word') ? 1 : 0
      socket.end(message('E', Buffer.from('SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "ada"\0\0')))
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  const errors = []
  for (const location of [`postgres://ada:s3cret-word@127.0.0.1:${port}/links?sslmode=disable`, 'postgres://ada:s3cret-word@[x/links', 'mysql://ada:s3cret-word@x/links']) {
    await assert.rejects(Store.open(location, keyring), (error) => Boolean(errors.push(error)))
    await assert.rejects(KeyStore.open(location, keyring, { feed: null }), (error) => Boolean(errors.push(error)))
  }
  server.close()
  assert.ok(asked >= 2, `${asked}`)
  for (const error of errors) {
    assert.ok(error instanceof PortwardError && error.code !== 'internal', inspect(error))
    assert.doesNotMatch(inspect(error, { depth: 9 }) + JSON.stringify(error), /s3cret-word/)
  }
})
