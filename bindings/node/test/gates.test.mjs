// The guards of the ready parts, with a real store: who gets what, and what the operator hears.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { Follower, Issuer, Portal, UntrustedLink, Unavailable } from 'portward'
import { portward as forExpress } from 'portward/express'
import { portward as forFastify } from 'portward/fastify'
import { portward as forWeb } from 'portward/web'
import { onEach } from './support/databases.mjs'
import { store } from './support/fixtures.mjs'
import { server } from './support/raw.mjs'

const portal = new Portal('https://portal.example')

// A cache gives what one client was answered to nobody else.
test('what lies behind a guard is kept apart', async () => {
  const { store: links, keyring } = await store()
  const { state, send, close } = await server()
  after(close)
  const session = new Issuer(keyring).issueSession(links.verifyLink((await links.issue('studio-7', '42', ['files:read'])).token)).token
  const headers = [['Authorization', `Bearer ${session}`]]
  for (const [name, serve] of Object.entries(SERVERS)) {
    if (name === 'Hono') continue // there the handler itself says it
    state.handler = await serve({ portal, store: links })
    const answer = await send({ method: 'GET', target: '/files/7', headers, body: '' })
    const said = (header) => answer.headers.filter(([held]) => held.toLowerCase() === header).map(([, value]) => value)
    assert.deepEqual([answer.status, said('cache-control'), said('vary')], [200, ['private'], ['Cookie, Authorization']], name)
    const refused = await send({ method: 'GET', target: '/files/7', headers: [], body: '' })
    assert.equal(refused.status, 403)
  }
  const gate = forExpress({ portal, store: links })
  for (const [said, kept] of [['max-age=60', 'max-age=60, private'], ['public, max-age=60', 'public, max-age=60'], ['no-store', 'no-store']]) {
    state.handler = express().get('/files', gate.session, (_, response) => response.set({ 'Cache-Control': said, Vary: 'Accept' }).end('x'))
    const { headers: told } = await send({ method: 'GET', target: '/files', headers, body: '' })
    const of = (header) => told.find(([held]) => held === header)?.[1]
    assert.deepEqual([of('cache-control'), of('vary')], [kept, 'Accept, Cookie, Authorization'])
  }
})

/** Servers that tell the tenant of who may read the file in the path. */
const SERVERS = {
  async Express(options) {
    const gate = forExpress(options)
    const app = express().get('/files/:id', gate.requires('files:read', ({ params }) => params.id), (request, response) => {
      response.json({ tenant: gate.access(request).tenant })
    })
    return app
  },
  async Fastify(options) {
    const app = fastify()
    await app.register(forFastify, options)
    app.get('/files/:id', { onRequest: app.requires('files:read', ({ params }) => params.id) }, async ({ access }) => ({ tenant: access.tenant }))
    await app.ready()
    return app.routing
  },
  async Hono(options) {
    const gate = forWeb(options)
    const app = new Hono().use(gate.hono).get('/files/:id', (context) => {
      const access = gate.access(context.req.raw, 'files:read', context.req.param('id'))
      return access instanceof Response ? access : context.json({ tenant: access.tenant })
    })
    return webServer((request) => app.fetch(request))
  },
  async 'a route handler of Next.js'(options) {
    const GET = forWeb(options).requires('files:read', (_, access, { params }) => Response.json({ tenant: access.tenant, id: params.id }))
    // It asks for everything: a session that is restricted to resources does not pass.
    return webServer((request) => GET(request, { params: { id: new URL(request.url).pathname.slice(7) } }))
  },
}

/** What adapters of servers do. */
function webServer(handle) {
  return async (request, response) => {
    const headers = Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')])
    const answer = await handle(new Request(`http://portal.example${request.url}`, { method: request.method, headers }))
    response.writeHead(answer.status, [...answer.headers].flat()).end(await answer.text())
  }
}

for (const [name, serve] of Object.entries(SERVERS)) {
  onEach(`${name}: sessions, permissions and resources`, async (database) => {
    const { store: links, keyring } = await store(database)
    const { state, send, close } = await server()
    after(close)
    const refusals = []
    state.handler = await serve({ portal, store: links, log: ({ code, status }) => refusals.push(`${status} ${code}`) })

    const issuer = new Issuer(keyring)
    const sessionOf = (link) => issuer.issueSession(links.verifyLink(link)).token
    const [reads, sends] = [(await links.issue('studio-7', '42', ['files:read'])), (await links.issue('studio-7', '42', ['messages:send'])).token]
    const only = sessionOf(new UntrustedLink(reads.token).narrow({ resources: ['8'] }))
    const session = sessionOf(reads.token)
    const get = async (token, id = '7') => {
      const headers = token ? [['Authorization', `Bearer ${token}`]] : []
      const { status, body } = await send({ method: 'GET', target: `/files/${id}`, headers, body: '' })
      return [status, JSON.parse(body)]
    }

    const [status, { tenant }] = await get(session)
    assert.deepEqual([status, tenant], [200, 'studio-7'])
    assert.equal((await get(only, '8'))[0], name.startsWith('a route') ? 403 : 200)
    const refused = [403, { error: 'refused' }]
    assert.deepEqual(await get(only, '7'), refused)
    assert.deepEqual(await get(sessionOf(sends)), refused)
    assert.deepEqual(await get(undefined), refused)
    // What is no identifier is no resource that anybody was granted; the handler of Next.js asks for everything.
    if (!name.startsWith('a route')) assert.deepEqual(await get(session, 'a%20b'), refused)
    assert.deepEqual(await get('pws_x'), [400, { error: 'damaged' }])
    await links.revokeLink('studio-7', reads.id)
    assert.deepEqual(await get(session), refused)
    assert.ok(refusals.includes('403 link_revoked') && refusals.includes('403 permission_denied'), refusals.join())
  })
}

