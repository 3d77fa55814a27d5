// What the application's own functions throw that is no error: nobody passes by it, and no answer is made of it.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import express from 'express'
import fastify from 'fastify'
import { Portal } from 'portward'
import { portward as forExpress } from 'portward/express'
import { portward as forFastify } from 'portward/fastify'
import { portward as forWeb } from 'portward/web'
import { scope, store } from './support/fixtures.mjs'
import { server } from './support/raw.mjs'

const portal = new Portal('https://portal.example')
const nobody = () => assert.fail('nobody asks')
/** By the first four Express goes on as if nothing had happened. */
const THROWN = [undefined, null, 'route', 'router', '', 0, 'a text', Symbol('s'), Object.create(null), new Error('an error')]

async function fixture() {
  const { store: links } = await store()
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const { cookie, nonce } = links.peek(token)
  const session = await links.redeem(token, cookie, nonce)
  return { links, headers: [['Authorization', `Bearer ${session.token}`]] }
}

test('Express: whatever a function of the application throws, a guard lets nobody pass, and the portal keeps its routes', async () => {
  const { links, headers } = await fixture()
  const { state, send, close } = await server()
  after(close)
  const serve = (thrown, isThrown = true) => {
    const fails = (value) => (isThrown ? () => { throw thrown } : value)
    const asked = forExpress({ portal, store: links, sessions: { verifySession: fails((token) => links.verifySession(token)) } })
    const told = forExpress({ portal, store: links, log: fails(() => {}) })
    const elsewhere = forExpress({ portal, sessions: links, links: { peek: nobody, redeem: nobody, renew: fails((token) => links.renew(token)) } })
    const yours = (_, response) => response.end('yours')
    const errors = []
    const routes = express.Router()
    routes.get('/session', asked.session, yours)
    routes.get('/resource', asked.requires('files:read', fails(() => '7')), yours)
    routes.get('/log', told.requires('files:read'), yours)
    routes.get('/handler', () => links.verifySession('none')).use(told.errors).get('/handler', yours)
    const app = express().use(elsewhere.routes).use(routes).use(yours)
    state.handler = app.use((error, _, response, next) => (errors.push(error), response.status(500).end(), next))
    return errors
  }
  const ask = async (target, headers, method = 'GET') => (await send({ method, target, headers, body: '' })).status
  const all = async () => [await ask('/session', headers), await ask('/resource', headers), await ask('/log', []), await ask('/handler', headers), await ask('/portal/renew', headers, 'POST')]
  for (const thrown of THROWN) {
    const errors = serve(thrown)
    assert.deepEqual(await all(), [500, 500, 500, 500, 500], String(thrown?.message ?? typeof thrown))
    for (const error of errors) assert.ok(error instanceof Error && (error === thrown || error.cause === thrown))
  }
  serve(undefined, false)
  assert.deepEqual(await all(), [200, 200, 403, 400, 200])
})

test('Fastify: likewise, and what a handler throws is no answer', async () => {
  const { links, headers } = await fixture()
  const asked = { url: '/session', headers: Object.fromEntries(headers) }
  const serve = async (fails) => {
    const app = fastify()
    await app.register(forFastify, { portal, store: links, sessions: { verifySession: fails((token) => links.verifySession(token)) } })
    app.setErrorHandler(app.refusals)
    app.get('/session', { onRequest: app.session() }, async () => 'yours')
    app.get('/handler', async () => fails(() => 'yours')())
    return async (url) => (await app.inject({ ...asked, url })).statusCode
  }
  for (const thrown of THROWN) {
    const ask = await serve(() => () => { throw thrown })
    assert.deepEqual([await ask('/session'), await ask('/handler')], [500, 500], typeof thrown)
  }
  const ask = await serve((value) => value)
  assert.deepEqual([await ask('/session'), await ask('/handler')], [200, 200])
})

test('of the web, and of streams: it is an error', async () => {
  const { links, headers } = await fixture()
  const request = new Request('https://portal.example/files', { headers })
  const { scope: files } = await scope()
  for (const thrown of THROWN) {
    const fails = () => { throw thrown }
    const web = forWeb({ portal, store: links, sessions: { verifySession: fails } })
    assert.throws(() => web.access(request), (error) => error === thrown)
    await assert.rejects(web.requires('files:read', () => new Response('yours'))(request), (error) => error === thrown)
    const ofWeb = new Blob(['x']).stream().pipeThrough(files.sealWebStream({ name: 'a.b', id: '1', progress: fails }))
    await assert.rejects(new Response(ofWeb).arrayBuffer(), (error) => error === thrown)
    const stream = files.sealStream({ name: 'a.b', id: '1', progress: fails })
    stream.end(Buffer.from('x'))
    await assert.rejects(stream.toArray(), (error) => error instanceof Error && (error === thrown || error.cause === thrown))
  }
})
