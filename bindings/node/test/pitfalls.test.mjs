// Each pitfall of napi that is known, and that it is closed.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Access, Deployment, Issuer, Keyring, Portal, PortwardError, Store, UntrustedLink, Verifier, indexBits } from 'portward'
import { raw } from '../dist/native.js'
import { code, scope, store } from './support/fixtures.mjs'

const keyring = Keyring.generate()
const issuer = new Issuer(keyring)
const verifier = Verifier.withoutRevocation(keyring)
const link = () => issuer.issueLink('studio-7', '42', ['files:read']).token

test('options are plain objects: the restrictions of others would not be seen', () => {
  const issuer = new Issuer(Keyring.generate())
  class Options {
    lifetime = 60
  }
  for (const wrong of [new Map([['lifetime', 60]]), Promise.resolve({ lifetime: 60 }), new Options(), ['lifetime'], new Date()]) {
    assert.throws(() => issuer.issueLink('t', 'c', ['files:read'], wrong), TypeError)
  }
  for (const right of [{ lifetime: 60 }, Object.assign(Object.create(null), { lifetime: 60 }), {}]) issuer.issueLink('t', 'c', ['files:read'], right)
})

test('a panic is an error, and ends no process', () => {
  const script = `
    const { readdirSync } = require('node:fs')
    const { wrapped } = require('./dist/native.js')
    const { PortwardError } = require('portward')
    const name = readdirSync('test/provoke').find((name) => name.endsWith('.node'))
    const native = wrapped(require('./test/provoke/' + name))
    const tell = (error) => console.log(error instanceof PortwardError, error.code, error.public)
    try { native.provoke() } catch (error) { tell(error) }
    native.provokeLater().catch(tell).then(() => console.log('lives'))`
  const out = execFileSync(process.execPath, ['-e', script], { cwd: new URL('..', import.meta.url), stdio: ['ignore', 'pipe', 'ignore'] })
  assert.equal(out.toString(), 'true internal unavailable\ntrue internal unavailable\nlives\n')
})

test('every exported function catches panics, and every task does', () => {
  const native = new URL('../native/', import.meta.url)
  const marks = (text) => text.match(/#\[napi[^\]]*\]/g) ?? []
  const isWrong = (mark) => mark !== '#[napi(catch_unwind)]' && !mark.startsWith('#[napi(object')
  assert.deepEqual(marks('#[napi] #[napi(catch_unwind)] #[napi(js_name = "x")] #[napi(object)]').filter(isWrong), ['#[napi]', '#[napi(js_name = "x")]'])
  let exported = 0
  for (const file of readdirSync(native)) {
    const text = readFileSync(new URL(file, native), 'utf8')
    assert.deepEqual(marks(text).filter(isWrong), [], file)
    exported += marks(text).filter((mark) => mark === '#[napi(catch_unwind)]').length
    // Of all tasks, one place catches what they panic with.
    assert.equal(/impl.* Task for/.test(text), file === 'work.rs', file)
    assert.doesNotMatch(text, /\bunsafe\b/, file)
  }
  // What is there is what was looked at.
  assert.equal(exported, Object.keys(raw).length + 2, 'and the two that provoke')
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
    store: () => new Portal('https://a.example').read({ method: 'GET', path: '/portal', headers: [] }).run?.({}) ?? opened.verifyLink.call({}, link()),
    threads: () => keys.sealFile('a', 'b', { name: 'a', id: '1', threads: '2' }),
    signal: () => keys.sealFile('a', 'b', { name: 'a', id: '1', signal: {} }),
    progress: () => keys.sealFile('a', 'b', { name: 'a', id: '1', progress: 1 }),
    json: () => Deployment.fromJson('{}'),
    usesMax: () => opened.issue('t', 'c', ['files:read'], { usesMax: '1' }),
    limit: () => opened.list('t', { limit: 'many' }),
    after: () => opened.list('t', { after: 1 }),
  }
  for (const [name, call] of Object.entries(cases)) {
    await assert.rejects(async () => call(), (error) => error instanceof TypeError && (name === 'store' || error.message.startsWith(`${name}:`)), name)
  }
})

test('an option that there is not is refused: it may be a restriction that was misspelt', () => {
  assert.throws(() => new UntrustedLink(link()).narrow({ permission: ['files:read'] }), { name: 'TypeError', message: /"permission"/ })
  assert.throws(() => issuer.issueLink('t', 'c', ['files:read'], { ttl: 1 }), { name: 'TypeError' })
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
  const printed = (value) => inspect(value, { depth: 9 }) + JSON.stringify(value)
  assert.doesNotMatch(printed(shown), /pw[lsk]\d?_/)
  // They are there, for who asks, and would be seen.
  const held = { made: made.token, session: session.token, exchange: exchange.token, came: came.token, body: answer.body, key: keyring.exportInClear().toString() }
  for (const [name, value] of Object.entries(held)) assert.match(printed(value), /pw[lsk]\d?_/, name)
  assert.deepEqual([came.inCookie, answer.status, answer.headers.length > 3], [false, 200, true])
})
