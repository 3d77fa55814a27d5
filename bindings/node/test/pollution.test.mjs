// What somebody has written into `Object.prototype`, as careless merging of JSON does, changes no answer and is no option.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Issuer, Portal, Store, UntrustedLink, Verifier } from 'portward'
import { scope, store, until } from './support/fixtures.mjs'
import { server } from './support/raw.mjs'
import { SERVERS } from './support/servers.mjs'

const portal = new Portal('https://portal.example')

/** Calls this while every object that has none of its own inherits this. */
async function polluted(name, value, call) {
  // Not enumerable: what others loop over, as Hono over headers, is theirs.
  Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true, enumerable: false })
  try {
    assert.equal({}[name], value, 'the control')
    return await call()
  } finally {
    delete Object.prototype[name]
  }
}

for (const [name, serve] of Object.entries(SERVERS)) {
  test(`${name}: nobody is let in, or kept out, by what every object inherits`, async () => {
    const { store: links, keyring } = await store()
    const { state, send, close } = await server()
    after(close)
    const { token } = await links.issue('studio-7', '42', ['files:read'])
    const session = new Issuer(keyring).issueSession(links.verifyLink(token)).token
    const told = []
    state.handler = await serve({ portal, store: links, log: ({ code }) => told.push(code) })
    const ask = async (target, token) => {
      const { status } = await send({ method: 'GET', target, headers: token ? [['Authorization', `Bearer ${token}`]] : [], body: '' })
      return status
    }
    const all = async () => [await ask('/files/7', session), await ask('/files/7'), await ask('/files/7', 'pws_x'), await ask(`/portal/${token}`)]
    const answer = { status: 200, headers: [], body: 'yours', reason: null, tokenId: null }
    for (const inherited of ['token', 'session', 'question', 'answer', 'exchange', 'inCookie', 'reason', 'tokenId', 'nonce', 'cookie', 'resource', 'permission', 'body']) {
      for (const value of [session, answer]) {
        told.length = 0
        assert.deepEqual(await polluted(inherited, value, all), [200, 403, 400, 303], inherited)
        assert.deepEqual(told, ['session_missing', 'bad_base64'], inherited)
      }
    }
  })
}

test('an option is what the caller said', async () => {
  const { scope: files, keys } = await scope()
  const { store: links, keyring, location } = await store()
  const [of, issuer, verifier] = [{ name: 'a.b', id: '1' }, new Issuer(keyring), Verifier.withoutRevocation(keyring)]
  const sealed = (object) => object.length
  const plain = Buffer.from('a')
  assert.equal(sealed(await files.seal(plain, of)), 93)
  assert.equal(sealed(await files.seal(plain, { ...of, embedded: true })), 192, 'the control')
  const ways = {
    seal: async () => sealed(await files.seal(plain, of)),
    sealSync: () => sealed(files.sealSync(plain, of)),
    sealStream: async () => Buffer.concat(await files.sealStream(of).end(plain).toArray()).length,
  }
  for (const [way, seal] of Object.entries(ways)) assert.equal(await polluted('embedded', true, seal), 93, way)
  // What it is bound to is not more either: it opens by what was told.
  const object = await polluted('more', { 'x-a': 'b' }, () => files.seal(plain, of))
  assert.equal((await files.open(object, of)).toString(), 'a')

  const link = () => issuer.issueLink('t', 'c', ['files:read'])
  const life = ({ expiresAt }) => expiresAt - Date.now()
  const [usual, short] = [life(link()), life(issuer.issueLink('t', 'c', ['files:read'], { lifetime: 60 }))]
  assert.ok(short < 61_000 && usual > 3_600_000)
  for (const call of [link, () => issuer.issueLink('t', 'c', ['files:read'], {})]) {
    assert.ok(Math.abs(life(await polluted('lifetime', 60, call)) - usual) < 10_000)
  }
  const { token } = issuer.issueLink('t', 'c', ['files:read'], { lifetime: 60 })
  const late = Math.floor(Date.now() / 1000) + 3600
  assert.throws(() => verifier.verifyLink(token, { at: late }), { code: 'expired' })
  assert.equal((await polluted('at', late, () => verifier.verifyLink(token, {}))).client, 'c')
  const narrowed = await polluted('audience', 'elsewhere', () => new UntrustedLink(token).narrow({ recipient: 'x' }))
  assert.equal(verifier.verifyLink(narrowed).audience, null)

  // A store that believed what it knows for ever would go on letting in who was revoked elsewhere.
  const other = await polluted('follow', 0, () => polluted('maxStaleness', 1e9, () => Store.open(location, keyring)))
  after(() => other.close())
  const issued = await links.issue('t', 'c', ['files:read'])
  await other.refresh()
  assert.equal(other.verifyLink(issued.token).client, 'c')
  await links.revokeLink('t', issued.id)
  const isRefused = () => {
    try {
      return !other.verifyLink(issued.token)
    } catch ({ code }) {
      return code === 'link_revoked'
    }
  }
  await until(isRefused)
  assert.ok(isRefused())
  await keys.rewrap()
})

test('what is hidden is made whatever objects inherit', async () => {
  const { store: links, keyring } = await store()
  const issuer = new Issuer(keyring)
  const hidden = async () => {
    const [link, session] = [await links.issue('t', 'c', ['files:read']), issuer.issueLink('t', 'c', ['files:read'])]
    return [links.verifyLink(link.token).client, typeof session.token, JSON.parse(JSON.stringify(link)).id === link.id, portal.session({ method: 'GET', path: '/', headers: [] }).status]
  }
  assert.deepEqual(await hidden(), ['c', 'string', true, 403], 'the control')
  for (const [name, value] of [['value', 'x'], ['get', 7], ['set', 7], ['writable', true]]) assert.deepEqual(await polluted(name, value, hidden), ['c', 'string', true, 403], name)
})

test('rows of the native part inherit nothing', async () => {
  const { store: links } = await store()
  const made = await links.issue('t', 'c', ['files:read'], { label: 'own' })
  const wrong = { token: made.token, label: 'inherited', resources: ['9'], usesMax: 9, lastUsedAt: 9, next: 'x', detail: 'x', audience: 'x' }
  for (const [name, value] of Object.entries(wrong)) {
    await polluted(name, value, async () => {
      const { links: all, next } = await links.list('t')
      const { token, label, resources, usesMax, lastUsedAt } = await links.link('t', made.id)
      assert.deepEqual([all.length, next, token, label, resources, usesMax, lastUsedAt], [1, null, null, 'own', null, null, null], name)
      assert.deepEqual((await links.history('t', made.id)).map(({ detail }) => detail), [null], name)
      const { audience, resources: only } = new UntrustedLink(made.token)
      assert.deepEqual([audience, only], [null, null], name)
    })
  }
})
