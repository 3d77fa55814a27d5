// Every request of testkit/vectors/http.json, to Express, to Fastify, and to handlers of Request and Response.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { Portal } from 'portward'
import { portward as forExpress } from 'portward/express'
import { frameworkErrors, portward as forFastify } from 'portward/fastify'
import { portward as forWeb } from 'portward/web'
import { compare, compareSession } from './support/answers.mjs'
import { standIn } from './support/peeking.mjs'
import { bodyOf, server } from './support/raw.mjs'
import { fixtures, load } from './support/vectors.mjs'

const vectors = load('http')
const made = fixtures(vectors)

const options = (vector) => ({ portal: new Portal(vector.origin, { path: vector.path }), ...standIn(made, vector) })
const judge = (vector) => (vector.op === 'http_session' ? compareSession : compare)

const EXPRESS = {
  http(vector) {
    const portal = forExpress(options(vector))
    return express().use(portal.routes).use((_, response) => response.sendStatus(418))
  },
  http_session(vector) {
    const portal = forExpress(options(vector))
    return express().use(portal.session, (request, response) => response.json({ token_id: portal.access(request).tokenId }))
  },
}

test('Express answers every vector', async () => {
  const { state, send, close } = await server()
  after(close)
  for (const vector of vectors.cases) {
    state.handler = EXPRESS[vector.op](vector)
    judge(vector)(await send(vector.request), vector)
  }
})

const FASTIFY = {
  async http(vector) {
    const app = fastify({ frameworkErrors: frameworkErrors(options(vector)) })
    await app.register(forFastify, options(vector))
    app.setNotFoundHandler((_, reply) => reply.code(418).send())
    return app
  },
  async http_session(vector) {
    const app = fastify()
    await app.register(forFastify, options(vector))
    const read = async (request) => ({ token_id: request.access.tokenId })
    app.all('*', { onRequest: app.session() }, read)
    return app
  },
}

test('Fastify answers every vector', async () => {
  const { state, send, close } = await server()
  after(close)
  for (const vector of vectors.cases) {
    const app = await FASTIFY[vector.op](vector)
    await app.ready()
    state.handler = app.routing
    judge(vector)(await send(vector.request), vector)
  }
})

/** As a server of the web would make it. */
function webRequest({ method, target, headers, body }) {
  const address = new URL(`http://portal.example${target}`)
  assert.equal(address.pathname, target.replace(/[?#].*$/s, ''), 'a URL writes it as it was sent')
  const lines = headers.map(([name, value]) => [name, Buffer.from(value).toString('latin1')])
  // Whoever gets sends no body that matters.
  const bytes = ['GET', 'HEAD'].includes(method) ? undefined : bodyOf({ body })
  return new Request(address, { method, headers: lines, body: bytes?.length ? bytes : undefined })
}

const got = async (response) => ({ status: response.status, headers: [...response.headers], body: await response.text() })

for (const [name, of] of Object.entries({
  'Request and Response': (portal) => async (request) => (await portal.answer(request)) ?? new Response(null, { status: 418 }),
  Hono: (portal) => (request) => new Hono().use(portal.hono).all('*', (context) => context.body(null, 418)).fetch(request),
})) {
  test(`${name} answer every vector`, async () => {
    for (const vector of vectors.cases) {
      const request = webRequest(vector.request)
      const portal = forWeb(options(vector))
      if (vector.op === 'http') {
        compare(await got(await of(portal)(request)), vector)
      } else {
        const access = portal.access(request)
        const response = access instanceof Response ? access : Response.json({ token_id: access.tokenId })
        compareSession(await got(response), vector)
      }
    }
  })
}