test('links that are asked elsewhere: what they throw is the answer, and mistakes of the application are not', async () => {
  const { store: links } = await store()
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const request = new Request('https://portal.example/portal', { headers: { cookie: `__Host-portward-link=${token}` } })
  const asking = (peek) => forWeb({ portal, sessions: links, links: { peek, redeem: peek, renew: peek } })
  assert.equal((await asking((link, cookie) => links.peek(link, cookie)).answer(request)).status, 200)
  const away = () => {
    throw new Unavailable('away', 'store_unavailable', 'unavailable')
  }
  assert.equal((await asking(away).answer(request)).status, 503)
  await assert.rejects(asking(() => assert.fail('a mistake')).answer(request), /a mistake/)
  assert.throws(() => forWeb({ portal }), { name: 'TypeError' })
  assert.throws(() => forWeb({ portal, store: links, logger: () => {} }), { name: 'TypeError' })
})

test('a permission that there is not is found when the guard is made', async () => {
  const { store: links, keyring } = await store()
  const app = fastify()
  await app.register(forFastify, { portal, store: links })
  const options = { portal, store: links }
  const edge = { portal, links, sessions: new Follower(keyring) }
  const without = { portal, links: { peek: null, redeem: null, renew: null }, sessions: new Follower(keyring) }
  for (const guard of [forExpress(options).requires, app.requires, forWeb(options).requires, forExpress(edge).requires]) {
    guard('files:read', () => '')
    for (const wrong of ['files:raed', 'files:*', '']) assert.throws(() => guard(wrong, () => ''), { name: 'InvalidValue', code: 'unknown_permission' })
  }
  assert.throws(() => forWeb(options).requires(7, () => ''), TypeError)
  forExpress(without).requires('files:raed') // nobody knows there
  // One that is none at all would let everybody in.
  const bare = fastify()
  await bare.register(forFastify, without)
  for (const guard of [forExpress(without).requires, bare.requires, forWeb(without).requires]) assert.throws(() => guard(undefined, () => ''), TypeError)
  // Nor does a resource say what for.
  const session = new Issuer(keyring).issueSession(links.verifyLink((await links.issue('studio-7', '42', ['files:read'])).token)).token
  const request = new Request('https://portal.example/files/7', { headers: { authorization: `Bearer ${session}` } })
  assert.throws(() => forWeb(options).access(request, undefined), { name: 'TypeError', message: /^permission: / })
  assert.throws(() => forWeb(options).access(request, undefined, '7'), { name: 'TypeError', message: /^permission: / })
  assert.equal(forWeb(options).access(request, 'files:read', '7').tenant, 'studio-7')
})

test('who parses bodies before the portal is told', async () => {
  const { store: links } = await store()
  const { state, send, close } = await server()
  after(close)
  const errors = []
  state.handler = express()
    .use(express.urlencoded())
    .use(forExpress({ portal, store: links }).routes)
    .use((error, request, response, next) => (errors.push(error.message), response.sendStatus(500), next))
  const headers = [['Content-Type', 'application/x-www-form-urlencoded'], ['Origin', 'https://portal.example']]
  assert.equal((await send({ method: 'POST', target: '/portal/redeem', headers, body: 'nonce=x' })).status, 500)
  assert.match(errors[0], /before body parsers/)
})

test('what is longer than a body of the portal is not read to its end', async () => {
  const { store: links } = await store()
  let pulled = 0
  const body = new ReadableStream({
    pull(controller) {
      pulled += 1
      controller.enqueue(new Uint8Array(1024))
    },
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://portal.example' }
  const post = (body) => new Request('https://portal.example/portal/redeem', { method: 'POST', headers, body, duplex: 'half' })
  const answer = await forWeb({ portal, store: links }).answer(post(body))
  assert.deepEqual([answer.status, pulled < 12], [413, true])
  // One that is not too long is read, and refused for what it says.
  assert.notEqual((await forWeb({ portal, store: links }).answer(post(`nonce=${'x'.repeat(4000)}`))).status, 413)
})

test('an answer after the application has given up ends no process, and what is twice in an address is no resource', async () => {
  const { store: links } = await store()
  const { state, send, close } = await server()
  after(close)
  const { token } = await links.issue('studio-7', '42', ['files:read'])
  const { cookie, nonce } = links.peek(token)
  const session = (await links.redeem(token, cookie, nonce)).token
  let renewed = 0
  const renew = async (session) => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const token = await links.renew(session)
    renewed += 1
    return token
  }
  const gate = forExpress({ portal, sessions: links, links: { peek: null, redeem: null, renew } })
  const app = express()
  app.use((request, response, next) => {
    if (request.query.late) setTimeout(() => response.status(503).end('late'), 10)
    next()
  })
  app.use(gate.routes)
  app.get('/file', gate.requires('files:read', ({ query }) => query.id), (_, response) => response.end('yours'))
  const errors = []
  app.use((error, request, response, next) => (errors.push(error), response.end(), next))
  state.handler = app
  const headers = [['Authorization', `Bearer ${session}`]]
  const renewing = async (query) => (await send({ method: 'POST', target: `/portal/renew${query}`, headers, body: '' })).status
  assert.equal(await renewing(''), 200)
  assert.equal(await renewing('?late=1'), 503)
  for (let turn = 0; turn < 500 && renewed < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 10))
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual([renewed, errors], [2, []])
  for (const [target, status] of [['/file?id=a', 200], ['/file?id=a&id=b', 403], ['/file?id=a%20b', 403], ['/file?id[x]=a', 403]]) {
    assert.equal((await send({ method: 'GET', target, headers, body: '' })).status, status, target)
  }
})
