// HTTP/2: names that begin with a colon, and cookies that a browser parts into lines of their own.

import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { after, test } from 'node:test'
import fastify from 'fastify'
import { Issuer, Portal } from 'portward'
import { portward } from 'portward/fastify'
import { store } from './support/fixtures.mjs'

const portal = new Portal('https://portal.example')

async function application(links) {
  const app = fastify({ http2: true })
  await app.register(portward, { portal, store: links })
  app.setErrorHandler(app.refusals)
  app.get('/files/:id', { onRequest: app.requires('files:read', ({ params }) => params.id) }, async ({ access }) => ({ tenant: access.tenant }))
  app.post('/files/:id', { onRequest: app.session() }, async () => 'changed')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = connect(`http://127.0.0.1:${app.server.address().port}`)
  after(() => {
    client.close()
    return app.close()
  })
  return (headers, body = '') => new Promise((resolve, reject) => {
    const stream = client.request({ ':scheme': 'https', ':authority': 'portal.example', ...headers }, { endStream: body === '' })
    const chunks = []
    let answer
    stream.on('response', (lines) => (answer = lines))
    stream.on('data', (chunk) => chunks.push(chunk))
    stream.on('end', () => resolve({ status: answer[':status'], headers: answer, body: Buffer.concat(chunks).toString() }))
    stream.on('error', reject)
    if (body !== '') stream.end(body)
  })
}

test('a guard behind HTTP/2 lets in whom it should, and nobody else', async () => {
  const { store: links, keyring } = await store()
  const ask = await application(links)
  const sessionOf = async (permissions) => new Issuer(keyring).issueSession(links.verifyLink((await links.issue('studio-7', '42', permissions)).token)).token
  const cookie = ['a=b', `__Host-portward-session=${await sessionOf(['files:read'])}`, 'c=d']
  const get = { ':path': '/files/7' }
  assert.deepEqual(await ask({ ...get, cookie }).then(({ status, body }) => [status, body]), [200, '{"tenant":"studio-7"}'])
  const kept = await ask({ ...get, cookie: cookie.join('; ') })
  assert.deepEqual([kept.status, kept.headers['cache-control'], kept.headers.vary], [200, 'private', 'Cookie, Authorization'])
  const less = `__Host-portward-session=${await sessionOf(['messages:read'])}`
  const post = { ':path': '/files/7', ':method': 'POST', cookie, 'content-type': 'text/plain' }
  for (const [headers, status] of [
    [get, 403],
    [{ ...get, cookie: less }, 403],
    // Twice is damaged, wherever the two stand.
    [{ ...get, cookie: [cookie[1], cookie[1]] }, 400],
    [{ ...get, cookie, authorization: `Bearer ${cookie[1].split('=')[1]}` }, 403],
    [{ ...post, origin: 'https://portal.example' }, 200],
    [{ ...post, origin: 'https://elsewhere.example' }, 403],
    [{ ...post, 'sec-fetch-site': 'cross-site' }, 403],
  ]) {
    assert.equal((await ask(headers, headers[':method'] && 'x')).status, status, JSON.stringify(headers))
  }
})

test('a link is redeemed over HTTP/2', async () => {
  const { store: links } = await store()
  const ask = await application(links)
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const named = (answer, name) => answer.headers['set-cookie'].map((line) => line.split(';')[0]).find((line) => line.startsWith(name))
  const taken = await ask({ ':path': `/portal/${token}` })
  assert.deepEqual([taken.status, taken.headers.location], [303, '/portal'])
  const link = named(taken, '__Host-portward-link=')
  const shown = await ask({ ':path': '/portal', cookie: [link] })
  const [, nonce] = shown.body.match(/name="nonce" value="([^"]+)"/)
  const peek = named(shown, '__Host-portward-peek=')
  const redeem = { ':path': '/portal/redeem', ':method': 'POST', 'content-type': 'application/x-www-form-urlencoded', origin: 'https://portal.example' }
  const refused = await ask({ ...redeem, cookie: [link] }, `nonce=${nonce}`)
  assert.equal(refused.status, 400)
  const redeemed = await ask({ ...redeem, cookie: [link, peek] }, `nonce=${nonce}`)
  assert.equal(redeemed.status, 303)
  const session = named(redeemed, '__Host-portward-session=')
  assert.equal((await ask({ ':path': '/files/7', cookie: [session] })).status, 200)
})
