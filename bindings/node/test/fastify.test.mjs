// A hook of the application says something of every answer: answers of ours stay what they are.

import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { after, test } from 'node:test'
import fastify from 'fastify'
import { Portal } from 'portward'
import { frameworkErrors, portward } from 'portward/fastify'
import { store } from './support/fixtures.mjs'

const portal = new Portal('https://portal.example')

async function application(http2 = false) {
  const { store: links } = await store()
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const { cookie, nonce } = links.peek(token)
  const session = await links.redeem(token, cookie, nonce)
  const options = { portal, store: links }
  const app = fastify({ http2, frameworkErrors: frameworkErrors(options) })
  await app.register(portward, options)
  app.setErrorHandler(app.refusals)
  app.addHook('onSend', async (request, reply, payload) => {
    reply.headers({ 'Cache-Control': 'max-age=60', 'Referrer-Policy': 'unsafe-url', 'Content-Security-Policy': "default-src 'none'", 'X-Own': 'yes', 'Set-Cookie': 'a=1' })
    if (request.query.fails) throw new Error('<b>')
    return payload
  })
  const guard = { onRequest: app.requires('files:read') }
  app.get('/files', guard, async () => 'yours')
  app.get('/denied', guard, async ({ access }) => access.require('messages:send'))
  app.get('/open', async () => 'open')
  return { app, link: token, headers: { authorization: `Bearer ${session.token}` } }
}

test('Fastify: refusals and answers of the portal', async () => {
  const { app, link, headers } = await application()
  const ask = async (url, headers) => {
    const answer = await app.inject({ url, headers })
    assert.equal(answer.headers['x-own'], 'yes', url)
    const cookies = answer.cookies.map(({ name }) => name)
    assert.ok(cookies.includes('a'), url)
    return [answer.statusCode, answer.headers['cache-control'], answer.headers['referrer-policy'], cookies.length]
  }
  assert.deepEqual(await ask('/open'), [200, 'max-age=60', 'unsafe-url', 1])
  assert.deepEqual(await ask('/files', headers), [200, 'max-age=60, private', 'unsafe-url', 1])
  assert.deepEqual(await ask('/files'), [403, 'no-store', 'no-referrer', 1])
  assert.deepEqual(await ask('/denied', headers), [403, 'no-store', 'no-referrer', 1])
  assert.deepEqual(await ask(`/portal/${link}`), [303, 'no-store', 'no-referrer', 2])
  const page = { cookie: `__Host-portward-link=${link}` }
  assert.deepEqual(await ask('/portal', page), [200, 'no-store', 'same-origin', 2])
  const { headers: of } = await app.inject({ url: '/portal', headers: page })
  assert.match(of['content-security-policy'], /sha256-/)
  // Where the hook fails the answer is another one, and of another kind.
  const failed = await app.inject({ url: '/portal?fails=1', headers: page })
  assert.deepEqual([failed.statusCode, failed.headers['cache-control'], failed.headers['content-type']], [500, 'no-store', 'application/json; charset=utf-8'])
})

test('Fastify over HTTP/2: likewise', async () => {
  const { app } = await application(true)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = connect(`http://127.0.0.1:${app.server.address().port}`)
  after(() => (client.destroy(), app.close()))
  const ask = (path) => new Promise((resolve, reject) => {
    const stream = client.request({ ':path': path }).on('error', reject)
    stream.on('response', (headers) => resolve([headers[':status'], headers['cache-control'], headers['x-own']])).resume()
  })
  assert.deepEqual([await ask('/open'), await ask('/files')], [[200, 'max-age=60', 'yes'], [403, 'no-store', 'yes']])
})
