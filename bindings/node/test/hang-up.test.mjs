// Who is refused and hangs up, while the application is at work on the refusal: its handlers must not run then either.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import fastify from 'fastify'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { Issuer, Portal } from 'portward'
import { portward as forExpress } from 'portward/express'
import { portward as forFastify } from 'portward/fastify'
import { portward as forWeb } from 'portward/web'
import { store } from './support/fixtures.mjs'
import { server } from './support/raw.mjs'

const portal = new Portal('https://portal.example')
/** How long the application takes for a refusal, and when in it somebody hangs up. */
const [WORK, PATIENCE] = [20, 5]

/** Asks for each of these, and hangs up. */
async function hangUp(port, lines, session = 'none') {
  for (let round = 0; round < 5; round++) {
    for (const line of lines) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      const request = `${line} HTTP/1.1\r\nHost: portal.example\r\nAuthorization: Bearer ${session}\r\nContent-Length: 0\r\n\r\n`
      await new Promise((sent) => socket.write(request, sent))
      await sleep(PATIENCE)
      socket.destroy()
    }
  }
  await sleep(2 * WORK)
}

async function fixture() {
  const { store: links, keyring } = await store()
  const session = async (permission) => new Issuer(keyring).issueSession(links.verifyLink((await links.issue('studio-7', '42', [permission])).token)).token
  return { options: { portal, store: links }, good: await session('files:read'), weak: await session('messages:read') }
}

/** Its handlers count how often each was run. */
async function application(http2, options) {
  const app = fastify({ http2 })
  const ran = {}
  const count = (name) => async () => {
    ran[name] = (ran[name] ?? 0) + 1
    return 'done'
  }
  await app.register(forFastify, options)
  app.addHook('onSend', async (_, __, payload) => sleep(WORK, payload))
  const guard = app.requires('files:read', ({ params }) => params.id)
  app.delete('/files/:id', { onRequest: guard }, count('onRequest'))
  app.put('/files/:id', { preHandler: guard }, count('preHandler'))
  app.register(async (inner) => {
    inner.addHook('onRequest', app.session())
    inner.delete('/inner', count('inner'))
  })
  app.get('/*', count('any'))
  await app.listen({ host: '127.0.0.1', port: 0 })
  after(() => app.close())
  return { app, ran, port: app.server.address().port }
}

test('Fastify: no handler is run for who is refused and hangs up', async () => {
  const { options, good, weak } = await fixture()
  const { app, ran, port } = await application(false, options)
  // The portal's own answers, too: a route of the application would take them.
  await hangUp(port, ['DELETE /files/7', 'PUT /files/7', 'DELETE /inner', 'GET /portal/pwl_x', 'GET /portal'])
  await hangUp(port, ['DELETE /files/7', 'PUT /files/7'], weak)
  assert.deepEqual(ran, {})
  const headers = { authorization: `Bearer ${good}` }
  for (const [method, url] of [['DELETE', '/files/7'], ['PUT', '/files/7'], ['DELETE', '/inner'], ['GET', '/elsewhere']]) {
    assert.equal((await app.inject({ method, url })).statusCode, url === '/elsewhere' ? 200 : 403)
    assert.equal((await app.inject({ method, url, headers })).statusCode, 200)
  }
  assert.deepEqual(ran, { onRequest: 1, preHandler: 1, inner: 1, any: 2 })
  await hangUp(port, ['DELETE /inner'], good)
  assert.ok(ran.inner > 1, 'who hangs up was heard')
})

test('Fastify over HTTP/2: likewise', async () => {
  const { options, good } = await fixture()
  const { app, ran, port } = await application(true, options)
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  after(() => client.close())
  const hangUp = async (headers) => {
    const heard = once(app.server, 'stream')
    const stream = client.request({ ':method': 'DELETE', ':path': '/files/7', ...headers }, { endStream: true })
    stream.on('error', () => {})
    await heard
    await sleep(PATIENCE)
    stream.close(8)
    await sleep(2 * WORK)
  }
  for (let round = 0; round < 5; round++) await hangUp({})
  assert.deepEqual(ran, {})
  await hangUp({ authorization: `Bearer ${good}` })
  assert.equal(ran.onRequest, 1, 'who hangs up was heard')
})

const OTHERS = {
  Express({ guard, count }, options) {
    const gate = forExpress(options)
    return express().use((_, response, next) => slowly(response, next)).use(gate.routes).delete('/files/:id', guard(gate), (_, response) => response.end(count()))
  },
  Hono({ count }, options) {
    const gate = forWeb(options)
    const slow = async (_, next) => {
      await next()
      await sleep(WORK)
    }
    const files = gate.requires('files:read', async () => new Response(count()), () => '7')
    return getRequestListener(new Hono().use(slow).use(gate.hono).delete('/files/:id', (context) => files(context.req.raw)).fetch)
  },
}

/** Sends its head late. */
function slowly(response, next) {
  const end = response.end
  response.end = (...values) => setTimeout(() => end.apply(response, values), WORK)
  next()
}

for (const [name, serve] of Object.entries(OTHERS)) {
  test(`${name}: no handler is run for who is refused and hangs up`, async () => {
    const { options, good } = await fixture()
    const { state, port, send, close } = await server()
    after(close)
    let ran = 0
    state.handler = serve({ guard: (gate) => gate.requires('files:read', ({ params }) => params.id), count: () => `${++ran}` }, options)
    await hangUp(port, ['DELETE /files/7', 'GET /portal/pwl_x'])
    assert.equal(ran, 0)
    const request = { method: 'DELETE', target: '/files/7', headers: [], body: '' }
    assert.equal((await send(request)).status, 403)
    assert.equal((await send({ ...request, headers: [['Authorization', `Bearer ${good}`]] })).status, 200)
    assert.equal(ran, 1)
  })
}
